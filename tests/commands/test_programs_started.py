"""How many git processes a command starts, DataLad's own and git-annex's included.

Each costs some milliseconds: with many small datasets that is most of what a command takes.
git itself writes down each of its starts, also of those that git-annex makes (api-trace2).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.portal import datalad, described, git, publish, write_manifest

_IMPORT = ["git annex version", "git --git-dir=/dev/null config"]  # the second is DataLad's


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Filled by `count`."""
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "trace"))
    return []


def count(*command: str | Path) -> list[str]:
    """The git commands that a datalad command starts."""
    trace = Path("trace")
    trace.unlink(missing_ok=True)
    datalad(*command)
    events = map(json.loads, trace.read_text().splitlines())
    return [" ".join(event["argv"]) for event in events if event["event"] == "start"]


@pytest.fixture
def manifest(lab: Lab, started: list[str]) -> Path:
    (url,) = publish(lab, ["a/f.nii"]).values()
    return write_manifest("m.json", {"a/f.nii": described("a/f.nii", url)})


def test_an_unchanged_import(manifest: Path) -> None:
    datalad("download-manifest", manifest, "study")
    found = count("download-manifest", manifest, "study")
    assert [line for line in found if line.startswith(tuple(_IMPORT))], found
    assert len(found) <= 13, "\n".join(found)


def test_an_unchanged_import_into_a_clone(manifest: Path, tmp_path: Path) -> None:
    datalad("download-manifest", manifest, "study")
    git(tmp_path, "clone", "-q", "study", "clone")
    datalad("download-manifest", manifest, "clone")
    found = count("download-manifest", manifest, "clone")
    # one more: whether git-annex has merged the branch of the other one
    assert len(found) <= 14, "\n".join(found)


def test_an_unchanged_import_with_content(manifest: Path) -> None:
    datalad("download-manifest", "--get", manifest, "study")
    found = count("download-manifest", "--get", manifest, "study")
    assert len(found) <= 17, "\n".join(found)


def test_an_unchanged_import_on_an_adjusted_branch(manifest: Path, tmp_path: Path) -> None:
    datalad("download-manifest", manifest, "study")
    git(tmp_path / "study", "annex", "adjust", "--unlock")
    datalad("download-manifest", manifest, "study")
    found = count("download-manifest", manifest, "study")
    assert len(found) <= 19, "\n".join(found)


def test_a_dry_run(manifest: Path) -> None:
    datalad("download-manifest", manifest, "study")
    found = count("download-manifest", "--dry-run", manifest, "study")
    assert len(found) <= 11, "\n".join(found)


def test_nothing_to_download(manifest: Path) -> None:
    datalad("download-manifest", "--get", manifest, "study")
    found = count("download-content", "-d", "study")
    assert len(found) <= 14, "\n".join(found)


def test_exports(manifest: Path) -> None:
    datalad("download-manifest", "--get", manifest, "study")
    found = count("export-archive", "-t", "zip", "-d", "study", "study.zip")
    assert len(found) <= 20, "\n".join(found)
    found = count("export-manifest", "-d", "study", "out.json")
    assert len(found) <= 13, "\n".join(found)
