"""When a connection is too slow to be waited for."""

from __future__ import annotations

__all__ = ["Pace"]

_BLOCKED = 0.1  # seconds


class Pace:
    """Whether a connection gives less than *speed* bytes per second over *seconds*.

    It is looked at from the first bytes on: those may be made, or looked for, when they are
    asked for.
    """

    def __init__(self, speed: int, seconds: float) -> None:
        self._speed = speed
        self._half = seconds / 2
        self._until = 0.0
        self._bytes = 0
        self._before = speed * seconds  # a good beginning is taken for granted

    def exclude(self, seconds: float) -> None:
        """Do not count a time in which no bytes could be taken, whatever the connection gave."""
        if seconds > _BLOCKED:
            self._until += seconds

    def is_too_slow(self, count: int, now: float) -> bool:
        """Whether it is, now (of `time.monotonic`) that *count* bytes more have come."""
        self._bytes += count
        if not self._until:
            self._until = now + self._half
        if now < self._until:
            return False
        slow = self._before + self._bytes < self._speed * (now - self._until + 2 * self._half)
        self._until, self._before, self._bytes = now + self._half, self._bytes, 0
        return slow
