"""Several at work in one dataset at the same time: they wait for each other."""

from __future__ import annotations

import fcntl
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository import locks
from datalad_jsdl.repository.git.running import Git
from tests.conftest import run
from tests.portal import datalad, described, entries, git, write_manifest
from tests.running import run_datalad, start_datalad

URL = "https://a.example/f"


def at_once(*commands: list[str]) -> None:
    """Run datalad several times at the same time; all must succeed."""
    with ThreadPoolExecutor(len(commands)) as pool:
        jobs = list(pool.map(lambda command: run_datalad(*command), commands))
    assert [job.code for job in jobs] == [0] * len(jobs), jobs


def test_subdatasets_of_one_dataset(tmp_path: Path) -> None:
    write_manifest("m.json", {"f": described("f", URL)})
    datalad("create", "super")
    at_once(*(["download-manifest", "-d", "super", "m.json", f"super/s{n}"] for n in range(3)))
    listed = git(tmp_path / "super", "ls-files", "--stage")
    assert listed.count("160000") == 3
    assert git(tmp_path / "super", "status", "--short") == ""


def test_one_dataset_is_made_once(tmp_path: Path) -> None:
    write_manifest("one.json", {"f": described("f", URL)})
    write_manifest("two.json", {"g": described("g", URL)})
    at_once(*(["download-manifest", f"{n}.json", "study"] for n in ("one", "two")))
    assert len(git(tmp_path / "study", "log", "--format=%s").splitlines()) == 3
    assert git(tmp_path / "study", "status", "--short") == ""


def test_parts_of_several_manifests(tmp_path: Path) -> None:
    write_manifest("one.json", {"s//f": described("f", URL)})
    write_manifest("two.json", {"s//g": described("g", URL), "s//t//h": described("h", URL)})
    at_once(*(["download-manifest", f"{n}.json", "study"] for n in ("one", "two")))
    for folder in ("study", "study/s", "study/s/t"):
        assert git(tmp_path / folder, "status", "--short") == ""


# runs git, and removes the lock when git has met it three times
LENIENT = """#!/bin/sh
{real} "$@" 2>said.$$
code=$?
cat said.$$ >&2
grep -q "index.lock'" said.$$ && echo >>{met} && [ "$(wc -l <{met})" -ge 3 ] && rm -f {lock}
rm said.$$
exit $code
"""


def test_a_lock_of_git_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datalad("create", "study")
    lock, met = tmp_path / "study/.git/index.lock", tmp_path / "met"
    lock.touch()
    manifest = write_manifest("m.json", {"f": described("f", URL)})
    stub = tmp_path / "bin/git"
    stub.parent.mkdir()
    script = LENIENT.format(real=shutil.which("git"), met=met, lock=lock)
    stub.write_text(script.replace("said.$$", f"{stub.parent}/said.$$"))
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(stub.parent), prepend=os.pathsep)
    assert entries(datalad("download-manifest", manifest, "study")) == {"f": "added"}
    assert len(met.read_text()) == 3
    assert git(tmp_path / "study", "status", "--short") == ""


def test_a_lock_that_stays_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("git", "init", "-q", "study")
    git_ = Git(tmp_path / "study")
    lock = tmp_path / "study/.git/index.lock"
    lock.touch()
    (tmp_path / "study/f").touch()
    monkeypatch.setattr(locks, "_SECONDS", 0)
    with pytest.raises(DatasetError, match="If no git process is running there") as caught:
        locks.patiently(git_, lambda: git_.run("add", "f"))
    assert str(lock) in str(caught.value)
    assert "remove the file manually" not in str(caught.value)


def test_what_is_committed_meanwhile_is_kept(tmp_path: Path) -> None:
    datalad("create", "study")
    study = tmp_path / "study"
    # git itself calls it when it has written the index: the moment before the branch moves
    hook = study / ".git/hooks/post-index-change"
    hook.write_text(
        '#!/bin/sh\ncase "$GIT_INDEX_FILE" in *annex*) exit;; esac\n'
        "rm .git/hooks/post-index-change\n"
        'git update-ref HEAD "$(git commit-tree -p HEAD -m theirs HEAD^{tree})"\n'
    )
    hook.chmod(0o755)
    manifest = write_manifest("m.json", {"f": described("f", URL)})
    assert entries(datalad("download-manifest", manifest, "study")) == {"f": "added"}
    assert "theirs" in git(study, "log", "--format=%s")
    assert (study / "f").is_symlink()
    assert git(study, "status", "--short") == ""


def test_a_lock_file_that_nobody_holds_is_in_nobodys_way(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", {"f": described("f", URL)})
    datalad("download-manifest", manifest, "study")
    assert (tmp_path / "study/.git/annex/jsdl.lck").exists()  # as one that was killed leaves it
    assert entries(datalad("download-manifest", "--report", "all", manifest, "study")) == {
        "f": "unchanged"
    }


def test_who_waits_says_so(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", {"f": described("f", URL)})
    datalad("download-manifest", manifest, "study")
    with open(tmp_path / "study/.git/annex/jsdl.lck", "w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        read, write = os.pipe()
        with open(os.devnull, "r+b") as null, os.fdopen(write, "wb", 0) as err:
            command = ("download-manifest", manifest, "study")
            job = start_datalad(*command, streams=(null, null, err))
        with os.fdopen(read) as said:
            assert any("waiting for another download" in line for line in said)
            fcntl.lockf(file, fcntl.LOCK_UN)
            said.read()
    assert job.wait() == 0


@pytest.mark.skipif(os.name == "nt", reason="a folder cannot be locked there")
def test_the_folder_of_a_dataset_in_the_making_is_locked(tmp_path: Path) -> None:
    with locks.making(tmp_path / "new/study"):
        descriptor = os.open(tmp_path / "new", os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(descriptor)
