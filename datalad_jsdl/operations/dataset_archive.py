"""The zip of a dataset's commit, any bytes of which are made when they are asked for."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.prepare import Prepared
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.operations.collect import collect
from datalad_jsdl.operations.home import Homes
from datalad_jsdl.operations.list_files import FileSelection

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from datalad_jsdl.archive.budget import LookAhead
    from datalad_jsdl.archive.content import Sources
    from datalad_jsdl.archive.prepare import Unprepared

__all__ = ["DatasetArchive", "dataset_archive"]


@dataclass(frozen=True)
class DatasetArchive:
    """The archive of a commit.

    Attributes:
        archive: gives its bytes.
        sources: of its contents: what `prepare` asks for them.
    """

    archive: Archive
    sources: Sources


@contextmanager
def dataset_archive(
    root: str | os.PathLike[str],
    revision: str = "HEAD",
    leading_dir: str = "",
    *,
    paths: Sequence[str] = (),
    wanted: Filter | None = None,
    depth: int | None = 0,
    prepared: Mapping[str, Prepared | Unprepared] | None = None,
    look_ahead: LookAhead | None = None,
) -> Iterator[DatasetArchive]:
    """Open the zip that ``export-archive -t zip`` writes of a commit.

    Contents come from git, from the annex where they are present, else from their mirrors. Until
    the end any thread may read; then programs and connections are closed.

    Args:
        root: of the dataset, which has a work tree.
        revision: a commit, branch or tag.
        leading_dir: folder in the archive to put everything under; may be empty. The command
            names it like its file.
        paths: files and folders in the dataset; all of it if there are none.
        wanted: filter on paths in the dataset.
        depth: levels of subdatasets to go into; None for all of them.
        prepared: see `Archive`.
        look_ahead: see `Archive`.

    Raises:
        NothingThereError: there is no such commit.
        DatasetError: there is nothing at a path, a subdataset is not here, or git cannot read
            the dataset.
        ArchiveError: a path cannot be named in a zip.
    """
    selection = FileSelection(revision, tuple(paths), wanted or Filter(), depth)
    with Homes() as homes:
        contents, _ = collect(Path(root), selection, homes, leading_dir.strip("/"))
        archive = Archive(contents, homes, prepared=prepared, look_ahead=look_ahead)
        yield DatasetArchive(archive, homes)
