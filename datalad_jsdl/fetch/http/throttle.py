"""A limit on bytes per second, shared by all connections."""

from __future__ import annotations

import threading
import time

__all__ = ["Throttle"]

_BURST = 0.1  # seconds' worth of bytes that may come at once


class Throttle:
    """Tells each taker how long to wait so that all of them keep to *rate* together.

    Args:
        rate: bytes per second; 0 is no limit.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._free_at = 0.0  # when all bytes taken so far are paid for
        self._lock = threading.Lock()

    def keep_to(self, rate: int) -> None:
        """Never more than *rate* bytes per second from now on; 0 changes nothing."""
        with self._lock:
            self.rate = min(filter(None, (self.rate, rate)), default=0)

    def chunk(self, usual: int) -> int:
        """How many bytes to take at a time, at most *usual*."""
        return min(usual, max(1024, int(self.rate * _BURST))) if self.rate else usual

    def pause(self, count: int) -> float:
        """Account for *count* bytes; seconds to wait before the next are taken."""
        if not self.rate:
            return 0.0
        now = time.monotonic()
        with self._lock:
            self._free_at = max(self._free_at, now - _BURST) + count / self.rate
            return max(0.0, self._free_at - now)
