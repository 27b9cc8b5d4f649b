"""A content that is fetched to the disk, and verified there, before any of it is used."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import FileReader
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.phrases import failure

if TYPE_CHECKING:
    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.readers import Reader
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation

__all__ = ["from_disk"]


def from_disk(
    content: Content, engine: Engine, operation: Operation, folder: Path | None = None
) -> tuple[Reader, int]:
    """A reader of a whole content, and its size in bytes; with all of it, it shows whose is wrong.

    Args:
        content: which one.
        engine: to ask its mirrors with.
        operation: that it is a part of.
        folder: to make for the file; None for one of the system's own.

    Raises:
        FetchError: no mirror has it.
    """
    place = folder or Path(tempfile.mkdtemp(prefix="jsdl-"))
    try:
        place.mkdir(exist_ok=True)
        job = Job(content.path, content.urls, content.expected, place / "content")
        outcome = fetch_file(job, engine, operation=operation)
        if isinstance(outcome, Failed):
            raise failure(outcome)
        return _OnDisk(str(job.target), outcome.size, place), outcome.size
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


class _OnDisk(FileReader):
    """A file that is read once, in a folder of its own."""

    def __init__(self, path: str, size: int, folder: Path) -> None:
        super().__init__(path, size)
        self._folder = folder

    def close(self) -> None:
        """See `Reader`."""
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)
