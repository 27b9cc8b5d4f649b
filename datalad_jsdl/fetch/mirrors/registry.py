"""Where bytes can come from: the mirrors of a process, and their connections.

A mirror is an origin (RFC 6454: scheme, host, port). One table serves all transfers. Which
mirror is asked first is decided in `ranking`, when one is not asked for a while in `back_off`.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.fetch.log_words import Shown
from datalad_jsdl.fetch.mirrors import back_off, levelling, ranking
from datalad_jsdl.fetch.mirrors.origin import Origin
from datalad_jsdl.fetch.mirrors.quarantine import Quarantine
from datalad_jsdl.fetch.mirrors.scores import Score
from datalad_jsdl.fetch.mirrors.wrong import WrongContent
from datalad_jsdl.fetch.retries import FAILURES, START
from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from datalad_jsdl.faults import Fault
    from datalad_jsdl.fetch.settings import Settings


__all__ = ["Origins"]

lgr = logging.getLogger(f"{LOGGER}.mirrors.registry")

_WORTH_MEASURING = 64 << 10  # bytes
_LOOK = 0.1  # seconds between two looks at how many connections pay


@dataclass
class Origins:
    """All mirrors, shared by the transfers of a process; safe for threads.

    Attributes:
        settings: limits and preferences.
        known: scores from earlier runs.
        clock: monotonic seconds.
        quarantine: URLs that gave wrong content.
        wrong: how many of each mirror did, where another mirror had it right.
        host_room: connections to one mirror to begin with; at most, where the number is set.
    """

    settings: Settings
    known: dict[str, Score] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._origins: dict[str, Origin] = {}
        self._names: dict[tuple[str, str], str] = {}
        self.quarantine = Quarantine(lambda: self.clock())
        self.wrong = WrongContent()
        self._preferences = ranking.Preferences(self.settings.prefer, self.settings.avoid)
        self._changed = threading.Condition()
        self._active = 0
        self._choices = 0
        self._jobs = 1
        self._most = 0
        self._looked = 0.0
        self.host_room = self.settings.connections_per_host or START
        self._room = self.settings.connections or 16

    def expect_jobs(self, jobs: int) -> None:
        """Make room for so many files at a time, where the user has set no limit."""
        with self._changed:
            if jobs <= self._jobs:
                return
            self._jobs = jobs
            if not self.settings.connections:
                self._room = max(self._room, jobs)
            if not self.settings.connections_per_host:
                old, self.host_room = self.host_room, max(self.host_room, jobs)
                for origin in self._origins.values():
                    origin.room += self.host_room - old if origin.room == old else 0
            self._changed.notify_all()

    def find_level(self, most: int) -> None:
        """Let mirrors have as many connections as pay; where the user has set no limit.

        Args:
            most: to one of them, and in all.
        """
        with self._changed:
            if not self.settings.connections:
                self._room = max(self._room, most)
            if not self.settings.connections_per_host:
                self._most = max(self._most, most)
                for origin in self._origins.values():
                    origin.room = max(origin.room, self._first_room(origin.score))

    @property
    def level(self) -> int:
        """Files at a time that pay: the connections of the mirror that has most."""
        rooms = [origin.room for origin in self._origins.values() if origin.active]
        return max(START, *rooms) if rooms else START

    def look(self) -> None:
        """Find out how many connections pay; to be called now and then while files come."""
        now = self.clock()
        if not self._most or now - self._looked < _LOOK:
            return
        self._looked = now
        with self._changed:
            for origin in self._origins.values():
                if origin.active:
                    before = origin.room
                    levelling.look(origin, now, self._most)
                    if origin.room != before:
                        text = "%s: %d connections at a time, %d before"
                        lgr.debug(text, origin.name, origin.room, before)
            self._changed.notify_all()

    def _first_room(self, score: Score) -> int:
        """Connections to a mirror to begin with, by what is known of it."""
        known = score.level or self.host_room
        return min(known, max(self.host_room, self._most))

    def remember(self, scores: Mapping[str, Score]) -> None:
        """Take scores from earlier runs into account, of origins that none is known of."""
        with self._changed:
            for name, score in scores.items():
                self.known.setdefault(name, score)

    def of(self, url: str) -> Origin:
        """The origin of a URL."""
        head = url.split("/", 3)
        place = (head[0], head[2]) if len(head) > 2 else (url, "")
        name = self._names.get(place)
        if name is None:
            name = self._names.setdefault(place, origin_of(url))
        origin = self._origins.get(name)
        if origin is None:
            score = self.known.get(name) or Score()
            fresh = Origin(name, score, self._first_room(score))
            if fresh.room < self.host_room:  # it has refused more
                fresh.level.rest(self.clock())
            origin = self._origins.setdefault(name, fresh)
        return origin

    def all(self) -> list[Origin]:
        """Those of this run."""
        return list(self._origins.values())

    def scores(self) -> dict[str, Score]:
        """Of the origins of this run, for `scores.save_scores`."""
        return {origin.name: origin.score for origin in self.all()}

    def rank(self, urls: Sequence[str], size: int | None) -> list[str]:
        """The candidates in the order in which they are to be asked for *size* bytes."""
        if len(urls) < 2:
            return list(urls)
        self._choices += 1
        explore = ranking.explores(self._choices)
        order = ranking.rank(urls, size, self._known, self._preferences, explore=explore)
        if lgr.isEnabledFor(logging.DEBUG):
            told = "; ".join(f"{Shown(found.url)} ({found})" for found in order)
            why = "what seems worse keeps its place this time: " if explore else ""
            lgr.debug("mirrors in order: %s%s", why, told)
        return [found.url for found in order]

    def _known(self, url: str) -> ranking.Known:
        origin = self.of(url)
        return ranking.Known(origin.score, origin.wait(self.clock()))

    def wait(self, url: str) -> float:
        """Seconds for which the URL's mirror is not to be asked; 0 for now."""
        return self.of(url).wait(self.clock())

    def is_backing_off(self, url: str) -> bool:
        """Whether its mirror is not asked for its failures, and not for its own asking."""
        return self.of(url).is_backing_off(self.clock())

    def is_dead(self, url: str) -> bool:
        """Whether its mirror failed again after a back-off, and has another one now."""
        return self.of(url).is_dead(self.clock())

    def end_back_offs(self) -> None:
        """Let each mirror show once more whether it is in order."""
        lgr.debug("all back-offs end: each mirror may be asked again")
        with self._changed:
            for origin in self._origins.values():
                back_off.end_back_off(origin)

    def answered(self, url: str) -> None:
        """The first bytes that were asked for have come."""
        origin = self.of(url)
        if origin.failures:
            lgr.debug("%s delivers files again", origin.name)
            with self._changed:
                back_off.learn_recovery(origin)
                self._changed.notify_all()

    def down_since(self, urls: Iterable[str]) -> float | None:
        """When the last of them failed first; None while one of them is in order.

        Monotonic seconds. All transfers share it: what one of them has waited for in vain,
        the next need not wait for again.
        """
        since = [self.of(url).down_since for url in urls]
        known = [moment for moment in since if moment is not None]
        return max(known) if known and len(known) == len(since) else None

    def patience(self, url: str, *, longer: bool) -> float:
        """Seconds that the first byte of an answer may take; see `back_off.patience`."""
        return back_off.patience(self.of(url), self.settings, longer=longer)

    @property
    def most_patience(self) -> float:
        """Seconds that no first byte may take."""
        return back_off.most_patience(self.settings)

    def began(self, url: str, seconds: float) -> None:
        """The first byte of an answer has come after so many seconds."""
        origin = self.of(url)
        origin.slowest, origin.silent = max(origin.slowest, seconds), 0.0

    def fell_silent(self, url: str, seconds: float) -> None:
        """A first byte was waited for in vain for so many seconds."""
        origin = self.of(url)
        origin.silent = max(origin.silent, seconds)

    def acquire(self, urls: Iterable[str], *, block: bool = True) -> str | None:
        """Take a connection to the first of *urls* that has one to spare.

        To be given back by `release`. Blocks until there is one; None if there is none, or
        if meanwhile all were found to be out of order.
        """
        left = list(urls)
        with self._changed:
            while left:
                for url in left:
                    origin = self.of(url)
                    if self._has_room(origin):
                        origin.active += 1
                        self._active += 1
                        origin.level.taken(origin.active, origin.room)
                        origin.probing = origin.failures >= FAILURES
                        return url
                if not block:
                    return None
                self._changed.wait(1.0)
                left = [url for url in left if not self.wait(url)]
        return None

    def _has_room(self, origin: Origin) -> bool:
        if self._active >= self._room or origin.probing:
            return False
        return origin.active < origin.room

    def release(self, url: str, fault: Fault | None, gained: int = 0) -> None:
        """Give a connection back, and learn from what came of it.

        Args:
            url: that was asked.
            fault: what went wrong, or None.
            gained: bytes that came.
        """
        if fault is not None and fault.unasked:
            self.leave(url)
            return
        with self._changed:
            origin = self.of(url)
            origin.active -= 1
            self._active -= 1
            origin.probing = False
            if fault is not None and fault.mirror:
                origin.count(fault)
                back_off.learn_fault(origin, fault, gained, self.clock(), self.settings)
            else:
                origin.count(None)
                back_off.learn_good(origin)
                origin.level.done += 1
                if self._may_have_more(origin):
                    origin.room += 1
            self._changed.notify_all()

    def _may_have_more(self, origin: Origin) -> bool:
        """Whether it has refused some, and done well with fewer since."""
        if origin.room >= self.host_room or origin.score.requests % 10:
            return False
        return self.clock() >= origin.level.hold

    def leave(self, url: str) -> None:
        """Give a connection back that was not used."""
        with self._changed:
            origin = self.of(url)
            origin.active -= 1
            self._active -= 1
            origin.probing = False
            self._changed.notify_all()

    def measured(self, url: str, size: int, seconds: float, latency: float) -> None:
        """Learn from *size* bytes that came in *seconds*, *latency* after the request."""
        origin = self.of(url)
        origin.level.heads += 1
        origin.level.latency += latency
        score = origin.score
        score.add_latency(latency)
        if size >= _WORTH_MEASURING and seconds > 0:
            score.add_rate(size / seconds)
