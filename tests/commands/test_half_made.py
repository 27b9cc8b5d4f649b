"""A dataset whose making was killed, and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import run
from tests.portal import datalad, described, entries, git, write_manifest

URL = "https://a.example/f"


@pytest.mark.parametrize(
    "got_to", ["git", "folder", "annex", pytest.param("datalad", marks=pytest.mark.slow)]
)
def test_killed_while_the_dataset_was_made(tmp_path: Path, got_to: str) -> None:
    manifest = write_manifest("m.json", {"f": described("f", URL)})
    dataset = tmp_path / "ds"
    run("git", "init", "-q", dataset)
    if got_to == "folder":
        (dataset / ".git/annex").mkdir()
    if got_to in ("annex", "datalad"):
        git(dataset, "annex", "init", "-q")
    if got_to == "datalad":
        (dataset / ".datalad").mkdir()
    assert entries(datalad("download-manifest", "-n", manifest, "ds")) == {"f": "added"}
    assert entries(datalad("download-manifest", manifest, "ds")) == {"f": "added"}
    assert git(dataset, "status", "--short") == ""
    assert "datalad.dataset.id" in git(dataset, "config", "-f", ".datalad/config", "--list")
    assert len(git(dataset, "log", "--format=%s").splitlines()) == 2  # its making, and the import


def test_a_repository_without_a_commit_that_has_files_is_left_as_it_is(
    tmp_path: Path,
) -> None:
    dataset = tmp_path / "ds"
    run("git", "init", "-q", dataset)
    git(dataset, "annex", "init", "-q")
    (dataset / "mine").write_text("mine")
    datalad("download-manifest", write_manifest("m.json", {"f": [URL]}), "ds")
    assert git(dataset, "status", "--short") == "?? mine"
    assert len(git(dataset, "log", "--format=%s").splitlines()) == 1  # the import alone


def test_nothing_is_made_in_what_is_no_dataset(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", {"s//f": described("f", URL)})
    run("git", "init", "-q", "plain")
    git(tmp_path / "plain", "commit", "-q", "--allow-empty", "-m", "theirs")
    (record,) = datalad("download-manifest", manifest, "plain", code=1)
    assert "without an annex" in record["message"]
    assert not (tmp_path / "plain/s").exists()


def test_an_empty_clone_is_none_that_was_begun(tmp_path: Path) -> None:
    manifest = write_manifest("m.json", {"f": described("f", URL)})
    run("git", "init", "-q", "--bare", "theirs")
    run("git", "clone", "-q", "theirs", "clone")
    (record,) = datalad("download-manifest", manifest, "clone", code=1)
    assert "If it is a clone of a dataset" in record["message"]
    assert not (tmp_path / "clone/.datalad").exists()
