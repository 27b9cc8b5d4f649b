"""Bytes that wait on a disk for their reader."""

from __future__ import annotations

import tempfile
from typing import IO

__all__ = ["Spill"]

_AT_ONCE = 1 << 20  # bytes that are read back at a time


class Spill:
    """Bytes that wait in a temporary file, which has no name.

    Attributes:
        size: bytes that were not taken yet.

    Raises:
        OSError: there can be no such file.
    """

    def __init__(self) -> None:
        # SIM115: it stays open between calls, and `close` ends it
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="jsdl-", buffering=0)  # noqa: SIM115 - `close` ends it
        self._begin = self.size = 0

    def put(self, chunk: bytes) -> bool:
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

    def take(self) -> bytes:
        """The next bytes."""
        self._file.seek(self._begin)
        chunk = self._file.read(min(self.size, _AT_ONCE))
        self._begin += len(chunk)
        self.size -= len(chunk)
        return chunk

    def close(self) -> None:
        """Nothing more is to be read."""
        self._file.close()
