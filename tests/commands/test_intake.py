"""How content gets into the annex: as git-annex itself puts it there, in any repository."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from datalad_jsdl.repository.annex.intake import Intake, is_plain
from datalad_jsdl.repository.annex.keys import key_from_link
from datalad_jsdl.repository.repository import Repository
from tests.lab import Lab
from tests.portal import content_of, datalad, described, git, publish

PATHS = ["a.txt", "sub/b.nii.gz"]


@pytest.fixture
def dataset(tmp_path: Path, lab: Lab, ready: Callable[..., Path]) -> Path:
    members = {path: described(path, url) for path, url in publish(lab, PATHS).items()}
    return ready(members, tmp_path / "ds")


def download(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run download-content; whether `git annex reinject` had a part in it."""
    trace = dataset.parent / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    datalad("download-content", "-d", dataset)
    monkeypatch.delenv("GIT_TRACE")
    return "annex reinject" in trace.read_text()


def assert_here(dataset: Path) -> None:
    for path in PATHS:
        assert (dataset / path).read_bytes() == content_of(path)
        assert "[here]" in git(dataset, "annex", "whereis", path)
    git(dataset, "annex", "fsck", "-q")
    assert git(dataset, "status", "--short") == ""
    assert not (dataset / ".git/annex/jsdl/staging").exists()


def modes(dataset: Path) -> dict[str, int]:
    objects = dataset / ".git/annex/objects"
    return {str(p.relative_to(objects)): p.stat().st_mode for p in objects.rglob("*")}


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_what_is_verified_lies_as_git_annex_puts_it(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, umask: int
) -> None:
    before = os.umask(umask)
    try:
        git(dataset, "annex", "get", "-q", ".")
        theirs = modes(dataset)
        git(dataset, "annex", "drop", "-q", "--force", ".")
        assert not download(dataset, monkeypatch)
    finally:
        os.umask(before)
    assert modes(dataset) == theirs
    assert {os.stat(dataset / path).st_nlink for path in PATHS} == {1}
    assert_here(dataset)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("core.sharedRepository", "group"),
        pytest.param("annex.freezecontent-command", "touch %path.frozen", marks=pytest.mark.slow),
        pytest.param("annex.pidlock", "true", marks=pytest.mark.slow),
    ],
)
def test_a_repository_in_which_there_is_more_to_do_is_left_to_git_annex(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    git(dataset, "config", name, value)
    assert download(dataset, monkeypatch)
    assert_here(dataset)


def test_an_unlocked_file_gets_its_content_wherever_it_is(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_from_link(os.readlink(dataset / "a.txt"))
    (dataset / "other").mkdir()
    git(dataset, "annex", "fromkey", "-q", "--force", key or "", "other/a.txt")
    git(dataset, "annex", "unlock", "-q", "other/a.txt")
    git(dataset, "commit", "-q", "-m", "unlocked")
    trace = dataset.parent / "trace"
    monkeypatch.setenv("GIT_TRACE", str(trace))
    datalad("download-content", "-d", dataset, dataset / "a.txt", dataset / "sub")
    monkeypatch.delenv("GIT_TRACE")
    assert "annex reinject" in trace.read_text()
    assert (dataset / "other/a.txt").read_bytes() == content_of("a.txt")
    assert_here(dataset)


def test_a_private_repository_stays_private(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", dataset, "clone")
    clone = tmp_path / "clone"
    git(clone, "config", "annex.private", "true")
    git(clone, "annex", "init", "-q")
    download(clone, monkeypatch)
    assert_here(clone)
    uuid = git(clone, "config", "annex.uuid")
    assert uuid not in git(clone, "log", "-p", "git-annex")


def test_killed_before_it_was_recorded_the_next_run_does_it(dataset: Path) -> None:
    key = os.path.basename(os.readlink(dataset / "a.txt"))
    staging = dataset / ".git/annex/jsdl/staging"
    staging.mkdir(parents=True)
    (staging / key).write_bytes(content_of("a.txt"))
    assert Intake(Repository(dataset)).take(staging / key)
    assert "[here]" not in git(dataset, "annex", "whereis", "a.txt")
    datalad("download-content", "-d", dataset)
    assert_here(dataset)
    # and where nothing at all is missing
    git(dataset, "annex", "drop", "-q", "--force", "a.txt")
    staging.mkdir(parents=True)
    (staging / key).write_bytes(content_of("a.txt"))
    assert Intake(Repository(dataset)).take(staging / key)
    datalad("download-content", "-d", dataset)
    assert_here(dataset)


def test_what_a_power_cut_left_is_verified_again(dataset: Path, lab: Lab) -> None:
    key = os.path.basename(os.readlink(dataset / "a.txt"))
    staging = dataset / ".git/annex/jsdl/staging"
    staging.mkdir(parents=True)
    (staging / key).write_bytes(b"\0" * len(content_of("a.txt")))
    datalad("download-content", "-d", dataset, code=1)
    assert not (dataset / "a.txt").exists()
    datalad("download-content", "-d", dataset)
    assert_here(dataset)


def test_content_that_came_meanwhile_stays(dataset: Path) -> None:
    git(dataset, "annex", "get", "-q", "a.txt")
    key = os.path.basename(os.readlink(dataset / "a.txt"))
    staging = dataset / ".git/annex/jsdl/staging"
    staging.mkdir(parents=True)
    (staging / key).write_bytes(content_of("a.txt"))
    inode = (dataset / "a.txt").stat().st_ino
    intake = Intake(Repository(dataset))
    assert intake.take(staging / key)
    assert not intake.record([staging / key])
    assert (dataset / "a.txt").stat().st_ino == inode
    assert not any(staging.iterdir())


PLAIN = {"annex.version": "10", "annex.uuid": "u"}


@pytest.mark.parametrize(
    ("config", "plain"),
    [
        ({}, True),
        ({"annex.crippledfilesystem": "false", "core.sharedrepository": "0"}, True),
        ({"annex.crippledfilesystem": "true"}, False),
        ({"annex.securehashesonly": ""}, False),  # a name without a value is true
        ({"annex.thawcontent-command": "true"}, False),
        ({"annex.tune.objecthashlower": "true"}, False),
        ({"annex.version": "11"}, False),
        ({"annex.uuid": ""}, False),
        ({"core.sharedrepository": "0640"}, False),
    ],
)
def test_plain_repositories(config: dict[str, str], plain: bool) -> None:
    assert is_plain(PLAIN | config) is plain
