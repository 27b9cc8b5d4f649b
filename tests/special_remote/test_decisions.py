"""What is decided about mirrors is in the debug log, and nothing secret with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.lab import Lab
from tests.portal import content_of, datalad, described, write_manifest

DEBUG = ["git", "annex", "get", "--debug", "--from", "jsdl"]
GET = ["datalad", "-l", "debug", "get", "-s", "jsdl"]
CONTENT = ["datalad", "-l", "debug", "download-content"]


def said(command: list[str], dataset: Path, env: dict[str, str] | None = None) -> str:
    """Both streams of a program."""
    done = subprocess.run(command, cwd=dataset, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def dataset(tmp_path: Path, lab: Lab, other_lab: Lab) -> Path:
    """A dataset of one file that its first mirror has no more."""
    urls = lab.put("f", status=404), other_lab.put("f", content_of("f"))
    datalad("download-manifest", write_manifest("m.json", {"f": described("f", *urls)}), "ds")
    return tmp_path / "ds"


@pytest.mark.parametrize("command", [[*DEBUG, "f"], [*GET, "f"], CONTENT], ids=lambda c: c[0])
def test_which_mirror_is_chosen_and_why(
    dataset: Path, lab: Lab, other_lab: Lab, command: list[str]
) -> None:
    text = said(command, dataset)
    print(text)
    dead, good = f"{lab.url}/f", f"{other_lab.url}/f"
    assert f"mirrors in order: {dead} (as given); {good} (as given)" in text
    assert f"asked: {dead}, from byte 0" in text
    assert f"{dead} has failed for good (gone: HTTP status 404" in text
    assert f"asked: {good}, from byte 0; instead of {dead} (gone: HTTP status 404" in text
    assert f"the content is right: 3000 bytes (checked: size, sha256); from {good}" in text
