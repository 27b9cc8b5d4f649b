"""One server for all tests of the package, and datasets that are made once and copied."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import run
from tests.lab import Lab
from tests.portal import datalad, git, write_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def server() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(server: Lab) -> Lab:
    """The one server, with nothing on it yet."""
    server.files.clear()
    server.requests.clear()
    return server


@pytest.fixture(scope="session")
def ready(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a dataset from a manifest's members at *target*, and ``m.json`` beside it.

    To make one takes 150 processes of git, to copy one takes two. So two of the same members
    have the same uuid.
    """
    made: dict[str, Path] = {}

    def make(members: dict[str, Any], target: Path) -> Path:
        text = json.dumps(members)
        if text not in made:
            folder = tmp_path_factory.mktemp("ready")
            write_manifest(folder / "m.json", members)
            datalad("download-manifest", "m.json", "ds", cwd=folder)
            made[text] = folder / "ds"
        write_manifest(target.parent / "m.json", members)
        run("cp", "-a", made[text], target)
        git(target, "update-index", "-q", "--refresh")
        return target

    return make
