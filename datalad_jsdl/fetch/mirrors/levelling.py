"""How many connections to one mirror at a time pay, found out while files come.

It begins with the usual number. While nearly all of them are in use, more are tried: if as
many again bring more files or more bytes in the same time, they stay, else the number goes
back, and no more are tried for a while. A server that refuses some (429, 503) keeps as many as
it has served; one whose answers take longer and longer gets no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.fetch.mirrors.level import Seen
from datalad_jsdl.fetch.retries import START

if TYPE_CHECKING:
    from datalad_jsdl.fetch.mirrors.origin import Origin

__all__ = ["look", "refused"]

_WINDOW = 0.25  # seconds of a look, at least
_ANSWERS = 4  # answers that a window has to be long for
_LONG = 2.0  # seconds after which a window ends without many files: they are large
_IN_USE = 0.75  # of the connections: with fewer, it is not the mirror that is waited for
_BURST = 0.1  # seconds in which requests are refused for one reason


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
    seen = Seen(origin.room, level.done / elapsed, rate, latency)
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
        else:  # all but those that it refuses are served; some of them may be done by now
            level.kept = min(max(origin.active, level.peak - 1), START)
    else:  # many at once are refused for one reason
        level.kept = min(level.kept - 1, START)
    level.kept = max(1, level.kept)
    level.refused_at = now
    origin.room = origin.score.level = min(origin.room, level.kept)
