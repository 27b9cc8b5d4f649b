"""Where bytes can come from: which mirror is asked next, and how many times at once.

Candidates are asked in the given order, but for what is known of their origins (RFC 6454:
scheme, host, port): preferences of the user, faults in a row, a much lower rate. One
table serves all transfers of a process.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.fetch.mirrors.scores import Score
from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from datalad_jsdl.faults import Fault
    from datalad_jsdl.fetch.settings import Settings


__all__ = ["LINE_DOWN", "Origin", "Origins", "matches"]

lgr = logging.getLogger(f"{LOGGER}.mirrors.registry")

LINE_DOWN = 30.0  # seconds that a line may be down in the middle of a file
_FAILURES = 3  # in a row until an origin is left alone
_LEFT_ALONE = 30.0  # seconds; doubled each time
_LONGEST_ALONE = 600.0  # seconds
_COOL = 1.0  # seconds after 429 or 503 without Retry-After
_LONGER = 3.0  # times; so much longer a first byte may take the next time
_QUARANTINE = 600.0  # seconds; a run is over by then, or its process serves for days
_EXPLORE = 16  # every so many choices, what seems worse is given its place again
_MUCH_SLOWER = 2.0  # times
_TYPICAL = 1 << 20  # bytes, of a file whose size is unknown
_WORTH_MEASURING = 64 << 10  # bytes


def matches(url: str, pattern: str) -> bool:
    """Whether a pattern of ``prefer`` or ``avoid`` means a URL.

    A pattern with ``://`` is compared with the URL without its query, another one with the
    host, with and without the port; ``*`` stands for anything.
    """
    bare = url.partition("?")[0]
    if "://" in pattern:
        return fnmatchcase(bare, pattern) or fnmatchcase(origin_of(url), pattern.rstrip("/"))
    place, pattern = origin_of(url).partition("://")[2], pattern.lower()
    host = re.sub(r":\d+$", "", place)
    return fnmatchcase(place, pattern) or fnmatchcase(host, pattern)


@dataclass(slots=True)
class Origin:
    """One mirror in this run.

    Attributes:
        name: scheme, host and port.
        score: what is remembered of it.
        room: connections it may have at a time.
        active: connections it has.
        received: bytes from it in this run.
        failures: faults of the mirror in a row.
        alone_until: it is left alone until then (monotonic seconds).
        cool_until: it has asked to be left alone until then.
        times_alone: how often in a row it was left alone; more than once: it is dead.
        probing: after having been left alone, one request finds out whether it is back.
        down_since: when it failed first, if it has given nothing since.
        slowest: the longest that a first byte has taken in this run (seconds).
        silent: the longest that one was waited for in vain since the last that came (seconds).
        fault: the last in this run that it is to blame for, or None.
    """

    name: str
    score: Score
    room: int
    active: int = 0
    received: int = 0
    failures: int = 0
    alone_until: float = 0.0
    cool_until: float = 0.0
    times_alone: int = 0
    probing: bool = False
    down_since: float | None = None
    slowest: float = 0.0
    silent: float = 0.0
    fault: Fault | None = None

    def count(self, fault: Fault | None) -> None:
        """Count a request, and its fault if the mirror is to blame."""
        self.score.add_request(good=fault is None)
        self.fault = fault or self.fault


class _Place(NamedTuple):
    """Why a URL has its place among others.

    Attributes:
        preference: the user's; the lower goes first.
        usual: that of a URL which no pattern of the user's means.
        rests: seconds for which its origin is to be left alone.
        unreliable: half of the last requests to it failed.
        slow: another is much faster.
    """

    preference: int
    usual: int
    rests: float
    unreliable: bool
    slow: bool

    @property
    def key(self) -> tuple[int, bool, bool]:
        """To sort by."""
        return self.preference, self.rests > 0 or self.unreliable, self.slow

    def __str__(self) -> str:
        words = ["preferred"] if self.preference < self.usual else []
        words += ["avoided"] if self.preference > self.usual else []
        words += [f"rests for {self.rests:.0f} s"] if self.rests else []
        words += ["unreliable"] if self.unreliable else []
        words += ["slower"] if self.slow else []
        return ", ".join(words) or "as given"


@dataclass
class Origins:
    """All mirrors, shared by the transfers of a process; safe for threads.

    Attributes:
        settings: limits and preferences.
        known: scores from earlier runs.
        clock: monotonic seconds.
    """

    settings: Settings
    known: dict[str, Score] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._origins: dict[str, Origin] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._quarantine: dict[tuple[str, str], tuple[float, Fault]] = {}
        self._changed = threading.Condition()
        self._active = 0
        self._choices = 0
        self._jobs = 1
        self.host_room = self.settings.connections_per_host or 8
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
            fresh = Origin(name, self.known.get(name) or Score(), self.host_room)
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
        explore = self._choices % _EXPLORE == 0
        times = {url: self.of(url).score.seconds(size or _TYPICAL) for url in urls}
        best = min((t for t in times.values() if t is not None), default=0.0)

        def place(url: str) -> _Place:
            origin, time = self.of(url), times[url]
            slow = time is not None and time > _MUCH_SLOWER * best + 0.05
            unreliable = origin.score.success < 0.5 and origin.score.requests > 4
            wait, usual = self._wait(origin), len(self.settings.prefer)
            preference = self._preference(url)
            return _Place(preference, usual, wait, unreliable and not explore, slow and not explore)

        places = {url: place(url) for url in urls}
        # stable: else the given order holds
        order = sorted(urls, key=lambda url: places[url].key)
        if lgr.isEnabledFor(logging.DEBUG):
            told = "; ".join(f"{Shown(url)} ({places[url]})" for url in order)
            why = "what seems worse gets its place once more: " if explore else ""
            lgr.debug("mirrors in order: %s%s", why, told)
        return order

    def _preference(self, url: str) -> int:
        prefer, avoid = self.settings.prefer, self.settings.avoid
        if not prefer and not avoid:
            return 0
        for rank, pattern in enumerate(prefer):
            if matches(url, pattern):
                return rank
        return len(prefer) + any(matches(url, pattern) for pattern in avoid)

    def wait(self, url: str) -> float:
        """Seconds for which the URL's origin is to be left alone; 0 for now."""
        return self._wait(self.of(url))

    def _wait(self, origin: Origin) -> float:
        return max(0.0, max(origin.alone_until, origin.cool_until) - self.clock())

    def is_alone(self, url: str) -> bool:
        """Whether it is left alone for its faults, and not for its own asking."""
        origin, now = self.of(url), self.clock()
        return origin.alone_until > now and origin.cool_until <= now

    def forgive(self) -> None:
        """Let each mirror show once more whether it is in order."""
        lgr.debug("mirrors that were left alone may be asked once more")
        with self._changed:
            for origin in self._origins.values():
                origin.alone_until, origin.times_alone = 0.0, 0
                origin.down_since = None

    def answered(self, url: str) -> None:
        """It gives what is asked for: whoever waits for that to show may ask, too."""
        origin = self.of(url)
        if origin.failures:
            lgr.debug("%s gives files again", origin.name)
            with self._changed:
                origin.failures = origin.times_alone = 0
                origin.alone_until, origin.probing = 0.0, False
                origin.down_since = None
                self._changed.notify_all()

    def is_dead(self, url: str) -> bool:
        """Whether it failed again after having been left alone, and still is."""
        origin = self.of(url)
        return origin.times_alone > 1 and origin.alone_until > self.clock()

    def down_since(self, urls: Iterable[str]) -> float | None:
        """When the last of them failed first; None while one of them is in order.

        Monotonic seconds. All transfers share it: what one of them has waited for in vain,
        the next need not wait for again.
        """
        since = [self.of(url).down_since for url in urls]
        known = [moment for moment in since if moment is not None]
        return max(known) if known and len(known) == len(since) else None

    def patience(self, url: str, *, longer: bool) -> float:
        """Seconds that the first byte of an answer may take.

        An archive that fetches a file from tape, or packs it when it is asked for, is alive. What
        an origin has taken before, it is given again, three times over. And *longer* than it was
        waited for in vain it is waited where there is nobody else to ask.
        """
        origin, base = self.of(url), self.settings.read_timeout
        known = max(origin.slowest, origin.score.latency)
        if longer:
            known = max(known, origin.silent)
        return min(max(base, _LONGER * known), self.most_patience)

    @property
    def most_patience(self) -> float:
        """Seconds that nobody is waited for."""
        return _LONGER * (_LONGER * self.settings.read_timeout)  # step by step, as it grows

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
                        origin.probing = origin.failures >= _FAILURES
                        return url
                if not block:
                    return None
                self._changed.wait(1.0)
                left = [url for url in left if not self._wait(self.of(url))]
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
                self._learn_fault(origin, fault, gained)
            else:
                origin.count(None)
                origin.failures = origin.times_alone = 0
                origin.down_since = None
                if origin.room < self.host_room and origin.score.requests % 10 == 0:
                    origin.room += 1
            self._changed.notify_all()

    def leave(self, url: str) -> None:
        """Give a connection back that was not used."""
        with self._changed:
            origin = self.of(url)
            origin.active -= 1
            self._active -= 1
            origin.probing = False
            self._changed.notify_all()

    def _learn_fault(self, origin: Origin, fault: Fault, gained: int) -> None:
        now = self.clock()
        if fault.busy:
            origin.room = max(1, min(origin.room, origin.active + 1) // 2)
            asked = min(fault.wait or _COOL, self.settings.max_wait)
            # many at once are refused for one reason
            origin.failures += now >= origin.cool_until
            origin.cool_until = max(origin.cool_until, now + asked)
            self._tell_rest(origin, origin.cool_until - now, "as it asks", fault)
        elif not gained and not fault.answered:
            self.fell_silent(fault.url, fault.silent)
            origin.failures += not fault.more_patience
            if origin.down_since is None:
                origin.down_since = now
        if fault.silent >= self.most_patience:  # nobody else need try as long
            origin.failures = max(origin.failures, _FAILURES)
        if origin.failures >= _FAILURES:
            self._leave_alone(origin, fault, now)

    def _leave_alone(self, origin: Origin, fault: Fault, now: float) -> None:
        """It has failed too often: for a while, or for good as far as is known."""
        down = now - (now if origin.down_since is None else origin.down_since)
        if fault.silent >= self.most_patience or (now < origin.alone_until and down >= LINE_DOWN):
            # waited for, or asked out of turn for a file that has waited, long enough
            origin.times_alone = max(origin.times_alone, 2)
        elif now >= origin.alone_until:
            origin.times_alone += 2 if fault.refused and not origin.times_alone else 1
        else:
            return
        pause = min(_LEFT_ALONE * 2 ** (origin.times_alone - 1), _LONGEST_ALONE)
        origin.alone_until = max(origin.alone_until, now + pause)
        why = "it is taken for dead" if origin.times_alone > 1 else f"{origin.failures} in a row"
        self._tell_rest(origin, origin.alone_until - now, why, fault)

    @staticmethod
    def _tell_rest(origin: Origin, seconds: float, why: str, fault: Fault) -> None:
        if lgr.isEnabledFor(logging.DEBUG):
            until = time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))
            text = "%s is left alone for %.0f s, until %s (%s; %s); connections to it: %d"
            lgr.debug(text, origin.name, seconds, until, why, Said(fault), origin.room)

    def measured(self, url: str, size: int, seconds: float, latency: float) -> None:
        """Learn from *size* bytes that came in *seconds*, *latency* after the request."""
        score = self.of(url).score
        score.add_latency(latency)
        if size >= _WORTH_MEASURING and seconds > 0:
            score.add_rate(size / seconds)

    def quarantine(self, wrong: Fault, hexdigest: str) -> None:
        """A URL gave wrong bytes for a digest: it is not asked for that in this run."""
        self._quarantine[wrong.url, hexdigest] = (self.clock() + _QUARANTINE, wrong)
        text = "quarantine of %s for the digest %s, for %.0f s (%s)"
        lgr.debug(text, Shown(wrong.url), hexdigest, _QUARANTINE, Said(wrong))

    def quarantined(self, url: str, hexdigest: str) -> Fault | None:
        """What `quarantine` was called with; None if it was not."""
        until, wrong = self._quarantine.get((url, hexdigest), (0.0, None))
        return wrong if until > self.clock() else None
