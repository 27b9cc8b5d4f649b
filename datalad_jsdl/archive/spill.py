"""Bytes that wait on a disk for their reader."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Spill", "spilled"]

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
        # SIM115: it stays open between calls, and `close` ends it
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="jsdl-", buffering=0)  # noqa: SIM115
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


def spilled(content: bytearray, first: int, last: int) -> Iterator[bytes | memoryview]:
    """Bytes *first* to *last* of what is emptied, for a reader that may be slow.

    They wait in a file; in memory only if there can be none.
    """
    view = memoryview(content)[first:last]
    with ExitStack() as stack:
        spill = None
        with suppress(OSError):
            spill = Spill()
            stack.callback(spill.close)
        if spill is None or not spill.put(view):
            yield view
            return
        view.release()
        content.clear()
        while spill.size:
            yield spill.take(_CRUMB)
