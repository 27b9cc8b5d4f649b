"""Commands that only read write nothing into the repository, and still know all of its news."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.repository import Repository
from tests.lab import Lab
from tests.portal import datalad, described, git, publish, write_manifest


def snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """What is in a folder: kinds, permissions, times and content."""
    found: dict[str, tuple[Any, ...]] = {}
    for place in sorted(folder.rglob("*")):
        name = place.relative_to(folder).as_posix()
        status = place.lstat()
        content = place.read_bytes() if place.is_file() else b""
        found[name] = (status.st_mode, status.st_mtime_ns, hashlib.sha256(content).hexdigest())
    return found


@pytest.fixture
def study(lab: Lab, tmp_path: Path) -> Path:
    """A dataset with one file that is here and one that is not."""
    urls = publish(lab, ["a/f.nii", "g.nii"])
    write_manifest("m.json", {path: described(path, url) for path, url in urls.items()})
    datalad("download-manifest", "m.json", "study")
    datalad("download-content", "-d", "study", "study/a")
    return tmp_path / "study"


READING = {
    "archives": [
        ["export-archive", "-t", "zip", "--mtime", "commit", "out.zip", "-d"],
        ["export-archive", "-t", "zip", "--dry-run", "other.zip", "-d"],
    ],
    "manifests": [
        ["export-manifest", "out.json", "-d"],
        ["download-content", "--dry-run", "-d"],
    ],
    "previews": [
        ["download-manifest", "--dry-run", "m.json"],
        ["download-manifest", "--check", "m.json"],
    ],
}


@pytest.mark.parametrize("commands", READING.values(), ids=READING)
def test_nothing_is_written(study: Path, commands: list[list[str]]) -> None:
    # to git a work tree that was touched is one that it looks at again, and notes that
    os.utime(study / "a/f.nii", (1, 1), follow_symlinks=False)
    before = snapshot(study / ".git")
    for command in commands:
        datalad(*command, "study")
    assert snapshot(study / ".git") == before


@pytest.mark.parametrize("commands", READING.values(), ids=READING)
def test_nothing_is_written_into_a_clone_that_git_annex_has_not_seen(
    study: Path, tmp_path: Path, commands: list[list[str]]
) -> None:
    git(tmp_path, "clone", "-q", "study", "clone")
    before = snapshot(tmp_path / "clone/.git")
    for command in commands:
        datalad(*command, "clone")
    assert snapshot(tmp_path / "clone/.git") == before
    for file in tmp_path.glob("out.json"):
        assert "a/f.nii" in file.read_text()


def urls_of(dataset: Path, key: str) -> list[str]:
    with KeyLookup(Repository(dataset)) as lookup:
        ((_, urls, _),) = lookup.find_all([key])
    ((_, record),) = Repository(dataset).annex.records([key])
    assert sorted(record.urls) == sorted(urls)
    return sorted(urls)


def test_what_is_not_merged_or_committed_yet_is_read(study: Path, tmp_path: Path) -> None:
    key = Path(os.readlink(study / "g.nii")).name
    (first,) = urls_of(study, key)
    git(tmp_path, "clone", "-q", "study", "clone")
    clone = tmp_path / "clone"
    assert urls_of(clone, key) == [first]  # of the other one's branch: it has none of its own
    git(clone, "annex", "init", "-q")
    git(study, "annex", "registerurl", key, "https://b.example/g")
    git(clone, "fetch", "-q")
    git(clone, "-c", "annex.alwayscommit=false", "annex", "registerurl", key, "https://c.example/g")
    git(study, "annex", "unregisterurl", key, first)
    git(clone, "fetch", "-q")
    before = snapshot(clone / ".git")
    assert urls_of(clone, key) == ["https://b.example/g", "https://c.example/g"]
    assert not Repository(clone).is_merged
    assert snapshot(clone / ".git") == before
    git(clone, "annex", "numcopies")  # as any command of git-annex's does
    assert Repository(clone).is_merged
    assert urls_of(clone, key) == ["https://b.example/g", "https://c.example/g"]
