"""Each command has a man page, and man shows it."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import datalad_jsdl

if TYPE_CHECKING:
    from collections.abc import Callable

_, SUITE = datalad_jsdl.command_suite
NAMES = sorted({"export-archive", *(name for *_, name, _ in SUITE)})


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("man")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent.parent / "tools"))
        importlib.import_module("man_pages").write_man_pages(folder)
    return folder


def shown(page: Path, program: Callable[[str], str]) -> str:
    """What man shows of a page."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80", "MAN_KEEP_FORMATTING": ""}
    done = subprocess.run(
        [program("man"), "--warnings=all", "-P", "cat", "-l", str(page)],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub(r"\s+", " ", re.sub(".\b", "", done.stdout).replace("\u2010\n", ""))


def test_each_command_has_one(pages: Path) -> None:
    assert {page.name for page in pages.iterdir()} == {f"datalad-{name}.1" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_man_shows_it(pages: Path, name: str, program: Callable[[str], str]) -> None:
    text = shown(pages / f"datalad-{name}.1", program)
    assert f"NAME datalad-{name} - " in text
    assert f"SYNOPSIS datalad {name} [-h]" in text
    headings = ("DESCRIPTION", "OPTIONS -h, --help", "EXAMPLES", "EXIT STATUS", "SEE ALSO")
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)


def test_groups_and_literal_blocks(pages: Path, program: Callable[[str], str]) -> None:
    text = shown(pages / "datalad-download-manifest.1", program)
    assert "Which files --include GLOB" in text
    assert '"mtime": "2024-05-01T12:00:00Z"}}' in text
    assert "'*' also matches '/'" in text
    assert "::" not in text
