"""download-content: everything that is missing, at once."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.model.amounts import size_text
from datalad_jsdl.repository.annex.logs import WEB_UUID
from tests.kill_at import KillAt
from tests.lab import Lab, sha256
from tests.portal import (
    MTIME,
    MTIME_SECONDS,
    content_of,
    datalad,
    described,
    git,
    publish,
    write_manifest,
)
from tests.running import run_datalad

PATHS = ["a.txt", "sub/b.nii.gz", "sub/deep/c.bin", "other/d"]


@pytest.fixture
def dataset(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> Path:
    urls = publish(lab, PATHS)
    members = {path: described(path, url, mtime=MTIME) for path, url in urls.items()}
    members["sub/same.txt"] = members["a.txt"]
    return ready(members, tmp_path / "ds")


def of_dataset(records: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [record for record in records if record["type"] == "dataset"]
    return found


def present(dataset: Path) -> list[str]:
    return git(dataset, "annex", "find").splitlines()


def test_all_of_a_dataset(dataset: Path, lab: Lab) -> None:
    records = datalad("download-content", "-n", "-d", dataset)
    assert not present(dataset)
    assert of_dataset(records)["message"] == "would download 4 files, 12000 bytes"
    records = datalad("download-content", cwd=dataset)
    assert of_dataset(records)["counts"] == {
        "fetched": 4,
        "failed": 0,
        "without_url": 0,
        "unverified": 0,
    }
    assert len(present(dataset)) == 5
    for path in PATHS:
        assert (dataset / path).read_bytes() == content_of(path)
        assert (dataset / path).stat().st_mtime == MTIME_SECONDS
    git(dataset, "annex", "fsck", "-q")
    assert git(dataset, "status", "--short") == ""
    staging = dataset / ".git/annex/jsdl/staging"
    assert not staging.exists(), list(staging.iterdir())
    # one that was killed at its very end leaves the folder
    staging.mkdir(parents=True)
    assert of_dataset(datalad("download-content", cwd=dataset))["message"] == "nothing is missing"
    assert not staging.exists()
    asked = len(lab.requests)
    record = of_dataset(datalad("download-content", cwd=dataset))
    assert (record["status"], record["message"]) == ("notneeded", "nothing is missing")
    assert len(lab.requests) == asked


def test_parts_of_a_dataset(dataset: Path) -> None:
    records = datalad("download-content", "deep", cwd=dataset / "sub")
    assert {Path(r["path"]).name for r in records if r["type"] == "file"} == {"c.bin"}
    assert present(dataset) == ["sub/deep/c.bin"]
    records = datalad("download-content", dataset / "other", "nothing", cwd=dataset, code=1)
    assert sorted(present(dataset)) == ["other/d", "sub/deep/c.bin"]
    assert any("git tracks no such file" in record.get("message", "") for record in records)
    datalad("download-content", "-d", dataset, "-J", "1", dataset / "sub")
    assert len(present(dataset)) == 5  # sub/same.txt has the content of a.txt


def test_a_path_that_is_the_datasets_own(dataset: Path) -> None:
    """From outside, and from within another dataset: the error names the path to give."""
    other = dataset.parent / "other-dataset"
    git(dataset.parent, "init", "-q", "other-dataset")
    for cwd in (dataset.parent, other):
        name = os.path.relpath(dataset, cwd)
        (told,) = datalad("download-content", "-d", name, "a.txt", cwd=cwd, code=1)
        assert told["message"].endswith(f"not at the dataset: give {name}/a.txt")
        datalad("download-content", "--dry-run", "-d", name, f"{name}/a.txt", cwd=cwd)
    said = datalad("export-archive-jsdl", "-d", dataset.name, "x.zip", "a.txt", code=1,
                   cwd=dataset.parent)[-1]["message"]  # fmt: skip
    assert f"give {dataset.name}/a.txt" in said


def test_a_clone_and_unlocked_files(dataset: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", dataset, "clone"], check=True)
    clone = tmp_path / "clone"
    git(clone, "annex", "init", "-q")
    git(clone, "annex", "adjust", "-q", "--unlock")
    datalad("download-content", "-d", clone)
    for path in PATHS:
        assert (clone / path).read_bytes() == content_of(path)
        assert not (clone / path).is_symlink()
    assert git(clone, "status", "--short") == ""


def test_files_without_a_url_are_left_to_datalad_get(dataset: Path, lab: Lab) -> None:
    (dataset / "mine").write_text("mine")
    git(dataset, "annex", "add", "-q", "mine")
    git(dataset, "commit", "-q", "-m", "mine")
    git(dataset, "annex", "drop", "-q", "--force", "mine")
    lab.put("other/d", status=404)
    records = datalad("download-content", "-d", dataset, code=1)
    assert of_dataset(records)["counts"] == {
        "fetched": 3,
        "failed": 1,
        "without_url": 1,
        "unverified": 0,
    }
    messages = {Path(r["path"]).name: r for r in records if r["status"] not in ("ok", "notneeded")}
    assert "datalad get" in messages["mine"]["message"]
    assert messages["mine"]["status"] == "impossible"
    assert "404" in messages["d"]["message"]
    lab.put("other/d", content_of("other/d"))
    datalad("download-content", "-d", dataset, dataset / "other")
    assert (dataset / "other/d").read_bytes() == content_of("other/d")


def test_subdatasets(dataset: Path, lab: Lab) -> None:
    manifest = write_manifest("s.json", {"x/y": described("y", lab.put("y", content_of("y")))})
    datalad("download-manifest", "-d", dataset, manifest, dataset / "below")
    records = datalad("download-content", "-r", "-d", dataset)
    assert [r["counts"]["fetched"] for r in records if r["type"] == "dataset"] == [4, 1]
    assert (dataset / "below/x/y").read_bytes() == content_of("y")
    git(dataset / "below", "annex", "drop", "-q", "--force", ".")
    records = datalad("download-content", "-r", dataset / "below", cwd=dataset)
    assert [r["counts"]["fetched"] for r in records if r["type"] == "dataset"] == [1]


def test_too_small_a_disk_is_told_before(tmp_path: Path, lab: Lab) -> None:
    huge = {"urls": [lab.put("f", b"")], "size": 1 << 60, "digests": {"md5": "0" * 32}}
    datalad("download-manifest", write_manifest("m.json", {"f": huge}), "ds")
    (record,) = datalad("download-content", "-d", "ds", code=1)
    assert "not enough disk space: 1.2 EB needed" in record["message"]
    assert "annex.diskreserve keeps 100.0 MB" in record["message"]
    assert not lab.requests


FETCH = "datalad_jsdl.fetch.file.partfile"
ANNEX = "datalad_jsdl.repository.annex"
IMPORTER = "datalad_jsdl.repository.importing.importer"
WRITE = "datalad_jsdl.repository.importing.write"
NOTING = {
    "before it is noted that they are here": KillAt(f"{ANNEX}.location_logs:add_locations"),
    "before the note is written": KillAt(f"{WRITE}:write_annex_files"),
    "before it has a name": KillAt(f"{WRITE}:create_ref"),
    "before git-annex merges it": KillAt(f"{WRITE}:create_ref", after=True),
    "when git-annex has merged it": KillAt(f"{WRITE}:merge_annex_branch", after=True),
    "when it is noted": KillAt(f"{ANNEX}.location_logs:add_locations", after=True),
}
STEPS = {
    "in the midst of a file": KillAt(f"{FETCH}:PartFile.put", call=40),
    "before a file has its name": KillAt(f"{FETCH}:PartFile.finish", call=5),
    "when a file has its name": KillAt(f"{FETCH}:PartFile.finish", call=5, after=True),
    "before files are taken in": KillAt(f"{ANNEX}.intake:Intake.take"),
    "when some are taken in": KillAt(f"{ANNEX}.intake:Intake.take", call=5, after=True),
    **NOTING,
    "before git-annex commits the rest": KillAt(f"{IMPORTER}:Importer.catch_up", call=2),
}


def numbered(lab: Lab, count: int, folders: int) -> dict[str, dict[str, Any]]:
    """Members with numbers for names, in turn in each of some folders."""
    paths = [f"{number % folders}/{number}" for number in range(count)]
    return {path: described(path, lab.put(path, content_of(path))) for path in paths}


@pytest.mark.slow
def test_killed_at_any_step_the_next_run_goes_on(tmp_path: Path, lab: Lab) -> None:
    members = numbered(lab, 20, folders=7)
    large = content_of("large", 6_000_000)
    url = lab.put("large", large)
    members["large"] = described("large", url) | {"size": len(large)}
    members["large"]["digests"] = {"sha256": sha256(large)}
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    staging = dataset / ".git/annex/jsdl/staging"
    for step, kill in STEPS.items():
        done = run_datalad("download-content", "-d", dataset, kill=kill)
        assert done.code == -signal.SIGKILL, (step, done)
        for path in (dataset / ".git/annex/objects").rglob("*"):
            if path.is_file():  # nothing wrong is ever in the annex
                assert path.name.endswith(f"--{sha256(path.read_bytes())}"), step
        if step == "in the midst of a file":
            left = [f for f in staging.iterdir() if f.suffix != ".journal"]
            held = size_text(sum(file.stat().st_size for file in left))
            preview = of_dataset(datalad("download-content", "-n", "-d", dataset))["message"]
            assert f"({held} from an interrupted run)" in preview
        lab.requests.clear()
        datalad("download-content", "-d", dataset)
        assert len(present(dataset)) == 21, step
        git(dataset, "annex", "fsck", "-q")
        assert git(dataset, "status", "--short") == "", step
        if step == "in the midst of a file":
            (rest,) = [request for request in lab.requests if request.path == "/large"]
            assert int(rest.headers["Range"].removeprefix("bytes=").rstrip("-")) > 0
        assert not staging.exists(), (step, list(staging.iterdir()))
        git(dataset, "annex", "drop", "-q", "--force", ".")


@pytest.mark.parametrize("step", NOTING)
def test_killed_while_it_is_noted_git_annex_finds_it_alone(
    dataset: Path, tmp_path: Path, step: str
) -> None:
    git(tmp_path, "clone", "-q", dataset, "other")
    git(tmp_path / "other", "annex", "get", "-q", "--from", "web", ".")
    git(dataset, "fetch", "-q", tmp_path / "other", "git-annex:refs/remotes/other/git-annex")
    git(dataset, "annex", "merge", "-q")
    other = git(tmp_path / "other", "config", "annex.uuid")
    done = run_datalad("download-content", "-d", dataset, kill=NOTING[step])
    assert done.code == -signal.SIGKILL, done
    git(dataset, "annex", "fsck", "-q")
    git(dataset, "annex", "merge", "-q")
    own = git(dataset, "config", "annex.uuid")
    assert len(copies(dataset)) == 4
    assert all({own, other, WEB_UUID} <= places for places in copies(dataset).values())
    # what a killed run has left is taken up, and changes nothing
    before = copies(dataset)
    datalad("download-content", "-d", dataset)
    assert not (dataset / ".git/annex/jsdl/staging").exists()
    assert not git(dataset, "for-each-ref", "refs/heads/jsdl")
    git(dataset, "annex", "fsck", "-q")
    assert copies(dataset) == before


def copies(dataset: Path) -> dict[str, set[str]]:
    """Key → the UUIDs that git-annex has for it."""
    found = map(json.loads, git(dataset, "annex", "whereis", "--json").splitlines())
    return {one["key"]: {place["uuid"] for place in one["whereis"]} for one in found}


@pytest.mark.slow
def test_git_annex_gets_others_and_drops_meanwhile(tmp_path: Path, lab: Lab) -> None:
    members = numbered(lab, 300, folders=3)
    datalad("download-manifest", write_manifest("m.json", members), "ds")
    dataset = tmp_path / "ds"
    datalad("download-content", "-d", dataset, dataset / "2")
    commands = [
        ["datalad", "download-content", "-d", str(dataset), str(dataset / "0")],
        ["git", "-C", str(dataset), "annex", "get", "-q", "-J2", "1"],
        ["git", "-C", str(dataset), "annex", "drop", "-q", "--force", "2"],
        ["git", "-C", str(dataset), "annex", "whereis", "-q", "--json"],
    ]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    assert [process.wait() for process in running] == [0] * 4
    own = git(dataset, "config", "annex.uuid")
    before = {key: own in places for key, places in copies(dataset).items()}
    assert sum(before.values()) == len(present(dataset)) == 200
    git(dataset, "annex", "fsck", "-q")
    assert {key: own in places for key, places in copies(dataset).items()} == before
    assert not list((dataset / ".git/annex/journal").iterdir())


def test_ctrl_c_leaves_nothing_locked(dataset: Path, lab: Lab) -> None:
    for path in PATHS:
        lab.files[f"/{path}"].rate = 300
    kill = KillAt(f"{FETCH}:PartFile.put", call=2, signal=signal.SIGINT)
    done = run_datalad("download-content", "-d", dataset, kill=kill)
    assert done.code == 3
    assert re.search(r"^Interrupted\. \d+ bytes kept; run the same command", done.stderr, re.M)
    assert "magic" not in done.stderr
    for path in PATHS:
        lab.files[f"/{path}"].rate = 0
    datalad("download-content", "-d", dataset)
    git(dataset, "annex", "fsck", "-q")
    assert len(present(dataset)) == 5


def test_two_at_once_and_a_get_beside_them(dataset: Path, lab: Lab) -> None:
    for path in PATHS:
        lab.files[f"/{path}"].delay = 0.3
    commands = [
        ["datalad", "download-content", "-d", str(dataset)],
        ["datalad", "download-content", "-d", str(dataset)],
        ["git", "-C", str(dataset), "annex", "get", "-J2", "."],
        ["git", "-C", str(dataset), "annex", "get", "."],
    ]
    running = [
        subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for c in commands
    ]
    said = [process.communicate()[0].decode() for process in running]
    codes = [process.returncode for process in running]
    # one of the two may find the other at work; nothing else may go wrong for all
    assert 0 in codes[:2], said
    assert all("another" in text for code, text in zip(codes[:2], said[:2], strict=True) if code)
    datalad("download-content", "-d", dataset)
    git(dataset, "annex", "fsck", "-q")
    assert len(present(dataset)) == 5
    assert git(dataset, "status", "--short") == ""


def test_wrong_content_of_one_mirror_is_told_of(
    tmp_path: Path, lab: Lab, ready: Callable[..., Path]
) -> None:
    urls = publish(lab, PATHS)
    members = {}
    for path, url in urls.items():
        bad = lab.put(f"bad/{path}", content_of(path), corrupt_at=0.5)
        members[path] = described(path, bad, url)
    dataset = ready(members, tmp_path / "ds")
    ended = run_datalad("download-content", "-d", dataset)
    assert ended.code == 0
    text = " ".join((ended.stdout + ended.stderr).split())
    assert f"4 files: {lab.url} delivered wrong content (wrong size or digest), and" in text
    assert "all verified" in text


@pytest.mark.parametrize("ranges", [True, False])
def test_what_an_earlier_run_has_left_is_told_of(dataset: Path, lab: Lab, ranges: bool) -> None:
    lab.put("other/d", content_of("other/d"), cut_at=0.5)
    datalad("download-content", "-d", dataset, code=1)
    lab.put("other/d", content_of("other/d"), ranges=ranges)
    ended = run_datalad("download-content", "-d", dataset)
    text = " ".join((ended.stdout + ended.stderr).split())
    assert " 1500 bytes kept, 1500 bytes in " in text
    assert ("1500 bytes had to be downloaded again: a mirror cannot" in text) is not ranges
