"""make-manifest: a folder becomes a manifest."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from tests.kill_at import KillAt
from tests.portal import MTIME, MTIME_SECONDS, A, B, content_of, datalad, entries, git, summary
from tests.read_only import read_only, small_disk
from tests.running import run_datalad

BASE = ("--base-url", f"{A}/study")


def fill(folder: Path, *paths: str, size: int = 3000) -> dict[str, bytes]:
    """Files of other times; their content."""
    contents = {path: content_of(path, size) for path in paths}
    for path, content in contents.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        os.utime(file, (MTIME_SECONDS, MTIME_SECONDS))
    return contents


def make(*args: str | Path, code: int = 0) -> dict[str, Any]:
    """The last record, which is the summary."""
    record: dict[str, Any] = datalad("make-manifest", *args, code=code)[-1]
    return record


def skipped(*args: str | Path) -> dict[str, str]:
    """What could not be listed: path → why; the manifest of the others is in m.json."""
    records = datalad("make-manifest", "data", *BASE, "-o", "m.json", *args, code=1)
    assert records[-1]["status"] == "ok"
    assert {record["status"] for record in records[:-1]} == {"impossible"}
    return {record["entry"]: record["message"] for record in records[:-1]}


def read(file: str | Path) -> Any:
    return json.loads(Path(file).read_text())


def test_a_folder_becomes_a_manifest_and_a_dataset(tmp_path: Path) -> None:
    data = tmp_path / "data"
    odd = "sub-01/a b#%é+&.nii"
    contents = fill(data, "README", odd, "empty/f")
    (data / "run.sh").write_bytes(b"#!/bin/sh\n")
    (data / "run.sh").chmod(0o755)
    os.utime(data / "run.sh", ns=(0, 1_500_000_000_123_456_789))
    (data / "empty/f").write_bytes(b"")
    (data / "m.json").write_text("older")
    record = make(data, *BASE, "--base-url", f"{B}/", "-o", "data/m.json")
    assert (record["path"], record["entries"], record["read"]) == (str(data / "m.json"), 4, 4)
    assert record["message"] == "listed 4 files, 6010 bytes"
    found = read("data/m.json")
    assert list(found) == ["README", "empty/f", "run.sh", odd]
    assert found[odd] == {
        "urls": [
            f"{A}/study/sub-01/a%20b%23%25%C3%A9%2B%26.nii",
            f"{B}/sub-01/a%20b%23%25%C3%A9%2B%26.nii",
        ],
        "size": 3000,
        "digests": {"sha256": hashlib.sha256(contents[odd]).hexdigest()},
        "mtime": MTIME,
    }
    assert (found["empty/f"]["size"], found["run.sh"]["executable"]) == (0, True)
    assert found["run.sh"]["mtime"] == "2017-07-14T02:40:00.123456Z"
    assert [path.name for path in data.iterdir() if "jsdl" in path.name] == []
    done = run_datalad("download-manifest", "data/m.json", "ds")
    assert done.code == 0
    assert "WARNING" not in done.stderr
    assert len(git(tmp_path / "ds", "annex", "find", "--anything").splitlines()) == 4


def test_links_lead_within_the_folder_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    contents = fill(data, "a", "deep/er/b", ".git/config", "notes/.git/config")
    fill(tmp_path / "outside", "x/y")
    links = {
        "one": "a",
        "two": "one",
        "folder": "deep/er",
        "deep/up": "../deep/er",
        "out": "../outside/x/y",
        "absolute": str(tmp_path / "outside"),
        "broken": "nowhere",
        "self": "self",
        "loop": ".",
        "deep/loop": "..",
        "own": ".git/config",
    }
    for name, target in links.items():
        (data / name).symlink_to(target)
    (data / "deep/er/again").symlink_to("../../notes")
    left_out = skipped()
    found = read("m.json")
    assert list(found) == ["a", "deep/er/b", "deep/up/b", "folder/b", "one", "two"]
    assert found["two"]["digests"] == found["a"]["digests"]
    assert found["folder/b"]["urls"] == [f"{A}/study/folder/b"]
    assert (
        found["folder/b"]["digests"]["sha256"] == hashlib.sha256(contents["deep/er/b"]).hexdigest()
    )
    assert left_out == {
        "out": "it is a link that leads out of the folder",
        "absolute": "it is a link that leads out of the folder",
        "broken": "it is a broken link",
        "self": "Too many levels of symbolic links",
        "loop": "it is a link to a folder that it lies in itself",
        "deep/loop": "it is a link to a folder that it lies in itself",
        "own": "it is a link to a file of git's or DataLad's own",
        "folder/again": "it is a link to a folder, found behind another such link",
        "deep/up/again": "it is a link to a folder, found behind another such link",
    }
    names = [option for name in left_out for option in ("--exclude", name)]
    record = make("data", *BASE, "-o", "m.json", *names)
    assert (record["entries"], record["left_out"]) == (6, 0)
    assert "skipped 3 files and folders of git's or DataLad's own" in record["message"]


def test_hostile_names_and_what_is_no_file(tmp_path: Path) -> None:
    data = tmp_path / "data"
    fill(data, "good", "\x1b]0;x\x07", "new\nline", "back\\slash", ".GIT/x", "c\x01/d/e")
    (data / os.fsdecode(b"latin-\xe9")).write_text("x")
    os.mkfifo(data / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("data/socket")
        done = run_datalad("make-manifest", "data", *BASE, "-o", "m.json")
    assert done.code == 1
    shown = done.stdout + done.stderr
    assert shown.isprintable() or set(shown) - {"\n"} == {c for c in shown if c.isprintable()}
    assert r"skipped 'latin-\udce9': the path is not valid Unicode" in shown
    assert "could not list 8; to skip them on purpose, add --exclude" in shown
    assert list(read("m.json")) == ["good"]
    assert skipped() == {
        "\x1b]0;x\x07": "the path contains a control character",
        "new\nline": "the path contains a control character",
        "c\x01": "the path contains a control character",
        "back\\slash": "the path contains a backslash",
        ".GIT": "the path contains '.GIT', which belongs to git",
        "latin-\udce9": "the path is not valid Unicode (lone surrogate)",
        "fifo": "it is not a regular file",
        "socket": "it is not a regular file",
    }


@pytest.mark.slow
def test_a_dataset(tmp_path: Path) -> None:
    datalad("create", "ds")
    root = tmp_path / "ds"
    fill(root, "sub/here.nii", "sub/gone.nii", "sub/unlocked.nii", "sub/pointer.nii")
    datalad("save", "-d", "ds")
    git(root, "annex", "unlock", "sub/unlocked.nii", "sub/pointer.nii")
    git(root, "annex", "drop", "--force", "sub/gone.nii", "sub/pointer.nii")
    for folder, prefix in (("ds", "sub/"), ("ds/sub", "")):
        records = datalad("make-manifest", folder, *BASE, "-o", "m.json", code=1)
        missing = "git-annex does not have its content here"
        assert {record["entry"]: record["message"] for record in records[:-1]} == {
            f"{prefix}gone.nii": missing,
            f"{prefix}pointer.nii": missing,
        }
        assert list(read("m.json")) == [f"{prefix}here.nii", f"{prefix}unlocked.nii"]


def test_pieces_and_other_formats() -> None:
    (large,) = fill(Path("data"), "large", size=(20 << 20) + 1).values()
    fill(Path("data"), "small")
    make("data", *BASE, "--pieces", "-o", "m.jsonl")
    found = [json.loads(line) for line in Path("m.jsonl").read_text().splitlines()]
    assert [line["path"] for line in found] == ["large", "small"]
    parts = [large[at : at + (8 << 20)] for at in range(0, len(large), 8 << 20)]
    digests = [hashlib.sha256(part).hexdigest() for part in parts]
    assert found[0]["pieces"] == {"algorithm": "sha256", "length": 8 << 20, "digests": digests}
    assert found[0]["digests"]["sha256"] == hashlib.sha256(large).hexdigest()
    assert "pieces" not in found[1]
    # whoever has none yet reads the file for them; whoever wants none leaves them out
    assert make("data", *BASE, "--update", "m.jsonl", "-o", "m.meta4")["read"] == 0
    assert "<pieces" not in Path("m.meta4").read_text()
    assert make("data", *BASE, "--pieces", "--update", "m.meta4", "-o", "m.meta4")["read"] == 1
    assert Path("m.meta4").read_text().count("<pieces") == 1
    record = make("data", *BASE, "-o", "fetch.txt")
    assert "bagit-fetch cannot hold digests (2 files), times (2 files)" in record["message"]


def test_standard_output_has_the_manifest_alone() -> None:
    fill(Path("data"), "a", "b")
    Path("data/link").symlink_to("/")
    done = run_datalad("make-manifest", "data", *BASE, "--include", "[a-l]*")
    assert list(json.loads(done.stdout)) == ["a", "b"]
    assert "skipped 'link': it is a link that leads out of the folder" in done.stderr
    assert done.code == 1


def test_only_what_has_changed_is_read_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    paths = [f"{number}.nii" for number in range(5)]
    fill(data, *paths)
    make(data, *BASE, "-o", "data/m.json")
    members = read("data/m.json")
    members["1.nii"]["access"] = {"kind": "request", "text": "Ask the committee."}
    members["1.nii"]["digests"]["sha256"] = "0" * 64  # it is believed
    Path("old.json").write_text(json.dumps(members))
    update = (*BASE, "--update", "old.json", "-o", "data/m.json")
    record = make(data, *update)
    assert (record["read"], record["entries"]) == (0, 5)
    assert record["changes"] == {"new": 0, "changed": 0, "gone": 0}
    assert read("data/m.json") == members
    (data / "0.nii").unlink()
    (data / "2.nii").write_bytes(b"other content")
    os.utime(data / "3.nii", (0, 0))
    (data / "4.nii").chmod(0o755)
    fill(data, "5.nii")
    record = make(data, *update)
    assert (record["read"], record["entries"]) == (3, 5)
    assert record["changes"] == {"new": 1, "changed": 1, "gone": 1}
    assert "read 3 of them (6013 bytes); 1 new, 1 changed, 1 gone" in record["message"]
    found = read("data/m.json")
    assert found["2.nii"]["size"] == 13
    assert found["3.nii"]["mtime"] == "1970-01-01T00:00:00Z"
    assert found["4.nii"]["executable"] is True
    assert found["1.nii"] == members["1.nii"]


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_is_continued(tmp_path: Path, ending: int) -> None:
    data = tmp_path / "data"
    fill(data, *(f"{number:03}" for number in range(100)), size=10)
    fill(data, "changed", size=10)
    kill = KillAt("datalad_jsdl.operations.hash_cache:HashCache.add", 2, after=True, signal=ending)
    args = ("make-manifest", str(data), *BASE, "-J", "1", "-o", "data/m.json")
    assert run_datalad(*args, kill=kill).code != 0
    assert not (data / "m.json").exists()
    cache = data / "m.json.jsdl-hashes"
    kept = len(cache.read_text().splitlines()) - 1
    assert kept == 64
    # the last line breaks off, one is wrong, one is of a file that has changed since
    cache.write_text(cache.read_text()[:-9] + '\n[{}]\n{"a": 1}\n' + "[" * 5000)
    (data / "000").write_text("changed")
    record = make(data, *BASE, "-o", "data/m.json")
    assert (record["entries"], record["resumed"], record["read"]) == (101, kept - 2, 39)
    assert sorted(path.name for path in data.iterdir() if "jsdl" in path.name) == []
    assert read("data/m.json")["000"]["size"] == 7
    # digests of another folder's files are no use
    cache.write_text(json.dumps({"format": 1, "folder": "/elsewhere"}) + "\n")
    assert make(data, *BASE, "-o", "data/m.json")["resumed"] == 0


def test_what_changed_a_moment_ago_is_not_believed() -> None:
    fill(Path("data"), "old")
    Path("data/new").write_text("new")
    make("data", *BASE, "-o", "m.json")
    record = make("data", *BASE, "--update", "m.json", "-o", "m2.json")
    assert record["read"] == 1
    later = time.time() + 10
    os.utime("m2.json", (later, later))
    assert make("data", *BASE, "--update", "m2.json", "-o", "m.json")["read"] == 0


def test_a_full_disk(tmp_path: Path) -> None:
    fill(tmp_path / "data", *(f"{number:04}" for number in range(1000)), size=10)
    with small_disk(tmp_path / "small", "64k"):
        target = tmp_path / "small/m.json"
        target.write_text("older")
        record = make("data", *BASE, "-o", target, code=1)
        assert (record["status"], record["type"]) == ("error", "file")
        assert "No space left on device" in record["message"]
        assert target.read_text() == "older"
        assert not (tmp_path / "small/m.json.jsdl-part").exists()
        # a disk that has room for the manifest, but not for what is kept meanwhile
        (tmp_path / "small/m.json.jsdl-hashes").unlink()
        (tmp_path / "small/m.json.jsdl-hashes").mkdir()
        done = run_datalad("make-manifest", "data", *BASE, "--include", "01*", "-o", target)
        assert "digests could not be kept for a run that is interrupted" in done.stderr
        assert done.code == 0
        assert len(read(target)) == 100


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    fill(tmp_path / "data", "a")
    with read_only(tmp_path / "data"):
        record = make("data", *BASE, "-o", "data/m.json", code=1)
        assert "Read-only file system" in record["message"]
        assert make("data", *BASE, "-o", "m.json")["entries"] == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("-o", "m.json"), "no URL of the folder; add --base-url URL"),
        (("-o", "m.json", "--base-url", "ftp://h.example/"), "must begin with http:// or https://"),
        (("-o", "m.json", "--base-url", "https://me:hunter2@h.example/"), "contains a login"),
        (("-o", "m.json", "--base-url", "https://h.example/?sig=hunter2"), "without ? and #"),
        (("-o", "m.json", "--base-url", "https://h.example:x/"), "host or port is invalid"),
        ((*BASE, "-o", "m.csv"), "m.csv: cannot write this kind of manifest"),
        ((*BASE, "-o", "nowhere/m.json"), "does not exist"),
        ((*BASE, "-o", "data"), "is a folder"),
        ((*BASE, "--jobs", "0", "-o", "m.json"), "--jobs is '0'"),
        ((*BASE, "--update", "nowhere.json", "-o", "m.json"), "cannot read the manifest"),
        ((*BASE, "--update", "data/a", "-o", "m.json"), "data/a: the manifest is not UTF-8"),
        ((*BASE, "--exclude", "*", "-o", "m.json"), "no file to list in"),
    ],
)
def test_what_cannot_be_done(args: tuple[str, ...], said: str) -> None:
    fill(Path("data"), "a")
    record = make("data", *args, code=1)
    assert record["status"] == "error"
    assert said in record["message"]
    assert "hunter2" not in json.dumps(record)
    assert sorted(os.listdir()) == ["data"]


def test_where_there_is_no_folder() -> None:
    Path("file").write_text("x")
    assert "no such folder" in make("nowhere", *BASE, "-o", "m.json", code=1)["message"]
    assert (
        "a file; a manifest is made of a folder"
        in make("file", *BASE, "-o", "m.json", code=1)["message"]
    )
    Path("data").mkdir()
    Path("data/link").symlink_to("/etc")
    said = make("data", *BASE, "-o", "m.json", code=1)["message"]
    assert "'link': it is a link that leads out of the folder" in said
    assert sorted(os.listdir()) == ["data", "file"]


def test_the_advice_is_right(tmp_path: Path) -> None:
    fill(tmp_path / "data", "a", "sub/b\x01c")
    assert "add --base-url URL" in make("data", "-o", "m.json", code=1)["message"]
    assert "add --exclude" in make("data", *BASE, "-o", "m.json", code=1)["message"]
    assert make("data", *BASE, "--exclude", "sub", "-o", "m.json")["left_out"] == 0


def test_two_runs_at_once_do_not_mix(tmp_path: Path) -> None:
    from datalad_jsdl.archive.output import opened

    fill(tmp_path / "data", "a")
    with opened(tmp_path / "m.json"):
        said = make("data", *BASE, "-o", "m.json", code=1)["message"]
    assert "another process is writing m.json" in said


def test_an_update_reaches_those_who_have_imported_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    fill(data, "a", "b", "c")
    make(data, *BASE, "-o", "m.json")
    datalad("download-manifest", "m.json", "ds")
    (data / "b").write_bytes(b"other")
    (data / "c").unlink()
    fill(data, "d")
    make(data, *BASE, "--update", "m.json", "-o", "m.json")
    records = datalad("download-manifest", "--delete", "m.json", "ds")
    counts = summary(records)
    assert counts == dict.fromkeys(("added", "changed", "gone", "deleted", "unchanged"), 1)
    assert entries(records) == {"b": "changed", "c": "deleted", "d": "added"}
