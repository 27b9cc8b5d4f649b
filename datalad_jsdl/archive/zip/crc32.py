"""CRC-32 of members: computed by the fastest library there is, and kept for reuse."""

from __future__ import annotations

import threading
from array import array
from typing import TYPE_CHECKING

try:
    from isal.isal_zlib import crc32
except ImportError:  # not made for every processor
    from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Crcs", "crc32"]


class Crcs:
    """The CRC-32 of members, by index, as far as they are known; five bytes each.

    For any number of threads.

    Args:
        known: of the first members, in order; None for one that is not known.
    """

    def __init__(self, known: Iterable[int | None] = ()) -> None:
        self._lock = threading.Lock()
        self._values = array("I")
        self._known = bytearray()
        for index, value in enumerate(known):
            if value is not None:
                self.put(index, value)

    def get(self, index: int) -> int | None:
        """The CRC-32 of a member, or None if it is not known."""
        if index < len(self._known) and self._known[index]:
            return self._values[index]
        return None

    def put(self, index: int, crc: int) -> None:
        """Remember one."""
        with self._lock:
            if index == len(self._known):  # as it is where one comes after the other
                self._values.append(crc)
                self._known.append(True)
                return
            if (more := index + 1 - len(self._known)) > 0:
                self._values.extend([0] * more)
                self._known.extend(bytes(more))
            self._values[index] = crc
            self._known[index] = True

    def forget(self, index: int) -> None:
        """Know it no longer."""
        if index < len(self._known):
            self._known[index] = False
