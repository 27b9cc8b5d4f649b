"""The one way to read contents: any bytes of any of them, by any number of threads.

What is here is read here. If it turns out to be damaged, the mirrors give the rest; if one of
them fails in the middle, another goes on. A content that was found to be damaged is taken from
its mirrors from then on.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.archive.budget import LookAhead
from datalad_jsdl.archive.here import open_here, with_size
from datalad_jsdl.archive.look_ahead import Ahead
from datalad_jsdl.archive.on_disk import from_disk
from datalad_jsdl.archive.readers import BytesReader, Reader
from datalad_jsdl.errors import ArchiveError, DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.readers import Begun
    from datalad_jsdl.archive.transport.ahead import GroupsAhead
    from datalad_jsdl.archive.versions import Versions
    from datalad_jsdl.fetch.engine import Engine

__all__ = ["Reading", "Session"]

_PROBLEMS = (ArchiveError, DatasetError)


class Reading:
    """The contents of an archive, and what was found out about them; for any thread.

    Args:
        contents: in the order of their members.
        sources: opens git's objects and asks mirrors.
        look_ahead: how far contents are fetched ahead; None for not at all.
        versions: which version of a content without a digest is read; None where no two reads
            of it have to fit together.
        groups: gives small contents out of zips that have them; None for nobody.

    Attributes:
        damaged: number of a content → what is wrong with it as it is here.
        mixed: numbers of contents that several mirrors gave, one of them wrong; see `Ahead`.
    """

    def __init__(
        self,
        contents: Sequence[Content],
        sources: Sources,
        look_ahead: LookAhead | None = None,
        versions: Versions | None = None,
        groups: GroupsAhead | None = None,
    ) -> None:
        self.contents = contents
        self.sources = sources
        self.look_ahead = look_ahead or LookAhead(0)
        self.versions = versions
        self.groups = groups
        self.damaged: dict[int, str] = {}
        self.mixed: set[int] = set()

    def session(
        self, first: tuple[int, int] = (0, 0), last: tuple[int, int] | None = None
    ) -> Session:
        """For one thread that reads contents in order.

        Args:
            first: number of the first content, and the first byte of it.
            last: number of the last one, and the byte after the last; None for all.
        """
        return Session(self, first, last)


class Session:
    """Reads a range of contents; a `zip.ranges.MemberSource` and a context manager.

    What is opened in order is fetched ahead; anything else may be opened, too.
    """

    def __init__(
        self, reading: Reading, first: tuple[int, int], last: tuple[int, int] | None
    ) -> None:
        self._reading = reading
        self.contents = reading.contents
        self._first = first
        self._last = last or (len(reading.contents), 0)
        self._ahead = Ahead(
            reading.contents,
            reading.sources,
            reading.look_ahead,
            first,
            self._last,
            versions=reading.versions,
            mixed=reading.mixed,
            groups=reading.groups,
        )
        self._at = first[0]  # the first content that was not opened yet
        self._asides: list[Ahead] = []
        self._ended = False

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._ahead.close()

    def interrupt(self) -> None:
        """What is fetched ends soon, and reading with an error; from any thread."""
        self._ended = True
        for ahead in (self._ahead, *self._asides):
            ahead.interrupt()
        if self._reading.groups is not None:
            self._reading.groups.interrupt()

    def open(self, index: int, start: int, stop: int) -> Reader:
        """See `zip.ranges.MemberSource`."""
        return self.open_sized(index, start, stop)[0]

    def open_sized(
        self, index: int, start: int = 0, stop: int | None = None, begun: Begun | None = None
    ) -> tuple[Reader, int]:
        """A reader of bytes of a content, and its size, which may be unknown before.

        Args:
            index: number of the content.
            start: of the first byte.
            stop: after the last; None for the end.
            begun: what was read of the content before *start*.

        Raises:
            ArchiveError, DatasetError: it is not right, and there is no mirror.
            FetchError: no mirror has it, as far as that shows from the beginning.
        """
        reading = self._reading
        content = reading.contents[index]
        if content.is_remote:
            return self._from_mirrors(index, start, stop, begun)
        if index not in reading.damaged:
            try:
                content = with_size(content)
                size = content.size or 0
                stop = size if stop is None else stop
                reader = open_here(content, reading.sources, start, stop, begun)
            except _PROBLEMS as error:
                if not content.urls:
                    raise
                reading.damaged[index] = error.bare
            else:
                known = self.contents[index].size is not None
                if content.urls and known and not isinstance(reader, BytesReader):
                    reader = _HereOrMirrors(self, index, reader, start, stop)
                return reader, size
        elif not content.urls:
            raise ArchiveError(reading.damaged[index])
        return self._from_mirrors(index, start, stop, begun)

    def engine(self, content: Content) -> Engine:
        """That asks the content's mirrors."""
        return self._reading.sources.engine(content)

    def from_disk(self, index: int, folder: Path | None = None) -> tuple[Reader, int]:
        """A reader of a whole content that is fetched to the disk first; see `on_disk`."""
        content = self.contents[index]
        engine = self.engine(content)
        return from_disk(content, engine, self._ahead.operation(engine), folder)

    def found_damaged(self, index: int, problem: str) -> None:
        """A content that is here is not right."""
        self._reading.damaged.setdefault(index, problem)

    def from_mirrors(self, index: int, start: int, stop: int) -> Reader:
        """A reader of bytes of a content that need not come from here."""
        return self._from_mirrors(index, start, stop, None)[0]

    def _from_mirrors(
        self, index: int, start: int, stop: int | None, begun: Begun | None
    ) -> tuple[Reader, int]:
        reading = self._reading
        content = reading.contents[index]
        if index in reading.mixed and not begun and (start, stop) in ((0, None), (0, content.size)):
            return self.from_disk(index)
        if content.is_remote and self._is_next(content, index, start, stop):
            self._at = index + 1
            return self._ahead.open(index, start, stop, begun)
        end = content.size if stop is None else stop
        last = (index + 1, 0) if end is None else (index, end)
        aside = Ahead(
            reading.contents,
            reading.sources,
            reading.look_ahead,
            (index, start),
            last,
            instead_of=self._ahead,
            versions=reading.versions,
            mixed=reading.mixed,
        )
        self._asides.append(aside)
        if self._ended:
            aside.interrupt()
        try:
            reader, size = aside.open(index, start, stop, begun)
        except BaseException:
            self.close_aside(aside)
            raise
        return _Aside(reader, partial(self.close_aside, aside)), size

    def close_aside(self, aside: Ahead) -> None:
        """Nothing more is read of what was not fetched ahead with the rest."""
        self._asides.remove(aside)
        aside.close()

    def _is_next(self, content: Content, index: int, start: int, stop: int | None) -> bool:
        """Whether it is what is fetched ahead."""
        if index < self._at:
            return False
        first = self._first[1] if index == self._first[0] else 0
        last = content.size
        if index == self._last[0] and last is not None:
            last = min(last, self._last[1])
        return (start, content.size if stop is None else stop) == (first, last)


class _Delegate(Reader):
    """Reads what another reader does."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.check, self.crc = reader.check, reader.crc

    def readv(self, views: Sequence[memoryview]) -> int:
        """See `Reader`."""
        return self._reader.readv(views)

    def finish(self) -> None:
        """See `Reader`."""
        self._reader.finish()

    def close(self) -> None:
        """See `Reader`."""
        self._reader.close()


class _Aside(_Delegate):
    """A reader of what is not fetched ahead with the rest."""

    def __init__(self, reader: Reader, end: Callable[[], object]) -> None:
        super().__init__(reader)
        self._end = end

    def close(self) -> None:
        """See `Reader`."""
        super().close()
        end, self._end = self._end, _nothing
        end()


def _nothing() -> None:
    pass


class _HereOrMirrors(_Delegate):
    """Bytes of a content that is here; the mirrors give the rest if it is damaged."""

    def __init__(self, session: Session, index: int, reader: Reader, start: int, stop: int) -> None:
        super().__init__(reader)
        self._session = session
        self._index = index
        self._position = start
        self._stop = stop
        self._is_here = True

    def readv(self, views: Sequence[memoryview]) -> int:
        """See `Reader`."""
        if self._is_here:
            try:
                got = self._reader.readv(views)
            except ArchiveError as error:
                self._switch(error.bare)
            else:
                self._position += got
                if got or self._position >= self._stop:
                    return got
                self._switch(f"the content ends after {self._position} bytes")
        return self._reader.readv(views)

    def _switch(self, problem: str) -> None:
        """Go on with the mirrors; if a digest is to be checked in the end, it still is."""
        self._reader.close()
        self._session.found_damaged(self._index, problem)
        self._reader = self._session.from_mirrors(self._index, self._position, self._stop)
        self._is_here = False

    def finish(self) -> None:
        """See `Reader`."""
        if self.check is not None and (problem := self.check.mismatch()):
            self._session.found_damaged(self._index, problem)
            raise ArchiveError(problem)
