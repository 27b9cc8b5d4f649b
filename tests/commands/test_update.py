"""download-manifest again: what a second manifest changes, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

from tests.lab import Lab
from tests.portal import (
    MTIME,
    A,
    B,
    annex_branch,
    content_of,
    datalad,
    described,
    entries,
    git,
    publish,
    simple,
    summary,
    tree,
    write_manifest,
)


def test_a_second_manifest_is_planned_against_the_dataset(tmp_path: Path) -> None:
    first = simple("same", "changed", "urls", "times", "gone/a", "gone/b")
    datalad("download-manifest", write_manifest("m.json", first), "ds")
    second = {key: value for key, value in first.items() if "gone" not in key} | simple("new")
    second["changed"] = described("other", f"{A}/changed")
    second["urls"] = described("urls", f"{A}/urls", f"{B}/urls", "https://c.example/urls")
    second["times"] = described("times", *first["times"]["urls"], mtime=MTIME)
    second["moved/b.txt"] = first["gone/b"]  # its key will have another extension
    manifest = write_manifest("m.json", second)
    dataset = tmp_path / "ds"
    before = git(dataset, "rev-parse", "HEAD")
    plan = datalad("download-manifest", "-n", "--report", "all", manifest, "ds")
    assert git(dataset, "rev-parse", "HEAD") == before
    records = datalad("download-manifest", "--report", "all", manifest, "ds")
    assert entries(plan) == entries(records)
    assert entries(records) == {
        "same": "unchanged",
        "changed": "changed",
        "urls": "urls",
        "times": "mtime",
        "new": "added",
        "moved/b.txt": "added",
    }
    (stat,) = [r["stat"] for r in plan if r["type"] == "dataset"]
    assert {kind["change"]: (kind["files"], kind["examples"]) for kind in stat} == {
        "added": (1, ["new"]),
        "changed": (1, ["changed"]),
        "renamed": (1, ["gone/b => moved/b.txt"]),
        "urls": (1, ["urls"]),
        "mtime": (1, ["times"]),
        "unchanged": (1, ["same"]),
        "gone": (1, ["gone/a"]),
    }
    assert [r["renamed_from"] for r in records if "renamed_from" in r] == ["gone/b"]
    (own,) = [r for r in records if r["type"] == "dataset"]
    assert own["gone"] == ["gone/a", "gone/b"]
    assert (dataset / "gone/a").is_symlink()
    assert "https://c.example/urls" in git(dataset, "annex", "whereis", "urls")
    records = datalad("download-manifest", "--delete", manifest, "ds")
    assert summary(records) == {"unchanged": 6, "deleted": 2, "gone": 2}
    assert not (dataset / "gone").exists()
    assert summary(datalad("download-manifest", manifest, "ds")) == {"unchanged": 6}


def test_a_changed_file_is_a_new_key_and_the_old_one_keeps_its_urls(tmp_path: Path) -> None:
    datalad("download-manifest", write_manifest("m.json", simple("f")), "ds")
    dataset = tmp_path / "ds"
    old = git(dataset, "annex", "lookupkey", "f")
    changed = {"f": described("other", "https://c.example/f")}
    datalad("download-manifest", write_manifest("m.json", changed), "ds")
    assert git(dataset, "annex", "lookupkey", "f") != old
    logs = annex_branch(dataset)
    (urls,) = [logs[n] for n in logs if n.endswith(f"{old}.log.web")]
    assert [line for line in urls if line] == [f"1 {A}/f", f"1 {B}/f"]


def test_only_what_an_import_wrote_is_ever_gone(tmp_path: Path) -> None:
    datalad("download-manifest", write_manifest("m.json", simple("a", "b")), "ds")
    dataset = tmp_path / "ds"
    (dataset / "mine").write_text("mine")
    git(dataset, "annex", "add", "mine")
    git(dataset, "mv", "b", "moved")
    git(dataset, "commit", "-q", "-m", "mine")
    manifest = write_manifest("m.json", simple("c"))
    records = datalad("download-manifest", "--delete", manifest, "ds")
    assert summary(records) == {"added": 1, "deleted": 1, "gone": 1}
    assert {p.name for p in dataset.iterdir() if p.name[0] != "."} == {"mine", "moved", "c"}


def test_an_import_into_another_folder_is_not_gone(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("a", "b"))
    datalad("download-manifest", "--prefix", "in", manifest, "ds")
    datalad("download-manifest", manifest, "ds")
    one = write_manifest("m.json", simple("a"))
    records = datalad("download-manifest", "--delete", one, "ds")
    assert summary(records) == {"unchanged": 1, "deleted": 1, "gone": 1}
    assert (tmp_path / "ds/in/b").is_symlink()
    records = datalad("download-manifest", "--delete", "--prefix", "in", one, "ds")
    assert summary(records) == {"unchanged": 1, "deleted": 1, "gone": 1}


def test_an_empty_manifest_deletes_nothing(tmp_path: Path) -> None:
    datalad("download-manifest", write_manifest("m.json", simple("a")), "ds")
    records = datalad("download-manifest", "--delete", write_manifest("m.json", {}), "ds")
    assert summary(records) == {"gone": 1}
    assert (tmp_path / "ds/a").is_symlink()


def test_refused_entries_do_not_count_as_gone(tmp_path: Path) -> None:
    datalad("download-manifest", write_manifest("m.json", simple("a", "b")), "ds")
    broken = {"a": described("a", f"{A}/a", size=-1)} | simple("c")
    records = datalad(
        "download-manifest", "--delete", write_manifest("m.json", broken), "ds", code=1
    )
    assert summary(records) == {"added": 1, "refused": 1, "deleted": 1, "gone": 1}
    assert (tmp_path / "ds/a").is_symlink()
    (tmp_path / "m.jsonl").write_text('{"path": "a", "urls": ["https://a.example/a"]}\noops\n')
    records = datalad("download-manifest", "--delete", "m.jsonl", "ds", code=1)
    assert "deleted" not in summary(records)


def test_entries_without_digest_keep_their_key(tmp_path: Path) -> None:
    datalad("download-manifest", write_manifest("m.json", {"f": [f"{A}/f"]}), "ds")
    assert git(tmp_path / "ds", "annex", "lookupkey", "f").startswith("VURL--")
    more = write_manifest("m.json", {"f": [f"{B}/f", f"{A}/f"]})
    assert summary(datalad("download-manifest", more, "ds")) == {"urls": 1}
    sized = write_manifest("m.json", {"f": {"urls": [f"{A}/f", f"{B}/f"], "size": 7}})
    assert summary(datalad("download-manifest", sized, "ds")) == {"changed": 1}
    moved = write_manifest("m.json", {"f": ["https://c.example/f"]})
    assert summary(datalad("download-manifest", moved, "ds")) == {"changed": 1}


def test_an_annexed_file_of_the_users_is_not_replaced(tmp_path: Path) -> None:
    datalad("create", "ds")
    dataset = tmp_path / "ds"
    (dataset / "a").write_text("precious")
    git(dataset, "annex", "add", "a")
    git(dataset, "commit", "-q", "-m", "mine")
    records = datalad("download-manifest", write_manifest("m.json", simple("a")), "ds", code=1)
    assert entries(records) == {"a": "conflict"}
    assert (dataset / "a").read_text() == "precious"


def test_an_amended_import_deletes_nothing_of_the_users(tmp_path: Path) -> None:
    datalad("download-manifest", write_manifest("m.json", simple("a", "b")), "ds")
    dataset = tmp_path / "ds"
    (dataset / "mine").write_text("mine")
    git(dataset, "annex", "add", "mine")
    git(dataset, "commit", "-q", "--amend", "--no-edit")
    manifest = write_manifest("m.json", simple("a"))
    records = datalad("download-manifest", "--delete", manifest, "ds")
    assert summary(records) == {"unchanged": 1, "deleted": 1, "gone": 1}
    assert (dataset / "mine").read_text() == "mine"


def test_a_folder_becomes_a_file_and_a_file_a_folder(tmp_path: Path) -> None:
    datalad("download-manifest", write_manifest("m.json", simple("d/x", "f")), "ds")
    manifest = write_manifest("m.json", simple("d", "f/y"))
    records = datalad("download-manifest", "--delete", manifest, "ds")
    assert summary(records) == {"added": 2, "deleted": 2, "gone": 2}
    assert git(tmp_path / "ds", "status", "--short") == ""
    assert (tmp_path / "ds/d").is_symlink()
    (tmp_path / "ds/f/y").unlink()
    (tmp_path / "ds/f/y").write_text("mine")
    manifest = write_manifest("m.json", simple("d", "f"))
    records = datalad("download-manifest", "--delete", manifest, "ds", code=1)
    assert set(entries(records).values()) == {"conflict"}
    assert (tmp_path / "ds/f/y").read_text() == "mine"


def test_a_dry_run_writes_nothing(tmp_path: Path, lab: Lab) -> None:
    url = lab.put("a", content_of("a"))
    datalad("download-manifest", write_manifest("m.json", {"a": described("a", url)}), "ds")
    dataset = tmp_path / "ds"
    git(dataset, "annex", "get", "a")
    git(dataset, "annex", "unlock", "a")
    git(dataset, "commit", "-q", "-m", "unlocked")
    (dataset / "a").write_text("modified")

    def state() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()}

    before = state()
    manifest = write_manifest("m.json", simple("b") | {"a": described("other", f"{A}/a")})
    records = datalad("download-manifest", "-n", manifest, "ds", code=1)
    assert entries(records) == {"a": "conflict", "b": "added"}
    assert state() == before


def test_a_file_that_is_here_becomes_executable_and_no_longer(tmp_path: Path, lab: Lab) -> None:
    url = publish(lab, ["run"])["run"]
    plain, executable = described("run", url), described("run", url, executable=True)
    dataset = tmp_path / "ds"
    datalad("download-manifest", "--get", write_manifest("m.json", {"run": plain}), "ds")
    first = tree(dataset)
    manifest = write_manifest("m.json", {"run": executable})
    assert summary(datalad("download-manifest", manifest, "ds"))["changed"] == 1
    assert (dataset / "run").read_bytes() == content_of("run")
    assert (dataset / "run").stat().st_mode & 0o111
    assert git(dataset, "status", "--short") == ""
    manifest = write_manifest("m.json", {"run": plain})
    assert summary(datalad("download-manifest", manifest, "ds"))["changed"] == 1
    assert tree(dataset) == first
    assert (dataset / "run").read_bytes() == content_of("run")
    assert git(dataset, "status", "--short") == ""


def test_what_is_gone_is_seen_on_an_adjusted_branch(tmp_path: Path) -> None:
    first = simple("a", "b/c", "z")
    first["a"]["executable"] = True
    datalad("download-manifest", write_manifest("m.json", first), "ds")
    dataset = tmp_path / "ds"
    git(dataset, "annex", "adjust", "--unlock")
    # an executable file makes place for folders, two of them
    manifest = write_manifest("m.json", simple("a/d/e", "z"))
    records = datalad("download-manifest", "--delete", manifest, "ds")
    assert summary(records) == {"added": 1, "unchanged": 1, "deleted": 2, "gone": 2}
    assert git(dataset, "ls-files").split()[-2:] == ["a/d/e", "z"]
    assert git(dataset, "status", "--short") == ""
