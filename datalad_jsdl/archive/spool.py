"""Every way to read a whole content, the last of them by a file that is verified before."""

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
    from collections.abc import Callable, Iterator

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.readers import Begun, Reader
    from datalad_jsdl.archive.reading import Session
    from datalad_jsdl.fetch.engine import Engine

__all__ = ["Opened", "ways"]

Opened = tuple["Reader", int]  # and the content's size in bytes


def ways(
    session: Session, number: int, spool: Path | None, begun: Begun | None = None
) -> Iterator[Callable[[], Opened]]:
    """How to get at a content, one way after the other; for those that can take bytes back.

    Args:
        session: reads it.
        number: of the content.
        spool: folder to make for what has to be on a disk for a while; None for one of the
            system's own.
        begun: what was read of it.
    """
    content = session.contents[number]
    if content.is_remote and not content.urls:
        return
    if begun:
        start = begun.position
        yield lambda: session.open_sized(number, start, None, begun)
    if not begun or not content.is_remote:
        yield lambda: session.open_sized(number)
    if not content.urls:
        return
    if not content.is_remote:
        yield lambda: session.open_sized(number)  # now it is known to be damaged
    # wrong bytes were written: with all of them in a file, it will show whose they are
    yield lambda: _spooled(content, session.engine(content), spool)


def _spooled(content: Content, engine: Engine, folder: Path | None) -> Opened:
    """The whole content is fetched to the disk, and verified, before any of it is used."""
    place = folder or Path(tempfile.mkdtemp(prefix="jsdl-"))
    try:
        place.mkdir(exist_ok=True)
        job = Job(content.path, content.urls, content.expected, place / "content")
        outcome = fetch_file(job, engine)
        if isinstance(outcome, Failed):
            raise failure(outcome)
        return _Spooled(str(job.target), outcome.size, place), outcome.size
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


class _Spooled(FileReader):
    """A file that is read once, in a folder of its own."""

    def __init__(self, path: str, size: int, folder: Path) -> None:
        super().__init__(path, size)
        self._folder = folder

    def close(self) -> None:
        """See `Reader`."""
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)
