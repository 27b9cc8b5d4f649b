"""Which pieces of which files were found right a short while ago: each is hashed for one reader."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

__all__ = ["RightPieces", "Stamp"]

_MOST = 1 << 17  # pieces that are remembered: of 8 MiB, a TiB
_FOR = 600.0  # seconds: a disk may lose bytes without a sign
_SETTLED = 2_000_000_000  # ns; a later change within it might leave the same times


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when a file is written to.

    Attributes:
        file: device and inode.
        size: in bytes.
        modified: `st_mtime_ns`.
        changed: `st_ctime_ns`, which no program can set.
    """

    file: tuple[int, int]
    size: int
    modified: int
    changed: int

    @property
    def is_settled(self) -> bool:
        """Whether another change would leave other times."""
        return time.time_ns() - max(self.modified, self.changed) > _SETTLED


class RightPieces:
    """Remembers for ten minutes what was found right; for any thread.

    Args:
        most: pieces that are remembered at a time.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._until: dict[tuple[Stamp, int, str], float] = {}

    def knows(self, stamp: Stamp, start: int, digest: str) -> bool:
        """Whether the piece at byte *start* of that file has this digest."""
        until = self._until.get((stamp, start, digest))
        return until is not None and time.monotonic() < until

    def add(self, stamp: Stamp, start: int, digest: str) -> None:
        """It was read just now and has this digest; *stamp* was taken before."""
        if not stamp.is_settled:
            return
        with self._lock:
            self._until.pop((stamp, start, digest), None)  # the one added last is the last
            self._until[stamp, start, digest] = time.monotonic() + _FOR
            while len(self._until) > self._most:
                del self._until[next(iter(self._until))]
