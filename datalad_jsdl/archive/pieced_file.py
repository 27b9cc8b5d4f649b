"""A file with known pieces: each is verified before any of its bytes is used."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import FileReader, unreadable
from datalad_jsdl.archive.right_pieces import RightPieces, Stamp
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.model.digests import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalad_jsdl.archive.readers import Check
    from datalad_jsdl.model.entry import Pieces

__all__ = ["PiecedFileReader"]

_AT_ONCE = 128 << 10  # bytes; they stay in the processor's cache while they are hashed
_scratch = threading.local()
_right_pieces = RightPieces()


class PiecedFileReader(FileReader):
    """A file's content, which is read twice: to verify a piece, and to use it.

    So no piece is held in memory, however slowly it is used. The file must not change between
    the two: if it did, the piece is verified again. While a piece is used, a thread verifies
    the next one. What any reader of this process has verified in the last ten minutes is not
    verified again as long as the file has not changed.

    Args:
        path: of the file.
        size: that it must have, in bytes.
        start: offset of the first byte to be read.
        stop: after the last one.
        pieces: of the whole content.
        check: see `Reader`.

    Raises:
        ArchiveError: it cannot be opened, or has another size.
    """

    def __init__(
        self,
        path: str,
        size: int,
        start: int,
        stop: int,
        pieces: Pieces,
        check: Check | None = None,
    ) -> None:
        super().__init__(path, size, start, check)
        self._size = size
        self._stop = stop
        self._pieces = pieces
        self._position = start
        self._right = range(0)  # bytes that are known to be right
        self._stamp: Stamp | None = None
        self._ahead: threading.Thread | None = None
        self._found_ahead: tuple[int, Stamp] | None = None  # a right piece, and when
        self._seeking = threading.Lock()

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

    def close(self) -> None:
        """See `Reader`."""
        self._wait()
        super().close()

    def _verify(self) -> None:
        """The piece at the position; the next one from then on, if it will be used."""
        self._wait()
        pieces = self._pieces
        number = self._position // pieces.length
        stamp = self._now()
        if self._found_ahead != (number, stamp) and (problem := self._problem(number, stamp)):
            raise ArchiveError(problem)
        self._right, self._stamp = self._extent(number), stamp
        if self._right.stop < self._stop:
            ahead = threading.Thread(
                target=self._look_ahead, args=(number + 1, stamp), name="verify", daemon=True
            )
            with suppress(RuntimeError):  # there can be no more threads: then it is done later
                ahead.start()
                self._ahead = ahead

    def _look_ahead(self, number: int, stamp: Stamp) -> None:
        with suppress(ArchiveError):  # raised when the piece is wanted
            if not self._problem(number, stamp):
                self._found_ahead = number, stamp

    def _wait(self) -> None:
        if self._ahead is not None:
            self._ahead.join()
            self._ahead = None

    def _extent(self, number: int) -> range:
        start = number * self._pieces.length
        return range(start, min(start + self._pieces.length, self._size))

    def _problem(self, number: int, stamp: Stamp) -> str | None:
        """What is wrong with a piece of the file, which has that stamp; None if nothing is."""
        pieces, extent = self._pieces, self._extent(number)
        known = pieces.hexdigests[number] if number < len(pieces.hexdigests) else ""
        digest = f"{pieces.algorithm}:{len(extent)}:{known}"
        if _right_pieces.knows(stamp, extent.start, digest):
            return None
        if self._digest(extent) != known:
            return (
                f"wrong content: the {pieces.algorithm} of bytes {extent.start} to "
                f"{extent.stop} does not match"
            )
        _right_pieces.add(stamp, extent.start, digest)
        return None

    def _digest(self, extent: range) -> str:
        digest = ALGORITHMS[self._pieces.algorithm].new()
        buffer = _buffer()
        start = extent.start
        while start < extent.stop:
            room = buffer[: extent.stop - start]
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
            with self._seeking:  # Windows
                os.lseek(self._file, position, os.SEEK_SET)
                return super().readv(views)
        except OSError as error:
            raise unreadable(error) from None

    def _now(self) -> Stamp:
        found = os.fstat(self._file)
        file = found.st_dev, found.st_ino
        return Stamp(file, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


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
