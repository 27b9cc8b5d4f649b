"""Datasets made by git and git-annex alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.operations.values import Failure
from tests.conftest import run

if TYPE_CHECKING:
    from collections.abc import Iterable


class PlainDatasets:
    """See `operations.subdatasets.Datasets`."""

    def create(self, path: Path, above: Path | None, *, force: bool) -> list[Failure]:
        path.mkdir(parents=True, exist_ok=True)
        run("git", "init", "-q", cwd=path)
        run("git", "annex", "init", "-q", cwd=path)
        run("git", "commit", "-q", "--allow-empty", "-m", "made", cwd=path)
        return []

    def get(self, above: Path, path: Path) -> list[Failure]:
        raise AssertionError("nothing here has a source")

    def save(self, above: Path, paths: Iterable[str], message: str) -> list[Failure]:
        run("git", "add", "--", *paths, cwd=above)
        run("git", "commit", "-q", "-m", message, cwd=above)
        return []
