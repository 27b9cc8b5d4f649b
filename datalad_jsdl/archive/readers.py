"""A member's content, from some offset on, read into buffers of the caller's."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "Begun",
    "BytesReader",
    "Check",
    "ChunkReader",
    "FileReader",
    "Reader",
    "content_of",
    "fill",
    "unreadable",
]

_CHUNK = 1 << 20  # bytes
_NOTHING = memoryview(b"")
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)


class Check(Protocol):
    """Is told content in sequence, and knows in the end whether it is right."""

    def update(self, chunk: bytes | memoryview, /) -> None:
        """The next bytes."""

    def mismatch(self) -> str | None:
        """What is wrong with the content as a whole, or None if all is right."""


class Reader(ABC):
    """Content that is read once, in sequence.

    Attributes:
        check: to be fed with all that is read; None if there is nothing to check, or if it
            was checked before.
        crc: CRC-32 of the content before the first byte that will be read: 0 at the
            content's beginning, None if nobody knows.
    """

    check: Check | None = None
    crc: int | None = None

    @abstractmethod
    def readv(self, views: Sequence[memoryview]) -> int:
        """Fill buffers one after the other, as far as one read goes.

        Returns:
            Number of bytes; 0 at the end of the content.

        Raises:
            ArchiveError: the content cannot be read, or is not right.
            FetchError: no mirror has the rest.
        """

    def read(self, size: int) -> bytes:
        """The next *size* bytes, checked; few enough for the memory.

        Raises:
            ArchiveError: there are fewer.
        """
        return b"".join(map(bytes, content_of(self, size)))

    def finish(self) -> None:
        """The content was read, and fed to its check, to its end: is it right?

        Raises:
            ArchiveError: it is not.
        """
        if self.check is not None and (problem := self.check.mismatch()):
            raise ArchiveError(problem)

    def close(self) -> None:  # noqa: B027 - not abstract: most readers have nothing to close
        """Nothing more is to be read."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A content whose first bytes are in the archive already.

    Attributes:
        position: number of them.
        crc: their CRC-32.
        check: was fed with them.
    """

    position: int
    crc: int
    check: Check


def unreadable(error: OSError) -> ArchiveError:
    """What to raise for a file that cannot be opened or read."""
    if isinstance(error, FileNotFoundError):
        return ArchiveError("the content was just dropped", dropped=True)
    return ArchiveError(f"cannot read the content: {error.strerror}")


def fill(reader: Reader, views: Sequence[memoryview]) -> int:
    """Fill all of *views*, unless the content ends before; returns the number of bytes."""
    wanted = sum(map(len, views))
    got = reader.readv(views)
    while got < wanted:
        more = reader.readv(list(_after(views, got)))
        if not more:
            break
        got += more
    return got


def content_of(reader: Reader, size: int) -> Iterator[memoryview]:
    """The next *size* bytes of content in chunks, each valid until the next; checked.

    Raises:
        ArchiveError: there are fewer.
    """
    buffer = memoryview(bytearray(min(size, _CHUNK)))
    left = size
    while left:
        chunk = buffer[:left]
        if (got := fill(reader, [chunk])) < len(chunk):
            raise ArchiveError(f"expected {size} bytes, got {size - left + got}")
        if reader.check is not None:
            reader.check.update(chunk)
        left -= got
        yield chunk


def _after(views: Iterable[memoryview], position: int) -> Iterator[memoryview]:
    """What is left of buffers after their first *position* bytes."""
    for view in views:
        if position < len(view):
            yield view[position:]
        position = max(position - len(view), 0)


class FileReader(Reader):
    """A file's content.

    Args:
        path: of the file.
        size: that it must have, in bytes.
        start: offset of the first byte to be read.
        check: see `Reader`.

    Raises:
        ArchiveError: it cannot be opened, or has another size.
    """

    def __init__(self, path: str, size: int, start: int = 0, check: Check | None = None) -> None:
        try:
            self._file = os.open(path, _FLAGS)
        except OSError as error:
            raise unreadable(error) from None
        self.check = check
        self.crc = None if start else 0
        found = os.fstat(self._file).st_size
        if found != size:
            self.close()
            raise ArchiveError(f"expected {size} bytes, got {found}")
        if start:
            os.lseek(self._file, start, os.SEEK_SET)

    def readv(self, views: Sequence[memoryview]) -> int:
        """See `Reader`."""
        try:
            if hasattr(os, "readv"):
                return os.readv(self._file, views)
            chunk = os.read(self._file, len(views[0]))  # Windows
        except OSError as error:
            raise unreadable(error) from None
        views[0][: len(chunk)] = chunk
        return len(chunk)

    def read(self, size: int) -> bytes:
        """See `Reader`."""
        if size > _CHUNK:
            return super().read(size)
        try:
            content = os.read(self._file, size)
        except OSError as error:
            raise unreadable(error) from None
        if len(content) < size:
            raise ArchiveError(f"expected {size} bytes, got {len(content)}")
        if self.check is not None:
            self.check.update(content)
        return content

    def close(self) -> None:
        """See `Reader`."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class ChunkReader(Reader):
    """Content that comes in chunks.

    Args:
        chunks: of the content.
        crc: see `Reader`.
        check: see `Reader`.
    """

    def __init__(
        self,
        chunks: Iterable[bytes | bytearray | memoryview],
        crc: int | None = 0,
        check: Check | None = None,
    ) -> None:
        self._chunks = iter(chunks)
        self._rest = _NOTHING
        self.crc = crc
        self.check = check

    def readv(self, views: Sequence[memoryview]) -> int:
        """See `Reader`."""
        got = 0
        for view in views:
            at = 0
            while at < len(view):
                if not self._rest:
                    self._rest = _NOTHING  # which lets go of the chunk before
                    self._rest = memoryview(next(self._chunks, b""))
                    if not self._rest:
                        return got + at
                length = min(len(view) - at, len(self._rest))
                view[at : at + length] = self._rest[:length]
                at += length
                self._rest = self._rest[length:]
            got += at
        return got


class BytesReader(Reader):
    """Content that is all there, and right."""

    crc: int | None = 0

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._rest = memoryview(content)

    def read(self, size: int) -> bytes:
        """See `Reader`."""
        if size == len(self._rest) == len(self._content):
            self._rest = self._rest[:0]
            return self._content
        return super().read(size)

    def readv(self, views: Sequence[memoryview]) -> int:
        """See `Reader`."""
        got = 0
        for view in views:
            part = self._rest[: len(view)]
            view[: len(part)] = part
            self._rest = self._rest[len(part) :]
            got += len(part)
        return got
