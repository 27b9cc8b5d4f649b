"""A file with known pieces: each is verified before any of its bytes is used."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import FileReader, unreadable
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.model.digests import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalad_jsdl.archive.readers import Check
    from datalad_jsdl.model.entry import Pieces

__all__ = ["PiecedFileReader"]

_AT_ONCE = 128 << 10  # bytes; they stay in the processor's cache while they are hashed
_scratch = threading.local()


class PiecedFileReader(FileReader):
    """A file's content, which is read twice: to verify a piece, and to use it.

    So no piece is held in memory, however slowly it is used. The file must not change between
    the two: if it did, the piece is verified again.

    Args:
        path: of the file.
        size: that it must have, in bytes.
        start: offset of the first byte to be read.
        pieces: of the whole content.
        check: see `Reader`.

    Raises:
        ArchiveError: it cannot be opened, or has another size.
    """

    def __init__(
        self, path: str, size: int, start: int, pieces: Pieces, check: Check | None = None
    ) -> None:
        super().__init__(path, size, start, check)
        self._size = size
        self._pieces = pieces
        self._position = start
        self._right = range(0)  # bytes that are known to be right
        self._stamp: tuple[int, ...] = ()

    def readv(self, views: Sequence[memoryview]) -> int:
        """See `Reader`."""
        if self._position >= self._size:
            return 0
        while True:
            if self._position not in self._right:
                self._verify()
            room = _first(views, self._right.stop - self._position)
            got = self._read_at(self._position, room)
            if self._now() == self._stamp:
                self._position += got
                return got
            self._right = range(0)  # somebody has written to it

    def read(self, size: int) -> bytes:
        """See `Reader`."""
        buffer = memoryview(bytearray(size))
        at = 0
        while at < size and (got := self.readv([buffer[at:]])):
            at += got
        if at < size:
            raise ArchiveError(f"expected {size} bytes, got {at}")
        if self.check is not None:
            self.check.update(buffer)
        return bytes(buffer)

    def _verify(self) -> None:
        """The piece at the position."""
        pieces = self._pieces
        number = self._position // pieces.length
        start = number * pieces.length
        stop = min(start + pieces.length, self._size)
        before = self._now()
        known = pieces.hexdigests[number] if number < len(pieces.hexdigests) else ""
        if self._digest(start, stop) != known:
            raise ArchiveError(
                f"wrong content: the {pieces.algorithm} of bytes {start} to {stop} does not match"
            )
        self._right, self._stamp = range(start, stop), before

    def _digest(self, start: int, stop: int) -> str:
        digest = ALGORITHMS[self._pieces.algorithm].new()
        buffer = _buffer()
        while start < stop:
            room = buffer[: stop - start]
            got = self._read_at(start, [room])
            if not got:
                raise ArchiveError(f"the content ends after {start} bytes")
            digest.update(room[:got])
            start += got
        return digest.hexdigest()

    def _read_at(self, position: int, views: Sequence[memoryview]) -> int:
        try:
            if hasattr(os, "preadv"):
                return os.preadv(self._file, views, position)
            os.lseek(self._file, position, os.SEEK_SET)  # Windows
            return super().readv(views)
        except OSError as error:
            raise unreadable(error) from None

    def _now(self) -> tuple[int, ...]:
        found = os.fstat(self._file)
        return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _buffer() -> memoryview:
    """One for each thread."""
    found: memoryview | None = getattr(_scratch, "buffer", None)
    if found is None:
        found = _scratch.buffer = memoryview(bytearray(_AT_ONCE))
    return found


def _first(views: Sequence[memoryview], size: int) -> list[memoryview]:
    """The first *size* bytes of buffers."""
    found = []
    for view in views:
        if size <= 0:
            break
        found.append(view[:size])
        size -= len(view)
    return found
