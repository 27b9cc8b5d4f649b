"""The files at the top of the project agree with it, and lead to what is there."""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_citation_is_of_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text()
    said = dict(re.findall(r"^([a-z-]+): (.+)$", text, re.MULTILINE))
    package = metadata("datalad-jsdl")
    assert said["title"] == package["Name"]
    assert said["version"] == package["Version"]
    assert said["license"] == package["License"]
    assert said["abstract"].rstrip(".") == package["Summary"]


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.glob("*.md")))
def test_no_link_is_dead(name: str) -> None:
    links = re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text())
    inner = [link for link in links if "://" not in link]
    assert name != "README.md" or "docs/zip.rst" in inner
    assert [link for link in inner if not (ROOT / link).exists()] == []
