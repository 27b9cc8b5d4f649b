"""Which bytes of a file are there, which are under way, and who fetches what is missing.

Pure arithmetic under one lock. A file is cut where it pays: whoever has nothing to do
takes from the segment that would last the longest, in proportion to the rates of the two.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.fetch.log_words import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Ledger", "Range", "Segment"]

lgr = logging.getLogger(f"{LOGGER}.file.segments")

Range = tuple[int, int, str]  # start, end (exclusive), source

_WINDOW = 1.0  # seconds
_TELLING = 0.05  # seconds until a rate can be told
_STALLED = 3.0  # seconds without a byte until others may have the rest
_LEAST = 64 << 10  # bytes; less is not worth a request
_GAIN = 0.2  # seconds that a cut has to save


@dataclass(slots=True, eq=False)
class Segment:
    """Bytes that one connection is to fetch.

    Attributes:
        url: from where.
        source: stands for it in a ledger.
        start: offset of the first byte.
        end: offset after the last, or None for all there is.
        position: offset of the next byte to be claimed.
        written: bytes before this offset are in the store.
        abort: ends the request from another thread.
        first: when the first bytes of its answer came (monotonic seconds); 0 before that.
    """

    url: str
    source: str
    start: int
    end: int | None
    position: int
    written: int
    abort: Callable[[], None] | None = None
    first: float = 0.0
    _before: tuple[float, int] = (0.0, 0)
    _mark: tuple[float, int] = (0.0, 0)
    _last: float = 0.0

    def arrived(self, now: float) -> None:
        """Account for what was written."""
        self._last = now
        if not self._mark[0]:
            self._before = self._mark = (now, self.start)
        elif now - self._mark[0] >= _WINDOW:
            self._before, self._mark = self._mark, (now, self.written)

    def rate(self, now: float) -> float | None:
        """Bytes per second over the last one to two seconds; None while nobody can tell.

        Servers that limit a rate may send a second's worth at once.
        """
        if not self._last or now - self._before[0] < _TELLING:
            return None
        if now - self._last > _STALLED:
            return 0.0
        return (self.written - self._before[1]) / (now - self._before[0])


class Ledger:
    """The bytes of one file.

    Attributes:
        size: of the file in bytes, or None while unknown.
        ended: an answer has ended where the file does: of an empty one nothing else tells that
            a server was asked for it.
        lock: held while anything here is changed.
    """

    def __init__(self, size: int | None) -> None:
        self.size = size
        self.ended = False
        self.lock = threading.RLock()
        self.active: list[Segment] = []
        self._done: list[Range] = []

    def ranges(self) -> list[Range]:
        """What is there, sorted; neighbours of one source are one."""
        with self.lock:
            found = self._done + [(s.start, s.written, s.source) for s in self.active]
        merged: list[Range] = []
        for start, end, source in sorted(found):
            if start >= end:
                continue
            if merged and merged[-1][1] == start and merged[-1][2] == source:
                merged[-1] = (merged[-1][0], end, source)
            else:
                merged.append((start, end, source))
        return merged

    def prefix(self) -> int:
        """Number of bytes from the first on without a gap."""
        position = 0
        for start, end, _ in self.ranges():
            if start > position:
                break
            position = max(position, end)
        return position

    def held(self) -> int:
        """Number of bytes there."""
        return sum(end - start for start, end, _ in self.ranges())

    def sources(self) -> dict[str, int]:
        """Source to number of bytes from it."""
        found: dict[str, int] = {}
        for start, end, source in self.ranges():
            found[source] = found.get(source, 0) + end - start
        return found

    def is_complete(self) -> bool:
        """Everything is there."""
        if self.size == 0 and not self.ended:
            return False
        return self.size is not None and self.held() >= self.size

    def add(self, ranges: Iterable[Range]) -> None:
        """Take ranges over from an earlier run."""
        with self.lock:
            self._done += ranges

    def keep(self, wanted: Callable[[Range], bool]) -> list[Range]:
        """Forget all ranges but the wanted ones, which are returned; nothing is under way."""
        with self.lock:
            self._done = [r for r in self.ranges() if wanted(r)]
            return list(self._done)

    def begin(self, url: str, source: str, *, rate: float = 0.0) -> Segment | None:
        """The segment that *url* is to fetch now: the first gap, else a part of another's.

        Args:
            url: from where.
            source: stands for it.
            rate: bytes per second to expect of it; 0 if unknown.

        Returns:
            None if there is nothing to do, or nothing that it could do in time.
        """
        with self.lock:
            gap = self._gap()
            if gap is None:
                gap = self._cut(url, rate)
            if gap is None:
                return None
            segment = Segment(url, source, gap[0], gap[1], gap[0], gap[0])
            self.active.append(segment)
            return segment

    def _gap(self) -> tuple[int, int | None] | None:
        taken = sorted(
            [(start, end) for start, end, _ in self._done]
            + [(s.start, self._end(s)) for s in self.active]
        )
        position = 0
        for start, end in taken:
            if start > position:
                return position, start
            position = max(position, end)
        if self.size is None:
            return None if self.active else (position, None)
        if not self.size:
            return None if self.active or self.ended else (0, 0)
        return (position, self.size) if position < self.size else None

    def _end(self, segment: Segment) -> int:
        end = segment.end if segment.end is not None else self.size
        return segment.position if end is None else end

    def _cut(self, url: str, rate: float) -> tuple[int, int] | None:
        now = time.monotonic()
        known = [r for r in (s.rate(now) for s in self.active) if r]
        typical = sum(known) / len(known) if known else None
        best: tuple[float, Segment, int] | None = None
        for segment in self.active:
            left = self._end(segment) - segment.position
            theirs = segment.rate(now)
            if theirs is None:  # it has only begun: what its mirror gives is to be expected
                theirs = rate if rate and segment.url == url else typical
            if left < 1 or theirs is None:
                continue
            ours = rate or theirs
            if theirs:
                share = int(left * ours / (ours + theirs))
                gain = left / theirs - left / (ours + theirs)
                worth = gain >= _GAIN and share >= _LEAST
            else:  # it stands still
                share, gain, worth = left, math.inf, True
            if worth and (best is None or gain > best[0]):
                best = (gain, segment, share)
        if best is None:
            return None
        _, segment, share = best
        end = self._end(segment)
        segment.end = end - share
        text = "%d bytes from byte %d on are moved from %s to %s"
        lgr.debug(text, share, segment.end, Shown(segment.url), Shown(url))
        if segment.end <= segment.position and segment.abort:
            segment.abort()
        return end - share, end

    def claim(self, segment: Segment, count: int) -> int:
        """How many of *count* bytes that came belong to the segment; they are its own now."""
        with self.lock:
            if segment.end is not None:
                count = max(0, min(count, segment.end - segment.position))
            segment.position += count
            return count

    def end(self, segment: Segment) -> None:
        """The segment's connection is done; what it has not fetched is missing again."""
        with self.lock:
            self.active.remove(segment)
            if segment.written > segment.start:
                self._done.append((segment.start, segment.written, segment.source))

    def left(self) -> int:
        """Bytes still to come; 0 while the size is unknown."""
        return 0 if self.size is None else max(0, self.size - self.held())
