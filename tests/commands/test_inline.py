"""Content that a manifest has itself: in ``data:`` URLs, and into git."""

from __future__ import annotations

import json
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.model.data_urls import MOST, data_url
from tests.kill_at import KillAt
from tests.lab import Lab
from tests.portal import (
    MTIME,
    content_of,
    datalad,
    described,
    entries,
    git,
    summary,
    tree,
    write_manifest,
)
from tests.running import run_datalad

README = b"All about it.\n"
TABLE = b"participant_id\tage\nsub-01\t31\n"
IMAGE = "sub-01/anat/T1w.nii.gz"


def inline(content: bytes, **fields: Any) -> dict[str, Any]:
    return {"urls": [data_url(content)], **fields}


@pytest.fixture
def members(lab: Lab) -> dict[str, Any]:
    return {
        "README": inline(README),
        "bin/run": inline(b"#!/bin/sh\necho 1\n", executable=True),
        "bin/latest": inline(b"../README", symlink=True),
        "empty": inline(b""),
        IMAGE: described(IMAGE, lab.put("f", content_of(IMAGE)), mtime=MTIME),
    }


def contents(archive: Path) -> dict[str, tuple[bytes, int]]:
    """Name without the folder → content and Unix mode."""
    with zipfile.ZipFile(archive) as file:
        return {
            info.filename.partition("/")[2]: (file.read(info), info.external_attr >> 16)
            for info in file.infolist()
        }


def import_into(dataset: Path, members: dict[str, Any], *options: str, code: int = 0) -> Any:
    manifest = write_manifest("again.json", members)
    return datalad("download-manifest", *options, manifest, dataset, code=code)


def test_content_goes_into_git_as_files_symlinks_and_programs(
    members: dict[str, Any], tmp_path: Path, lab: Lab
) -> None:
    dataset = tmp_path / "ds"
    records = import_into(dataset, members)
    assert summary(records) == {"added": 5}
    assert (dataset / "README").read_bytes() == README
    assert (dataset / "bin/latest").readlink() == Path("../README")
    modes = {line.split("\t")[1]: line[:6] for line in tree(dataset).splitlines()}
    del modes[".gitattributes"]
    assert modes == {
        "README": "100644", "bin/run": "100755", "bin/latest": "120000", "empty": "100644",
        IMAGE: "120000",
    }  # fmt: skip
    assert git(dataset, "annex", "find", "--anything") == IMAGE
    assert git(dataset, "status", "--porcelain") == ""
    git(dataset, "fsck", "--strict")
    assert lab.requests == []

    assert summary(import_into(dataset, members)) == {"unchanged": 5}
    datalad("export-archive-jsdl", "-d", dataset, "-t", "zip", "from-ds.zip")
    datalad("export-archive-jsdl", "--manifest", "again.json", "-t", "zip", "other.zip")
    assert contents(Path("from-ds.zip")) == contents(Path("other.zip"))
    Path("other").mkdir()
    datalad("export-archive-jsdl", "--manifest", "again.json", "-t", "zip", "other/from-ds.zip")
    assert Path("other/from-ds.zip").read_bytes() == Path("from-ds.zip").read_bytes()


def test_changed_content_is_updated_and_what_is_gone_deleted(
    members: dict[str, Any], tmp_path: Path
) -> None:
    dataset = tmp_path / "ds"
    import_into(dataset, members)
    members["README"] = inline(b"More about it.\n")
    members["bin/run"] = inline(b"#!/bin/sh\necho 1\n")
    members["bin/latest"] = inline(b"run", symlink=True)
    del members["empty"]
    records = import_into(dataset, members)
    assert summary(records) == {"changed": 3, "unchanged": 1, "gone": 1}
    assert git(dataset, "show", "HEAD:bin/latest") == "run"
    assert "100644" in git(dataset, "ls-tree", "HEAD", "bin/run")
    assert (dataset / "empty").exists()
    assert summary(import_into(dataset, members, "--delete"))["deleted"] == 1
    assert not (dataset / "empty").exists()
    assert git(dataset, "status", "--porcelain") == ""


def test_a_symlink_becomes_a_folder_and_a_folder_a_symlink(tmp_path: Path) -> None:
    """What the symlink led to has the same content, and is not taken for what is written."""
    dataset, same = tmp_path / "ds", inline(README)
    link = {"sub/x": same, "sub/y/z": same, "to": inline(b"sub", symlink=True)}
    folder = {"sub/x": same, "sub/y/z": same, "to/x": same, "to/y/z": same}
    import_into(dataset, link)
    assert summary(import_into(dataset, folder, "--delete")) == {
        "added": 2, "deleted": 1, "unchanged": 2, "gone": 1,
    }  # fmt: skip
    assert git(dataset, "status", "--porcelain") == ""
    assert summary(import_into(dataset, link, "--delete"))["deleted"] == 2
    assert (dataset / "to").readlink() == Path("sub")
    assert git(dataset, "status", "--porcelain") == ""
    assert (dataset / "sub/x").read_bytes() == README


def test_a_file_may_move_from_git_to_a_mirror_and_back(
    members: dict[str, Any], tmp_path: Path, lab: Lab
) -> None:
    dataset = tmp_path / "ds"
    import_into(dataset, members)
    changed = {**members, "README": described("README", lab.put("r", content_of("README")))}
    assert entries(import_into(dataset, changed)) == {"README": "changed"}
    assert git(dataset, "annex", "find", "--anything", "README") == "README"
    assert entries(import_into(dataset, members)) == {"README": "changed"}
    assert (dataset / "README").read_bytes() == README
    assert summary(import_into(dataset, members)) == {"unchanged": 5}


def test_what_the_user_has_in_git_is_left_alone(members: dict[str, Any], tmp_path: Path) -> None:
    dataset = tmp_path / "ds"
    datalad("create", dataset)
    for name in ("README", "empty"):
        (dataset / name).write_text("mine\n")
    git(dataset, "add", "README", "empty")
    git(dataset, "commit", "-q", "-m", "mine")
    members["empty"] = inline(b"mine\n")
    records = import_into(dataset, members, code=1)
    assert entries(records)["README"] == "conflict"
    assert summary(records) == {"added": 3, "unchanged": 1, "conflicts": 1}
    assert (dataset / "README").read_text() == "mine\n"
    del members["README"], members["empty"]
    assert "gone" not in summary(import_into(dataset, members, "--delete"))


def test_what_was_put_into_the_import_s_commit_is_the_user_s(
    members: dict[str, Any], tmp_path: Path
) -> None:
    dataset = tmp_path / "ds"
    import_into(dataset, members)
    (dataset / "notes").write_text("mine\n")
    git(dataset, "add", "notes")
    git(dataset, "commit", "-q", "--amend", "--no-edit")
    members["README"] = inline(b"More\n")
    records = import_into(dataset, members, "--delete", code=1)
    assert entries(records) == {"README": "conflict"}
    assert (dataset / "notes").exists()


def test_uncommitted_changes_are_in_the_way(members: dict[str, Any], tmp_path: Path) -> None:
    dataset = tmp_path / "ds"
    import_into(dataset, members)
    (dataset / "README").write_text("half")
    changed = {**members, "README": inline(b"More\n")}
    records = import_into(dataset, changed, code=1)
    assert entries(records) == {"README": "conflict"}
    assert (dataset / "README").read_text() == "half"


def test_an_annexed_file_of_the_same_content_stays(members: dict[str, Any], tmp_path: Path) -> None:
    dataset = tmp_path / "ds"
    datalad("create", dataset)
    (dataset / "README").write_bytes(README)
    git(dataset, "annex", "add", "-q", "README")
    git(dataset, "commit", "-q", "-m", "mine")
    assert entries(import_into(dataset, members)).get("README") is None
    members["README"] = inline(b"other")
    assert entries(import_into(dataset, members, code=1)) == {"README": "conflict"}


@pytest.mark.parametrize("options", [["--get"], ["--mtime", "remote"], ["--check"]])
def test_no_mirror_is_asked_for_it(
    options: list[str], members: dict[str, Any], tmp_path: Path, lab: Lab
) -> None:
    import_into(tmp_path / "ds", members, *options)
    assert {request.path.strip("/") for request in lab.requests} <= {"f"}
    only = {path: fields for path, fields in members.items() if path != IMAGE}
    lab.requests.clear()
    import_into(tmp_path / "other", only, *options)
    assert lab.requests == []


def test_an_adjusted_branch(members: dict[str, Any], tmp_path: Path) -> None:
    dataset = tmp_path / "ds"
    import_into(dataset, {"README": members["README"]})
    git(dataset, "annex", "adjust", "--unlock", "-q")
    import_into(dataset, {**members, "README": inline(b"More\n")})
    assert (dataset / "README").read_text() == "More\n"
    assert (dataset / "bin/latest").is_symlink()
    assert git(dataset, "status", "--porcelain") == ""
    assert summary(import_into(dataset, {**members, "README": inline(b"More\n")})) == {
        "unchanged": 5
    }


def test_subdatasets(members: dict[str, Any], tmp_path: Path) -> None:
    dataset = tmp_path / "ds"
    marked = {"sub//README": inline(README), "sub//to": inline(b"../top", symlink=True)}
    assert summary_of(import_into(dataset, {**members, **marked}), dataset / "sub") == 2
    assert (dataset / "sub/README").read_bytes() == README
    assert summary_of(import_into(dataset, {**members, **marked}), dataset / "sub") == 0


def summary_of(records: list[dict[str, Any]], dataset: Path) -> int:
    (record,) = [r for r in records if r["type"] == "dataset" and r["path"] == str(dataset)]
    added: int = record["counts"]["added"]
    return added


def test_it_is_made_again_from_the_run_record(members: dict[str, Any], tmp_path: Path) -> None:
    dataset = tmp_path / "ds"
    import_into(dataset, members)
    head = git(dataset, "rev-parse", "HEAD^{tree}")
    Path("again.json").unlink()
    datalad("rerun", "-d", dataset)
    assert git(dataset, "rev-parse", "HEAD^{tree}") == head


IMPORTING = "datalad_jsdl.repository.importing"
STEPS = {
    "before objects are written": KillAt(f"{IMPORTING}.write:recording"),
    "when those of the commit are": KillAt(f"{IMPORTING}.write:write_commit", after=True),
    "before the switch": KillAt(f"{IMPORTING}.switching:switch"),
    "before files are replaced": KillAt(f"{IMPORTING}.switching:make_way"),
    "before they are written": KillAt(f"{IMPORTING}.switching:make_way", after=True),
    "before the branch moves": KillAt("datalad_jsdl.repository.locks:patiently", call=2),
    "when it has moved": KillAt(f"{IMPORTING}.switching:switch", after=True),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_anywhere_the_next_run_does_it(
    step: str, members: dict[str, Any], tmp_path: Path
) -> None:
    dataset = tmp_path / "ds"
    import_into(dataset, {"README": inline(b"Old\n"), "gone": inline(b"x"), "bin": inline(b"y")})
    manifest = write_manifest("m.json", members)
    command = ("download-manifest", "--delete", manifest, dataset)
    assert run_datalad(*command, kill=STEPS[step]).code == -signal.SIGKILL
    git(dataset, "fsck", "--strict")
    datalad(*command)
    assert (dataset / "README").read_bytes() == README
    assert (dataset / "bin/latest").readlink() == Path("../README")
    assert not (dataset / "gone").exists()
    assert git(dataset, "status", "--porcelain") == ""
    assert summary(datalad(*command)) == {"unchanged": 5}


WRONG = {
    "size": (inline(README, size=3), "the size is 3, but its data: URL has 14 bytes"),
    "digest": (inline(README, digests={"md5": "0" * 32}), "the md5 is not that of the content"),
    "base64": ({"urls": ["data:;base64,c2VjcmV0!"]}, "is malformed"),
    "no comma": ({"urls": ["data:c2VjcmV0"]}, "no comma"),
    "large": (inline(bytes(MOST + 1)), "more content than the 8 MiB"),
    "two": ({"urls": ["data:,c2VjcmV0", "data:,c2VjcmV1"]}, "two data: URLs"),
    "pieces": (
        inline(README, pieces={"algorithm": "md5", "length": 20, "digests": ["0" * 32]}),
        "the pieces are not those",
    ),
    "absolute": (inline(b"/etc/passwd", symlink=True), "target is absolute"),
    "out": (inline(b"../x", symlink=True), "leads out of the dataset"),
    "out later": (inline(b"a/../../x", symlink=True), "'..' component"),
    "into git": (inline(b".git/config", symlink=True), "belongs to git"),
    "no target": (inline(b"", symlink=True), "no target"),
    "no content": (
        {"urls": ["https://h.example/x"], "symlink": True},
        "needs a data: URL",
    ),
    "program": (inline(b"x", symlink=True, executable=True), "cannot be executable"),
    "key": (
        inline(b"/annex/objects/MD5-s3--acbd18db4cc2f85cedef654fccc4a4d8\n"),
        "git-annex would take its content for another file's",
    ),
    "key of a link": (
        inline(b"x/annex/objects/MD5--ab/MD5--ab", symlink=True),
        "git-annex would take its content for another file's",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_entries_are_refused_by_name_and_nothing_is_shown(name: str, tmp_path: Path) -> None:
    fields, says = WRONG[name]
    records = import_into(tmp_path / "ds", {"it": fields, "fine": inline(README)}, code=1)
    (refused,) = [r for r in records if r.get("entry") == "it"]
    assert "'it'" in refused["message"]
    assert says in refused["message"]
    assert "c2Vj" not in json.dumps(records)
    assert [path.name for path in (tmp_path / "ds").iterdir() if path.name[0] != "."] == ["fine"]


def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    dataset = tmp_path / "ds"
    wrong = {"it": inline(README, size=3), "fine": inline(README)}
    import_into(dataset, wrong, "--failed", "failed.jsonl", code=1)
    text = Path("failed.jsonl").read_text().replace('"size": 3', '"size": 14')
    Path("failed.jsonl").write_text(text)
    datalad("download-manifest", "failed.jsonl", dataset)
    assert (dataset / "it").read_bytes() == README


def test_a_manifest_of_all_that_a_dataset_has(
    members: dict[str, Any], tmp_path: Path, ready: Callable[..., Path]
) -> None:
    dataset = tmp_path / "ds"
    import_into(dataset, members)
    datalad("export-manifest", "-d", dataset, "--content-in-git", "all.jsonl")
    datalad("download-manifest", "all.jsonl", "copy")
    assert tree(Path("copy")) == tree(dataset)
    skipped = datalad("export-manifest", "-d", dataset, "some.json")
    assert [r["status"] for r in skipped if r.get("entry")] == ["notneeded"] * 4
    assert "to list what is in git, add --content-in-git" in skipped[-1]["message"]
    told = datalad("export-manifest", "-d", dataset, "--content-in-git", "all.meta4", code=1)
    assert {r["entry"] for r in told if r["status"] == "impossible"} == set(members) - {IMAGE}
