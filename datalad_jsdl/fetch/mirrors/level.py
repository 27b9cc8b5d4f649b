"""What shows how many connections to one mirror at a time pay; `levelling` decides by it."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Level", "Seen"]

_GAIN = 1.15  # times as much in the same time: more connections pay
_SLOWER = 1.5  # times as long until an answer begins: the server has more to do than it can
_HOLD = 2.0  # seconds until more are tried again; then twice as long
_LONGEST_HOLD = 600.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one number of connections has brought: files and bytes a second, seconds a head."""

    room: int
    files: float
    rate: float
    latency: float

    def is_better_than(self, other: Seen) -> bool:
        """Whether it was worth the further connections."""
        gains = self.files > _GAIN * other.files or self.rate > _GAIN * other.rate
        share = self.room / other.room
        slow = other.latency and self.latency > _SLOWER * other.latency
        # where heads take longer, it has to be worth nearly all of the connections
        return gains and not (slow and self.files < 0.8 * share * other.files)


@dataclass(slots=True)
class Level:
    """The search for one mirror; moments are monotonic seconds.

    Attributes:
        began: when the window began; None for no window.
        done: requests that came to a good end in it.
        received: bytes of the mirror at its beginning.
        heads: answers in it that have begun.
        latency: seconds that those took, in all.
        looks: how often a connection was taken in it.
        in_use: share of the connections that were in use then, in all.
        peak: connections in use at a time then, at most.
        before: what the number before has brought, while more are tried.
        hold: no more are tried until then.
        pause: seconds of the next hold.
        refused_at: when the mirror last refused some.
        kept: connections that it served while it refused others; 0 if it never refused any.
    """

    began: float | None = None
    done: int = 0
    received: int = 0
    heads: int = 0
    latency: float = 0.0
    looks: int = 0
    in_use: float = 0.0
    peak: int = 0
    before: Seen | None = None
    hold: float = 0.0
    pause: float = _HOLD
    refused_at: float = -math.inf
    kept: int = 0

    def begin(self, now: float, received: int) -> None:
        """Begin a window."""
        self.began, self.received = now, received
        self.done = self.heads = self.looks = self.peak = 0
        self.latency = self.in_use = 0.0

    def taken(self, active: int, room: int) -> None:
        """A connection was taken."""
        self.looks += 1
        self.in_use += active / room
        self.peak = max(self.peak, active)

    def rest(self, now: float) -> None:
        """Try no more for a while."""
        self.hold = now + self.pause
        self.pause = min(2 * self.pause, _LONGEST_HOLD)
        self.before = None
