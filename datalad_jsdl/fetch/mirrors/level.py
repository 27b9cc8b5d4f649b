"""How many connections to one mirror at a time pay, found out while files come.

It begins with the usual number. While nearly all of them are in use, more are tried: if as
many again bring more files or more bytes in the same time, they stay, else the number goes
back and is left alone for a while. A server that refuses some (429, 503) keeps as many as it
has served; one whose answers take longer and longer gets no more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.retries import START

if TYPE_CHECKING:
    from datalad_jsdl.fetch.mirrors.origin import Origin

__all__ = ["Level", "look", "refused"]

_WINDOW = 0.25  # seconds of a look, at least
_ANSWERS = 4  # answers that a window has to be long for
_LONG = 2.0  # seconds after which a window ends without many files: they are large
_IN_USE = 0.75  # of the connections: with fewer, it is not the mirror that is waited for
_GAIN = 1.15  # times as much in the same time: more connections pay
_SLOWER = 1.5  # times as long until an answer begins: the server has more to do than it can
_HOLD = 2.0  # seconds until more are tried again; then twice as long
_LONGEST_HOLD = 600.0
_BURST = 0.1  # seconds in which requests are refused for one reason


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one number of connections has brought: files and bytes a second, seconds a head."""

    room: int
    files: float
    rate: float
    latency: float

    def is_better_than(self, other: _Seen) -> bool:
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
    before: _Seen | None = None
    hold: float = 0.0
    pause: float = _HOLD
    refused_at: float = -math.inf
    kept: int = 0

    def begin(self, now: float, received: int) -> None:
        """Begin a window."""
        self.began, self.received = now, received
        self.done = self.heads = self.looks = 0
        self.latency = self.in_use = 0.0

    def taken(self, active: int, room: int) -> None:
        """A connection was taken."""
        self.looks += 1
        self.in_use += active / room

    def rest(self, now: float) -> None:
        """Try no more for a while."""
        self.hold = now + self.pause
        self.pause = min(2 * self.pause, _LONGEST_HOLD)
        self.before = None


def look(origin: Origin, now: float, most: int) -> None:
    """See what the connections have brought, and change their number.

    Args:
        origin: the mirror.
        now: monotonic seconds.
        most: connections to it at most.
    """
    level = origin.level
    if level.began is None or (level.before is None and now < level.hold):
        level.begin(now, origin.received)
        return
    elapsed = now - level.began
    latency = level.latency / level.heads if level.heads else 0.0
    if elapsed < max(_WINDOW, _ANSWERS * latency) or (
        level.done < 2 * origin.room and elapsed < _LONG
    ):
        return
    level.taken(origin.active, origin.room)
    in_use = level.in_use / level.looks
    rate = (origin.received - level.received) / elapsed
    seen = _Seen(origin.room, level.done / elapsed, rate, latency)
    level.begin(now, origin.received)
    if level.before is not None and not seen.is_better_than(level.before):
        origin.room = level.before.room
        level.rest(now)
    elif in_use >= _IN_USE and origin.room < most and not level.kept:
        level.before = seen
        origin.room = min(2 * origin.room, most)
    else:
        level.before = None
    origin.score.level = level.before.room if level.before else origin.room


def refused(origin: Origin, now: float) -> None:
    """It has answered 429 or 503 to one of its requests, whose connection is given back."""
    level = origin.level
    if now >= origin.busy_until and now >= level.refused_at + _BURST:
        level.rest(now)
        if origin.room <= level.kept:  # it had no more than it was thought to serve
            level.kept = origin.room // 2
        else:  # all but those that it refuses are served
            level.kept = min(origin.active, START)
    else:  # many at once are refused for one reason
        level.kept = min(level.kept - 1, START)
    level.kept = max(1, level.kept)
    level.refused_at = now
    origin.room = origin.score.level = min(origin.room, level.kept)
