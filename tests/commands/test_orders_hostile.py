"""Lists and orders of datasets that nobody would make on purpose."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab
from tests.portal import content_of, datalad, described, git, write_manifest
from tests.running import run_datalad


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A dataset with one file, and nothing that could be fetched."""
    root = tmp_path / "plain"
    root.mkdir()
    git(root, "init", "-q")
    git(root, "annex", "init", "-q")
    commit(root, {"a": b"first"})
    return root


def commit(root: Path, files: dict[str | bytes, bytes]) -> None:
    for name, content in files.items():
        (root / os.fsdecode(name)).write_bytes(content)
    git(root, "annex", "add", "-q", ".")
    git(root, "commit", "-q", "-m", "more")


def last(root: Path, *args: str | Path, code: int = 0) -> dict[str, Any]:
    """The last result record of a command in a dataset."""
    return datalad(*args, cwd=root, code=code)[-1]


def test_a_name_that_no_archive_can_have_is_told_and_the_others_are_listed(plain: Path) -> None:
    names: dict[str | bytes, bytes] = {
        b"caf\xe9": b"1", "a\\b": b"2", "new\nline": b"3", "日本": b"4", " x ": b"5",
    }  # fmt: skip
    commit(plain, names)
    records = datalad("download-list", "add", "-r", ".", cwd=plain, code=1)
    refused = [r["message"] for r in records if r["status"] == "impossible"]
    assert [("UTF-8" in text, "not a valid name" in text) for text in sorted(refused)] == [
        (False, True), (True, False),
    ]  # fmt: skip
    assert records[-1]["on_list"] == 4
    last(plain, "download-order", "create", "--name", "n")
    last(plain, "download-order", "export")


def test_commits_of_an_adjusted_branch_are_listed_once_they_are_brought_back(plain: Path) -> None:
    git(plain, "annex", "adjust", "-q", "--unlock")
    commit(plain, {"b": b"second"})
    (plain / "a").write_bytes(b"changed")
    commit(plain, {})
    told = last(plain, "download-list", "add", "-r", ".", code=1)["message"]
    run = told.rpartition("run there: ")[2]
    git(plain, *run.removeprefix("git ").split())
    assert last(plain, "download-list", "add", "-r", ".")["files"] == 2
    last(plain, "download-order", "create", "--name", "n")
    last(plain, "download-order", "export")
    assert b"changed" in (plain / "n.zip").read_bytes()


def test_one_content_at_two_times_is_the_same_elsewhere(
    plain: Path, lab: Lab, tmp_path: Path
) -> None:
    """A manifest gives entries with one content one time, unless it says that it is their own."""
    url = lab.put("f", content_of("f"))
    for year in (2020, 2024):
        entry = described("f", url, mtime=f"{year}-01-01T00:00:00Z")
        write_manifest(tmp_path / f"y{year}.json", {"f": entry})
        manifest = tmp_path / f"y{year}.json"
        last(plain, "download-list", "add", "--manifest", manifest, "--recursive")
    last(plain, "download-order", "create", "--name", "n")
    order = last(plain, "download-order", "list")["order"]
    told = last(plain, "download-order", "manifest", order, tmp_path / "o.json")
    assert (told["entries"], "anywhere" in told["message"]) == (2, True)
    last(plain, "download-order", "export", order, tmp_path / "n.zip")
    (tmp_path / "away").mkdir()
    away = tmp_path / "away/n.zip"
    datalad("export-archive-jsdl", "--manifest", tmp_path / "o.json", "-t", "zip", away)
    assert away.read_bytes() == (tmp_path / "n.zip").read_bytes()
    with zipfile.ZipFile(away) as archive:
        assert [info.date_time[0] for info in archive.infolist()] == [2020, 2024]
    # a dataset has one time for both
    datalad("download-manifest", tmp_path / "o.json", "both")
    datalad("export-archive-jsdl", "-d", "both", "-t", "zip", "both.zip")
    with zipfile.ZipFile("both.zip") as archive:
        assert [info.date_time[0] for info in archive.infolist()] == [2024, 2024]


def test_an_order_that_fails_names_no_option_that_there_is_not(plain: Path, lab: Lab) -> None:
    paths = ["f", "g"]
    members = {path: described(path, lab.put(path, content_of(path))) for path in paths}
    write_manifest(plain.parent / "m.json", members)
    last(plain, "download-list", "add", "--manifest", plain.parent / "m.json", "--recursive")
    last(plain, "download-order", "create")
    lab.put("g", b"", status=404)
    told = last(plain, "download-order", "export", code=1)["message"]
    assert "--resume" not in told
    lab.put("g", content_of("g"))
    last(plain, "download-order", "export")


def test_a_terminal_obeys_no_name(plain: Path) -> None:
    commit(plain, {"\x1b[31mred\x07": b"1"})
    last(plain, "download-list", "add", "-r", ".")
    done = run_datalad("download-list", "show", cwd=plain)
    assert "\\x1b[31mred\\x07" in done.stdout
    assert "\x1b" not in done.stdout


def test_what_is_in_a_subdataset_that_is_not_here_is_not_called_gone(plain: Path) -> None:
    inner = plain / "inner"
    git(plain, "init", "-q", "inner")
    (inner / "f").write_text("f")
    git(inner, "add", "f")
    git(inner, "commit", "-q", "-m", "f")
    git(plain, "submodule", "--quiet", "add", "./inner", "inner")
    git(plain, "commit", "-q", "-m", "inner")
    assert last(plain, "download-list", "add", "-r", ".")["files"] == 2
    last(plain, "download-order", "create", "--name", "n")
    assert last(plain, "download-order", "compare")["unchanged"] == 2
    inner.rename(plain.parent / "away")
    inner.mkdir()
    told = last(plain, "download-order", "compare", code=1)["message"]
    assert "the subdataset inner is not installed" in told
    assert "datalad -C" in last(plain, "download-order", "export", code=1)["message"]


def test_manifests_of_two_queries_are_two_and_no_query_is_kept(plain: Path, lab: Lab) -> None:
    """A server may tell studies apart, and users, by the query alone."""
    member = json.dumps({"f": described("f", lab.put("f", content_of("f")))}).encode()
    url = lab.put("m.json", member)
    for query in ("secret=1", "secret=2"):
        last(plain, "download-list", "add", "--manifest", f"{url}?{query}", "-r")
    assert last(plain, "download-list", "show")["files"] == 2
    last(plain, "download-order", "create", "--name", "n")
    told = last(plain, "download-order", "compare", code=1)["message"]
    assert "cannot be read again" in told
    stored = b"".join(f.read_bytes() for f in (plain / ".git/annex/jsdl").iterdir() if f.is_file())
    assert b"secret=" not in stored
    assert "secret=" not in told
    last(plain, "download-order", "export")


OTHER = os.fsdecode(b"caf\xe9")  # of another encoding


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("download-list", "show", "--user", OTHER), "--user is not valid UTF-8: 'caf\\udce9'"),
        (("download-order", "list", "--user", OTHER), "--user is not valid UTF-8: 'caf\\udce9'"),
        (("download-order", "create", "--name", OTHER), "archive is not valid UTF-8: 'caf"),
        (("download-order", "show", OTHER * 6), "is not valid UTF-8"),
        (("download-list", "add", OTHER), "nothing to add at caf"),
        (("download-list", "remove", OTHER), "nothing on the list is at caf"),
        (("download-list", "show", "--store", f"postgresql://{OTHER}@x"), "not valid UTF-8"),
        (("download-list", "add", "-r", "--manifest", OTHER), "is not valid UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_text(plain: Path, command: tuple[str, ...], says: str) -> None:
    (plain / OTHER).write_text(json.dumps({"f": {"urls": ["https://a.example/f"]}}))
    last(plain, "download-list", "add", "a")
    assert says in last(plain, *command, code=1)["message"]


@pytest.mark.parametrize("name", [OTHER, "what?", "100%41", "a#b", ".hidden"])
def test_a_folder_with_any_name(plain: Path, name: str) -> None:
    last(plain, "download-list", "add", "a")
    root = plain.rename(plain.parent / name)
    assert last(root, "download-list", "add", "a")["added"] == 0
    last(root, "download-order", "create", "--name", "n")
    assert last(root, "download-order", "prepare", "--queue")["job"]
    last(root, "download-order", "export")
    assert sorted(os.listdir(root.parent)) == [name]
