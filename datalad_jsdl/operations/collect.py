"""What a dataset, and its subdatasets, have to put into an archive."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.operations.contents import dataset_contents
from datalad_jsdl.operations.engines import Engines
from datalad_jsdl.operations.home import Home, Homes
from datalad_jsdl.operations.list_files import Walk
from datalad_jsdl.operations.logins import lines_above
from datalad_jsdl.repository.git.running import Git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.operations.list_files import DatasetFiles, FileSelection
    from datalad_jsdl.repository.repository import Repository

__all__ = ["collect"]


def collect(
    root: Path,
    selection: FileSelection,
    homes: Homes,
    leading_dir: str = "",
    *,
    commit_time: bool = False,
    credentials: Sequence[str] = (),
) -> tuple[list[Content], dict[str, str]]:
    """The contents to be archived, in the order of their members.

    With them, subdatasets that are not here and may be left out: path → why.

    Args:
        root: of the dataset.
        selection: of its files.
        homes: gets the datasets that they are from.
        leading_dir: folder in the archive to put everything under; may be empty.
        commit_time: give everything the time of the commit.
        credentials: see `open_engine`.

    Raises:
        DatasetError: see `Walk`.
    """
    walk, engines = Walk(root, selection), Engines(reads_only=True)
    seconds = None
    if commit_time:
        seconds = int(Git(root).text("log", "-1", "--format=%ct", walk.tree.commit))
    contents: list[Content] = []
    for part in walk.parts:
        contents += dataset_contents(
            homes.add(part.prefix, _home_of(part, walk, engines, credentials)),
            part.tree,
            part.paths,
            leading_dir,
            prefix=part.prefix,
            mtime=seconds,
        )
    return sorted(contents, key=lambda content: content.name), walk.missing


def _home_of(part: DatasetFiles, walk: Walk, engines: Engines, credentials: Sequence[str]) -> Home:
    """Where the contents of one of the datasets of a walk are from."""
    above = [other.repository.root for other in walk.parts]
    opening = partial(_open_engine, engines, part.repository, above, credentials)
    return Home(part.repository, opening)


def _open_engine(
    engines: Engines, repository: Repository, above: Sequence[Path], credentials: Sequence[str]
) -> Engine:
    """The engine of a dataset, which has the logins of those above, too."""
    inherited = lines_above(repository.root, above)
    return engines.open(repository.git_dir, credentials=credentials, inherited=inherited)
