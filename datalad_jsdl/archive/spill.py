"""Bytes that wait on a disk for their readers."""

from __future__ import annotations

import os
import tempfile
from typing import IO, TYPE_CHECKING
from weakref import finalize

from datalad_jsdl.archive.remote import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Held", "Spill"]

_AT_ONCE = 1 << 20  # bytes that are read back at a time
_CRUMB = 128 << 10  # bytes that a slow reader holds


class Spill:
    """Bytes that wait in a temporary file, which has no name.

    Attributes:
        size: bytes that were not taken yet.

    Raises:
        OSError: there can be no such file.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - `close` closes it
        self._begin = self.size = 0

    def put(self, chunk: bytes | memoryview) -> bool:
        """Append; False if the disk is full."""
        end = self._begin + self.size
        try:
            self._file.seek(end)
            done = self._file.write(chunk)
        except OSError:
            return False
        if done != len(chunk):
            return False
        self.size += done
        return True

    def take(self, most: int = _AT_ONCE) -> bytes:
        """The next bytes, *most* of them."""
        self._file.seek(self._begin)
        chunk = self._file.read(min(self.size, most))
        self._begin += len(chunk)
        self.size -= len(chunk)
        return chunk

    def close(self) -> None:
        """Nothing more is to be read."""
        self._file.close()


class Held:
    """A sink that keeps what comes in a temporary file without a name; any thread may read it.

    It takes no memory to speak of, and goes with the last who holds it.

    Args:
        room: bytes; of more than that TooLargeError is raised.

    Raises:
        OSError: there can be no such file.
    """

    def __init__(self, room: int) -> None:
        with tempfile.TemporaryFile(prefix="jsdl-", buffering=0) as file:
            self._file = os.dup(file.fileno())
        # with __del__, whoever has a weak reference could have it back without its file
        finalize(self, os.close, self._file).atexit = False
        self._room = room
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def position(self) -> int:
        """See `model.content.Sink`."""
        return self._size

    def write(self, chunk: bytes) -> None:
        """See `model.content.Sink`; it raises OSError if the disk is full."""
        if self._size + len(chunk) > self._room:
            raise TooLargeError(f"the content is larger than {self._room} bytes")
        view = memoryview(chunk)
        while view:
            done = os.pwrite(self._file, view, self._size)
            self._size += done
            view = view[done:]

    def restart(self) -> None:
        """See `model.content.Sink`."""
        self._size = 0

    def chunks(self, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """Bytes *first* to *last* (exclusive; None for the end).

        Raises:
            OSError: the file cannot be read.
        """
        last = self._size if last is None else last
        while first < last:
            chunk = os.pread(self._file, min(_CRUMB, last - first), first)
            if not chunk:
                raise OSError("a temporary file is shorter than it was")
            first += len(chunk)
            yield chunk
