"""download-manifest: what gets into a dataset, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.lab import Lab, sha256
from tests.portal import (
    MTIME,
    all_objects,
    annex_branch,
    content_of,
    datalad,
    described,
    entries,
    git,
    publish,
    summary,
    tree,
    write_manifest,
)

A, B = "https://a.example", "https://b.example"


def simple(*paths: str) -> dict[str, Any]:
    return {path: described(path, f"{A}/{quote(path)}", f"{B}/{quote(path)}") for path in paths}


def test_a_manifest_becomes_a_dataset_with_every_url_registered(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("sub-01/anat.nii.gz", "README.txt"))
    records = datalad("download-manifest", manifest, "ds")
    assert summary(records) == {"added": 2}
    assert entries(records) == {"sub-01/anat.nii.gz": "added", "README.txt": "added"}
    dataset = tmp_path / "ds"
    digest = sha256(content_of("sub-01/anat.nii.gz"))
    target = (dataset / "sub-01/anat.nii.gz").readlink()
    assert target.name == f"SHA256E-s3000--{digest}.nii.gz"
    urls = json.loads(git(dataset, "annex", "whereis", "--json", "README.txt"))["whereis"]
    assert [sorted(place["urls"]) for place in urls] == [[f"{A}/README.txt", f"{B}/README.txt"]]
    assert git(dataset, "status", "--short") == ""
    assert git(dataset, "for-each-ref", "--format=%(refname)", "refs/heads").splitlines() == [
        "refs/heads/git-annex",
        "refs/heads/main",
    ]


def test_it_is_what_git_annex_itself_would_have_written(tmp_path: Path) -> None:
    paths = ["sub-01/anat.nii.gz", "é/ü.tar.gz", 'quo"te', "a b/c d", ".hidden", "x/y/z.json"]
    members: dict[str, Any] = simple(*paths)
    members["no/digest"] = [f"{B}/no,digest?x=1", f"{A}/no"]
    members["same/content"] = members["sub-01/anat.nii.gz"]
    datalad("download-manifest", write_manifest("m.json", members), "ours")
    datalad("create", "theirs")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    keys = {path: (ours / path).readlink().name for path in members}
    keys = {path: git(ours, "annex", "lookupkey", path) for path in keys}
    listing = "".join(f"{key} {path}\n" for path, key in keys.items())
    git(theirs, "annex", "fromkey", "--force", "--batch", input=listing)
    urls = "".join(
        f"{keys[path]} {url}\n"
        for path, value in members.items()
        for url in (value if isinstance(value, list) else value["urls"])
    )
    git(theirs, "annex", "registerurl", "--batch", input=urls)
    git(theirs, "commit", "-q", "-m", "import")
    housekeeping = ".gitattributes"
    mine = [line for line in tree(ours).splitlines() if housekeeping not in line]
    assert mine == [line for line in tree(theirs).splitlines() if housekeeping not in line]
    logs, oracle = annex_branch(ours), annex_branch(theirs)
    own = {"uuid.log", "remote.log", "preferred-content.log"}
    # only ours records that B comes first: in git-annex's own order it would be last
    state = {name for name in logs if name.endswith(".log.rmt")}
    assert len(state) == 1
    assert {n: v for n, v in logs.items() if n not in own | state} == {
        n: v for n, v in oracle.items() if n not in own
    }


def test_state_is_written_as_git_annex_writes_it(tmp_path: Path) -> None:
    members = {"f": described("f", f"{B}/f", f"{A}/f", mtime=MTIME)}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    (name,) = [n for n in annex_branch(dataset) if n.endswith(".log.rmt")]
    config = git(dataset, "config", "remote.jsdl.annex-config-uuid")
    stamp, uuid, state = git(dataset, "show", f"git-annex:{name}").split(" ", 2)
    assert float(stamp.rstrip("s")) > 1_700_000_000
    assert uuid == config
    assert json.loads(state)["mtime"] == MTIME
    assert len(json.loads(state)["order"]) == 2


def test_all_forms_of_a_manifest_say_the_same(tmp_path: Path, lab: Lab) -> None:
    members = simple("a/b.txt", "c.txt")
    lines = "".join(json.dumps({"path": path, **value}) + "\n" for path, value in members.items())
    (tmp_path / "m.jsonl").write_text(lines)
    manifest = write_manifest("m.json", members)
    lab.put("portal/m.json", manifest.read_bytes())
    datalad("download-manifest", manifest, "file")
    datalad("download-manifest", "m.jsonl", "lines")
    datalad("download-manifest", "-", "stdin", stdin=manifest.read_text())
    datalad("download-manifest", f"{lab.url}/portal/m.json", "url")
    trees = {tree(tmp_path / name).split(".gitattributes")[1] for name in ("file", "stdin", "url")}
    assert trees == {tree(tmp_path / "lines").split(".gitattributes")[1]}


def test_relative_urls_are_resolved(tmp_path: Path, lab: Lab) -> None:
    lab.put("portal/files/x", b"x")
    manifest = write_manifest("m.json", {"x": ["files/x"]})
    lab.put("portal/m.json", manifest.read_bytes())
    records = datalad("download-manifest", manifest, "ds", code=1)
    assert "--base-url" in records[0]["message"]
    datalad("download-manifest", "--base-url", f"{lab.url}/portal/", manifest, "ds")
    datalad("download-manifest", f"{lab.url}/portal/m.json", "other")
    for name in ("ds", "other"):
        git(tmp_path / name, "annex", "get", "x")
        assert (tmp_path / name / "x").read_bytes() == b"x"


def test_prefix_and_filters(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("s1/a.nii", "s1/a.json", "s2/a.nii", "raw/s1/a.nii"))
    options = ["--prefix", "in/put", "--include", "*.nii", "--exclude", "raw"]
    records = datalad("download-manifest", *options, manifest, "ds")
    assert entries(records) == {"in/put/s1/a.nii": "added", "in/put/s2/a.nii": "added"}
    assert summary(records) == {"added": 2, "skipped": 2}
    records = datalad("download-manifest", "--prefix", "../out", manifest, "ds", code=1)
    assert "--prefix" in records[0]["message"]


def test_a_second_manifest_is_planned_against_the_dataset(tmp_path: Path) -> None:
    first = simple("same", "changed", "urls", "times", "gone/a", "gone/b")
    datalad("download-manifest", write_manifest("m.json", first), "ds")
    second = {key: value for key, value in first.items() if "gone" not in key} | simple("new")
    second["changed"] = described("other", f"{A}/changed")
    second["urls"] = described("urls", f"{A}/urls", f"{B}/urls", "https://c.example/urls")
    second["times"] = described("times", *first["times"]["urls"], mtime=MTIME)
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
        "times": "urls",
        "new": "added",
    }
    (own,) = [r for r in records if r["type"] == "dataset"]
    assert own["gone"] == ["gone/a", "gone/b"]
    assert (dataset / "gone/a").is_symlink()
    assert "https://c.example/urls" in git(dataset, "annex", "whereis", "urls")
    records = datalad("download-manifest", "--delete", manifest, "ds")
    assert summary(records) == {"unchanged": 5, "deleted": 2, "gone": 2}
    assert not (dataset / "gone").exists()
    assert summary(datalad("download-manifest", manifest, "ds")) == {"unchanged": 5}


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


def test_records_up_to_a_thousand(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", {f"f{i:04}": [f"{A}/{i}"] for i in range(1001)})
    assert entries(datalad("download-manifest", "-n", manifest, "ds")) == {}
    assert (
        len(entries(datalad("download-manifest", "-n", "--report", "all", manifest, "ds"))) == 1001
    )
    assert not (tmp_path / "ds").exists()
    manifest = write_manifest("m.json", {f"f{i:04}": [f"{A}/{i}"] for i in range(1000)})
    assert len(entries(datalad("download-manifest", "-n", manifest, "ds"))) == 1000


def test_entries_without_digest_keep_their_key(tmp_path: Path) -> None:
    datalad("download-manifest", write_manifest("m.json", {"f": [f"{A}/f"]}), "ds")
    assert git(tmp_path / "ds", "annex", "lookupkey", "f").startswith("VURL--")
    more = write_manifest("m.json", {"f": [f"{B}/f", f"{A}/f"]})
    assert summary(datalad("download-manifest", more, "ds")) == {"urls": 1}
    sized = write_manifest("m.json", {"f": {"urls": [f"{A}/f", f"{B}/f"], "size": 7}})
    assert summary(datalad("download-manifest", sized, "ds")) == {"changed": 1}
    moved = write_manifest("m.json", {"f": ["https://c.example/f"]})
    assert summary(datalad("download-manifest", moved, "ds")) == {"changed": 1}


def test_executables(tmp_path: Path, lab: Lab) -> None:
    url = lab.put("tool", content_of("tool"))
    members = {"tool": described("tool", url, executable=True)}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    assert git(dataset, "ls-tree", "HEAD", "tool").startswith("100755")
    assert git(dataset, "status", "--short") == ""
    git(dataset, "annex", "get", "tool")
    assert (dataset / "tool").read_bytes() == content_of("tool")
    assert (dataset / "tool").stat().st_mode & 0o111
    assert git(dataset, "status", "--short") == ""


def test_get_downloads_and_makes_verifiable_keys(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["known.nii.gz", "unknown.nii.gz"])
    members = {
        "known.nii.gz": described("known.nii.gz", urls["known.nii.gz"], mtime=MTIME),
        "unknown.nii.gz": [urls["unknown.nii.gz"]],
        "dead": [f"{lab.url}/dead"],
    }
    manifest = write_manifest("m.json", members)
    records = datalad("download-manifest", "--get", "-J", "2", manifest, "ds", code=1)
    assert summary(records) == {"added": 2, "fetched": 2, "failed": 1}
    assert "404" in next(r["message"] for r in records if r.get("change") == "failed")
    dataset = tmp_path / "ds"
    digest = sha256(content_of("unknown.nii.gz"))
    key = git(dataset, "annex", "lookupkey", "unknown.nii.gz")
    assert key == f"SHA256E-s3000--{digest}.nii.gz"
    for path in ("known.nii.gz", "unknown.nii.gz"):
        assert (dataset / path).read_bytes() == content_of(path)
    git(dataset, "annex", "fsck", "-q")
    assert not (dataset / ".git/annex/jsdl").exists() or not list(
        (dataset / ".git/annex/jsdl").rglob("*.part")
    )
    asked = len(lab.requests)
    del members["dead"]
    manifest = write_manifest("m.json", members)
    records = datalad("download-manifest", "--get", manifest, "ds")
    assert summary(records) == {"unchanged": 2}
    assert summary(datalad("download-manifest", manifest, "ds")) == {"unchanged": 2}
    assert len(lab.requests) == asked


def test_get_makes_a_key_verifiable_later_too(tmp_path: Path, lab: Lab) -> None:
    manifest = write_manifest("m.json", {"f.nii": [lab.put("f.nii", content_of("f.nii"))]})
    (record,) = [r for r in datalad("download-manifest", manifest, "ds") if r["type"] == "dataset"]
    assert record["unverifiable"] == 1
    assert "1 without a checksum" in record["message"]
    records = datalad("download-manifest", "--get", manifest, "ds")
    assert summary(records) == {"changed": 1, "fetched": 1}
    assert git(tmp_path / "ds", "annex", "lookupkey", "f.nii").startswith("SHA256E-s3000--")
    assert summary(datalad("download-manifest", manifest, "ds")) == {"unchanged": 1}


def test_signed_urls_are_used_and_never_recorded(tmp_path: Path, lab: Lab) -> None:
    secret = "X-Amz-Signature=hunter2"
    urls = publish(lab, ["only", "also"])
    members: dict[str, Any] = {
        "only": [f"{urls['only']}?{secret}"],
        "also": {"urls": [f"{urls['also']}?{secret}", urls["also"]]},
    }
    manifest = write_manifest("m.json", members)
    records = datalad("download-manifest", manifest, "without", code=1)
    assert entries(records) == {"only": "refused", "also": "added"}
    datalad("download-manifest", "--get", manifest, "with")
    for name in ("with", "without"):
        dataset = tmp_path / name
        assert b"hunter2" not in all_objects(dataset)
    assert (tmp_path / "with/only").read_bytes() == content_of("only")
    assert "hunter2" not in json.dumps(records)


def test_an_adjusted_branch_gets_unlocked_files(tmp_path: Path, lab: Lab) -> None:
    urls = publish(lab, ["a", "b"])
    datalad("download-manifest", write_manifest("m.json", {"a": described("a", urls["a"])}), "ds")
    dataset = tmp_path / "ds"
    git(dataset, "annex", "adjust", "--unlock")
    members = {path: described(path, url) for path, url in urls.items()}
    records = datalad("download-manifest", write_manifest("m.json", members), "ds")
    assert entries(records) == {"b": "added"}
    git(dataset, "annex", "get", "b")
    assert (dataset / "b").read_bytes() == content_of("b")
    assert git(dataset, "status", "--short") == ""
    git(dataset, "annex", "sync", "--no-pull", "--no-push", "--no-content")
    assert git(dataset, "ls-tree", "main", "b").startswith("120000")


def test_a_subdataset(tmp_path: Path) -> None:
    datalad("create", "super")
    manifest = write_manifest("m.json", simple("f"))
    datalad("download-manifest", "-d", "super", manifest, "super/in/sub")
    superdataset = tmp_path / "super"
    assert git(superdataset, "status", "--short") == ""
    assert git(superdataset, "ls-tree", "-r", "HEAD", "in/sub").split()[2] == git(
        superdataset / "in/sub", "rev-parse", "HEAD"
    )


def test_the_dataset_of_the_current_folder(tmp_path: Path) -> None:
    datalad("create", "ds")
    manifest = write_manifest("m.json", simple("f"))
    records = datalad("download-manifest", "-d", ".", manifest, cwd=tmp_path / "ds")
    assert entries(records) == {"f": "added"}
    (tmp_path / "ds/deep").mkdir()
    records = datalad("download-manifest", manifest, cwd=tmp_path / "ds/deep")
    assert summary(records) == {"unchanged": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("<!DOCTYPE html><html></html>", "HTML"),
        ('{"a": ["https://a.example"],\n "b" oops}', "line 2, column 6"),
        ('{"a": ["https://a.example"]', "end of the document"),
        ("[]", "no known format"),
        ("{}", "no entries"),
        ('{"files": [{"name": "a"}]}', "all entries were refused"),
    ],
)
def test_a_broken_manifest_leaves_nothing_behind(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "m.json").write_text(text)
    *_, record = datalad("download-manifest", "m.json", "ds", code=1)
    assert said in record["message"]
    assert not (tmp_path / "ds").exists()


def test_a_manifest_that_cannot_be_had(tmp_path: Path, lab: Lab) -> None:
    (record,) = datalad("download-manifest", "nowhere.json", "ds", code=1)
    assert "nowhere.json" in record["message"]
    (record,) = datalad("download-manifest", f"{lab.url}/m.json?token=hunter2", "ds", code=1)
    assert "404" in record["message"]
    assert "hunter2" not in record["message"]
    assert not (tmp_path / "ds").exists()


def test_places_where_no_dataset_can_be_made(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("a"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine").write_text("mine")
    datalad("download-manifest", manifest, "ds")
    git(tmp_path, "init", "-q", "plain")
    for place, said in {
        "full": "datalad create --force",
        "m.json": "is a file",
        "ds/new": "--prefix",
        "plain": "datalad create --force",
    }.items():
        *_, record = datalad("download-manifest", manifest, place, code=1)
        assert said in record["message"], place
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine"]
    assert git(tmp_path / "ds", "status", "--short") == ""


def test_options_that_cannot_be(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", simple("a"))
    for options, said in (
        (["--jobs", "0"], "--jobs"),
        (["--base-url", "a.example"], "http://"),
        (["--include", "nothing*"], "none of 1 entries"),
    ):
        (record,) = datalad("download-manifest", *options, manifest, "ds", code=1)
        assert said in record["message"]
    (record,) = datalad("download-manifest", "ftp://a.example/m.json", "ds", code=1)
    assert "ftp" in record["message"]
    assert not (tmp_path / "ds").exists()
    records = datalad("download-manifest", "-n", "--include", "./a", manifest, "ds")
    assert entries(records) == {"a": "added"}


def test_fields_nobody_knows_are_named(tmp_path: Path) -> None:
    from tests.conftest import run

    members = {"f": {"urls": [f"{A}/f"], "digest": {}, "digests": {"crc32": "0"}}}
    manifest = write_manifest("m.json", members)
    command = f"datalad download-manifest -n {manifest} ds 2>&1"
    said = run("bash", "-c", command)
    assert "digest (1), digests.crc32 (1)" in said


def test_what_a_person_reads(tmp_path: Path) -> None:
    from tests.conftest import run

    manifest = write_manifest("m.json", simple("a") | {"../b": [f"{A}/b"]})
    said = run("datalad", "download-manifest", manifest, "ds", check=False)
    assert "+ a" in said
    assert "1 added, 1 refused" in said
    assert "'../b'" in said


def test_get_never_takes_what_an_earlier_run_left_for_another_file(
    tmp_path: Path, lab: Lab
) -> None:
    one, other = lab.put("1", content_of("1")), lab.put("2", content_of("2"))
    same = lab.put("same", content_of("1"))
    manifest = write_manifest("m.json", {"a.dat": [one], "b.dat": [same]})
    datalad("download-manifest", "--get", manifest, "ds")
    assert not (tmp_path / "ds/.git/annex/jsdl/staging").exists()
    left = tmp_path / "ds/.git/annex/jsdl/staging"
    left.mkdir(parents=True)
    (left / f"path-{sha256(b'a.dat')}").write_bytes(content_of("1"))
    manifest = write_manifest("m.json", {"a.dat": [other], "b.dat": [same]})
    datalad("download-manifest", manifest, "ds")
    datalad("download-manifest", "--get", manifest, "ds")
    assert (tmp_path / "ds/a.dat").read_bytes() == content_of("2")


def test_get_tries_all_urls_of_a_content(tmp_path: Path, lab: Lab) -> None:
    good, bad = lab.put("f", content_of("f")), lab.put("gone", status=404)
    members = {"one": described("f", good), "two": described("f", bad)}
    records = datalad("download-manifest", "--get", write_manifest("m.json", members), "ds")
    assert summary(records) == {"added": 2, "fetched": 1}
    members = {path: described("g", bad) for path in ("one", "two")}
    manifest = write_manifest("m.json", members)
    records = datalad("download-manifest", "--get", manifest, "ds", code=1)
    assert summary(records) == {"changed": 2, "failed": 2}


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
