"""How fast something grows, by the last seconds, and when it will be done."""

from __future__ import annotations

from collections import deque

__all__ = ["WINDOW", "Rate", "remaining"]

#: Seconds that a rate is measured over.
WINDOW = 20.0
_DEAD = 5.0  # seconds without any growth
_LEAST = 2.0  # seconds that tell something
_STEP = 0.2  # seconds between two samples


class Rate:
    """Of an amount that grows.

    Args:
        now: seconds of any clock.
        amount: at that time.
    """

    def __init__(self, now: float, amount: int) -> None:
        self._samples = deque([(now, amount)])
        self._grown = now  # when it has grown last

    def add(self, now: float, amount: int) -> None:
        """The amount is this at a later time."""
        if amount > self._samples[-1][1]:
            self._grown = now
        if len(self._samples) > 1 and now - self._samples[-2][0] < _STEP:
            self._samples.pop()
        self._samples.append((now, amount))
        # the one before the window's begin stays
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOW:
            self._samples.popleft()

    def per_second(self) -> float | None:
        """By the last 20 seconds; None as long as it does not grow, or is too new."""
        (first, before), (last, amount) = self._samples[0], self._samples[-1]
        if last - first < _LEAST or last - self._grown > _DEAD or amount <= before:
            return None
        return (amount - before) / (last - first)


def remaining(done: int, total: int | None, rate: float | None) -> float | None:
    """Seconds until all is done; None if nobody can tell."""
    if total is None or rate is None or rate <= 0:
        return None
    return max(total - done, 0) / rate
