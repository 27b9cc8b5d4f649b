"""A commit, folder by folder: what git and git-annex themselves say of it, in pages."""

from __future__ import annotations

import json
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from datalad_jsdl.errors import DatasetError, NothingThereError
from datalad_jsdl.repository import folders as module
from datalad_jsdl.repository.annex.keys import branch_path, journal_name
from datalad_jsdl.repository.folders import Folders
from datalad_jsdl.repository.repository import Repository
from datalad_jsdl.repository.rows import Kind, Row
from datalad_jsdl.repository.walk import Walked, walk
from tests.conftest import run
from tests.portal import MTIME, datalad, described, git, write_manifest

_OTHER = "f" * 40


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """One of each kind; nothing of it is here but what git itself keeps."""
    members = {
        "a/b/f.nii": described("f", "https://a.example/f", mtime=MTIME),
        "a/run.sh": described("r", "https://a.example/r", executable=True),
        "a.txt": {"urls": ["https://a.example/t"]},
        "a/ü": described("u", "https://a.example/u", size=None),
    }
    del members["a/ü"]["size"]
    datalad("download-manifest", write_manifest("m.json", members), "study")
    study = tmp_path / "study"
    (study / "a/notes").write_text("hello")
    (study / "a/tool").write_text("#!/bin/sh\n")
    (study / "a/tool").chmod(0o755)
    (study / "a/link").symlink_to("notes")
    git(study, "-c", "annex.largefiles=nothing", "add", "a")
    git(study, "update-index", "--add", "--cacheinfo", f"160000,{_OTHER},a/sub")
    git(study, "commit", "-q", "-m", "more")
    return study


def names(rows: tuple[Row, ...]) -> list[str]:
    return [row.name for row in rows]


def test_rows(study: Path) -> None:
    repository, folders = Repository(study), Folders()
    rows = {row.path: row for row in folders.rows(repository, "HEAD", "a")}
    listed = git(study, "ls-tree", "HEAD:a").splitlines()
    oids = {line.split("\t")[1]: line.split()[2] for line in listed if " tree " not in line}
    assert {row.name: row.oid for row in rows.values() if row.oid} | {"ü": ""} == {
        **{name: oid for name, oid in oids.items() if not name.startswith('"')},
        "ü": "",
    }
    assert rows["a/notes"] == Row("notes", "a/notes", Kind.FILE, 5, oid=oids["notes"])
    assert rows["a/tool"].executable
    assert (rows["a/link"].kind, rows["a/link"].size) == (Kind.SYMLINK, 5)
    assert (rows["a/sub"].kind, rows["a/sub"].size, rows["a/sub"].oid) == (
        Kind.SUBDATASET, None, _OTHER,
    )  # fmt: skip
    assert (rows["a/run.sh"].executable, rows["a/run.sh"].size) == (True, 3000)
    assert rows["a/ü"].size is None
    for name in ("run.sh", "ü"):
        found = json.loads(
            run("git", "annex", "find", "--anything", "--json", f"a/{name}", cwd=study)
        )
        assert rows[f"a/{name}"].key == found["key"]
    (inner,) = folders.rows(repository, "HEAD", "a/b")
    when = datetime.fromisoformat(MTIME.replace("Z", "+00:00"))
    assert inner.mtime == when
    assert inner.mtime.tzinfo is timezone.utc


def test_totals(study: Path) -> None:
    repository, folders = Repository(study), Folders()
    link, notes, tool = 5, 5, 10
    size = 3000 + 3000 + link + notes + tool
    expected = Row("a", "a", Kind.FOLDER, size, files=6, unsized=1)
    assert folders.total(repository, "HEAD", "a") == expected
    assert expected in folders.rows(repository, "HEAD")
    tracked = git(study, "ls-files", "-z").split("\0")
    whole = folders.total(repository, "HEAD")
    assert (whole.path, whole.files) == ("", len([n for n in tracked if n]) - 1)


def test_pages_have_every_name_once_in_the_order_of_git(study: Path) -> None:
    repository, folders = Repository(study), Folders()
    for folder in ("", "a"):
        listed = subprocess.check_output(
            ["git", "ls-tree", "-z", "--name-only", f"HEAD:{folder}"], cwd=study
        )
        expected = listed.decode().split("\0")[:-1]
        assert names(folders.rows(repository, "HEAD", folder)) == expected
        for limit in (1, 2, 3):
            found: list[str] = []
            while page := folders.rows(
                repository, "HEAD", folder, after=found[-1] if found else "", limit=limit
            ):
                assert len(page) <= limit
                found += names(page)
            assert found == expected
    assert names(folders.rows(repository, "HEAD", "a", after="m")) == [
        "notes",
        "run.sh",
        "sub",
        "tool",
        "ü",
    ]


def test_nothing_there(study: Path) -> None:
    repository, folders = Repository(study), Folders()
    for revision, folder in (
        ("HEAD", "b"),
        ("HEAD", "a/notes"),
        ("HEAD", "a/"),
        ("no", ""),
        ("", ""),
        ("--all", ""),
        ("no\0", ""),
        ("\ud800", ""),
        ("^HEAD", ""),
        ("HEAD..HEAD", ""),
        ("HEAD^{tree}", ""),
        ("@{u}", ""),
        ("HEAD@{9}", ""),
        ("no@{u}~1", ""),
    ):
        with pytest.raises(NothingThereError):
            folders.rows(repository, revision, folder)


def test_a_git_that_cannot_say_is_not_one_that_says_no(study: Path) -> None:
    commit = git(study, "rev-parse", "HEAD")
    lost = study / ".git/objects" / commit[:2] / commit[2:]
    lost.chmod(0o644)
    lost.write_bytes(b"")
    for revision in ("HEAD", "HEAD@{u}", "@{u}"):
        with pytest.raises(DatasetError) as found:
            Folders().rows(Repository(study), revision)
        assert not isinstance(found.value, NothingThereError)


def test_a_bare_clone_says_the_same(study: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", "study", "bare.git")
    for folder in ("", "a", "a/b"):
        here = Folders().rows(Repository(study), "HEAD", folder)
        assert Folders().rows(Repository(tmp_path / "bare.git"), "HEAD", folder) == here


def test_unlocked_files_and_another_commit(study: Path) -> None:
    repository, folders = Repository(study), Folders(most=1)
    before = folders.rows(repository, "HEAD", "a/b")
    git(study, "annex", "unlock", "a/b/f.nii")
    git(study, "commit", "-q", "-m", "unlocked")
    (row,) = folders.rows(repository, "HEAD", "a/b")
    assert (row.key, row.size, row.mtime) == (before[0].key, before[0].size, before[0].mtime)
    assert row.oid != before[0].oid
    assert folders.rows(repository, "HEAD~1", "a/b") == before


def test_a_time_that_is_recorded_later_is_seen(study: Path, tmp_path: Path) -> None:
    repository, folders = Repository(study), Folders()
    commit = git(study, "rev-parse", "HEAD")
    (row,) = [row for row in folders.rows(repository, commit, "a") if row.name == "run.sh"]
    assert row.mtime is None
    later = described("r", "https://a.example/r", executable=True, mtime=MTIME)
    datalad("download-manifest", write_manifest("later.json", {"a/run.sh": later}), "study")
    (row,) = [row for row in folders.rows(repository, commit, "a") if row.name == "run.sh"]
    assert row.mtime is not None


def test_a_time_that_is_only_in_the_journal_is_seen(study: Path) -> None:
    """As with annex.alwayscommit=false: the branch stays as it is."""
    repository, folders = Repository(study), Folders()

    def runner() -> Row:
        rows = folders.rows(repository, "HEAD", "a")
        return next(row for row in rows if row.name == "run.sh")

    assert runner().mtime is None
    branch = git(study, "rev-parse", "git-annex")
    (timed,) = folders.rows(repository, "HEAD", "a/b")
    state = git(study, "show", f"git-annex:{branch_path(timed.key)}.rmt")
    journal = study / ".git/annex/journal"
    journal.mkdir(exist_ok=True)
    file = journal / journal_name(f"{branch_path(runner().key)}.rmt")
    file.write_text(f"{state}\n")
    assert runner().mtime == timed.mtime
    assert git(study, "rev-parse", "git-annex") == branch
    later = datetime.fromisoformat(MTIME.replace("Z", "+00:00")).replace(year=2020)
    file.write_text(file.read_text().replace("2024-05-01", "2020-05-01"))
    assert runner().mtime == later
    git(study, "annex", "merge")  # and git-annex takes it for its own
    git(study, "annex", "whereis", "a/run.sh")
    assert runner().mtime == later


class Asked(Repository):
    """Counts how often it was asked for a commit."""

    asked = 0
    lock = threading.Lock()

    def refresh(self) -> None:
        super().refresh()
        with self.lock:
            Asked.asked += 1


class Walks:
    """In the place of `walk`: each begins only when the gate is open, as the last of a crowd does.

    Args:
        slow: the commit that it is for.
    """

    def __init__(self, slow: str) -> None:
        self.slow = slow
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.commits: list[str] = []
        self.problem: Exception | None = None

    def __call__(self, repository: Repository, commit: str) -> Walked:
        self.commits.append(commit)
        if commit == self.slow:
            self.begun.set()
            self.gate.wait()
            if self.problem:
                raise self.problem
        return walk(repository, commit)


@pytest.fixture
def walks(study: Path, monkeypatch: pytest.MonkeyPatch) -> Walks:
    walks = Walks(git(study, "rev-parse", "HEAD"))
    monkeypatch.setattr(module, "walk", walks)
    monkeypatch.setattr(Asked, "asked", 0)
    return walks


READERS = 8


def test_of_those_who_come_at_once_one_walks(study: Path, walks: Walks) -> None:
    folders = Folders(most=1)
    with ThreadPoolExecutor(READERS) as pool:
        came = [pool.submit(folders.rows, Asked(study), "HEAD") for _ in range(READERS)]
        walks.begun.wait()
        other = git(study, "rev-parse", "HEAD~1")
        assert folders.rows(Repository(study), other)  # nobody there waits for them
        while Asked.asked < READERS:
            threading.Event().wait(0.01)
        walks.gate.set()
        found = [future.result() for future in came]
    assert sorted(walks.commits) == sorted([walks.slow, other])
    assert found == [Folders().rows(Repository(study), "HEAD")] * READERS


def test_what_stops_the_one_stops_all_of_them_and_nobody_later(study: Path, walks: Walks) -> None:
    folders = Folders()
    walks.problem = DatasetError("the disk is gone")
    with ThreadPoolExecutor(READERS) as pool:
        came = [pool.submit(folders.rows, Asked(study), "HEAD") for _ in range(READERS)]
        while Asked.asked < READERS:
            threading.Event().wait(0.01)
        walks.gate.set()
        assert all(isinstance(future.exception(), DatasetError) for future in came)
    walks.problem = None
    assert folders.rows(Repository(study), "HEAD")
