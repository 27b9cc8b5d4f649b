"""The exit codes that the page on the commands promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab import Lab
from tests.portal import described, write_manifest
from tests.running import run_datalad

IGNORE = ("--on-failure", "ignore")


@pytest.fixture
def manifest(tmp_path: Path, lab: Lab) -> Path:
    """One entry that is right."""
    return write_manifest("m.json", {"a": described("a", lab.put("a", b"content"))})


@pytest.fixture
def refused(tmp_path: Path, lab: Lab) -> Path:
    """The same, and one that leads out of the dataset."""
    url = lab.put("a", b"content")
    return write_manifest("r.json", {"a": described("a", url), "../b": described("b", url)})


def code(*args: str | Path) -> int:
    return run_datalad(*args).code


def test_done_and_nothing_to_do(manifest: Path) -> None:
    assert code("download-manifest", manifest, "ds") == 0
    assert code("download-manifest", manifest, "ds") == 0


def test_a_refused_entry_is_a_failure_and_the_others_are_imported(
    tmp_path: Path, refused: Path
) -> None:
    assert code("download-manifest", refused, "ds") == 1
    assert (tmp_path / "ds/a").is_symlink()
    assert code("download-manifest", "--dry-run", refused, "ds") == 1
    assert code("download-manifest", "--check", refused, "ds") == 1
    assert code(*IGNORE, "download-manifest", refused, "other") == 0


def test_entries_that_are_left_out_on_purpose_are_none(refused: Path) -> None:
    assert code("download-manifest", "--include", "a", refused, "ds") == 0


def test_a_file_that_is_not_there_is_a_failure(manifest: Path, lab: Lab) -> None:
    lab.files["/a"].status = 404
    assert code("download-manifest", manifest, "ds") == 0
    assert code("download-content", "-d", "ds") == 1
    assert code("export-archive", "-d", "ds", "a.zip") == 1
    assert code("export-archive", "-d", "ds", "--missing-content", "continue", "a.zip") == 0


def test_a_wrong_command_line() -> None:
    assert code("download-manifest") == 2
    assert code("download-list", "nonsense") == 2
    assert code("download-content", "-d", "nowhere") == 2
