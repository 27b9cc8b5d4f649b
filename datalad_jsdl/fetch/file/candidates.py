"""The candidates of one file: which is asked next, and which are out of the game."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.faults import Attempts, Fault, FaultKind
from datalad_jsdl.fetch.file.sinks import source_of
from datalad_jsdl.fetch.http.answers import given_up
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.fetch.retries import LINE_DOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import Expected

__all__ = ["Candidates"]

lgr = logging.getLogger(f"{LOGGER}.file.candidates")

_PATIENCE = 4  # attempts more at a file of which something has come


class Candidates:
    """The URLs of one file.

    Attributes:
        order: all of them, as they are to be tried.
        sources: what stands for a URL in a store → the URL.
        faults: the last of each.
        live: those that may still be asked.
        tried: those that were asked in this round.
        suspects: sources whose bytes were thrown away on suspicion.
        due: URLs that asked for a wait (Retry-After) → when it is over (monotonic seconds).
        answered: those that have given something.
    """

    def __init__(
        self, engine: Engine, operation: Operation, urls: Iterable[str], expected: Expected
    ) -> None:
        self._engine = engine
        self._operation = operation
        self._expected = expected
        self.order = list(dict.fromkeys(urls))
        self._file = tuple(self.order)
        self.sources = {source_of(url): url for url in self.order}
        self.faults: dict[str, Fault] = {}
        for url in self.order:
            if wrong := engine.origins.quarantine.of(url, expected.hexdigest):
                self.faults[url] = wrong
                lgr.debug("%s is not asked: it is in quarantine (%s)", Shown(url), Said(wrong))
        self.live = [url for url in self.order if url not in self.faults]
        self.tried: set[str] = set()
        self.suspects: set[str] = set()
        self.due: dict[str, float] = {}
        self.answered: set[str] = set()
        self._failures: Counter[str] = Counter()  # passing ones in a row
        self._insists = self._insisted = False

    def why(self) -> tuple[Fault, ...]:
        """A fault for each, in order."""
        rest = self._operation.stopped_for or Fault(FaultKind.NOT_ASKED)
        return tuple(self.faults.get(url) or replace(rest, url=url) for url in self.order)

    def givers(self, held: Mapping[str, int]) -> tuple[str, ...]:
        """The URLs that bytes are from (source → bytes), the one with the most of them first."""
        known = [source for source in held if source in self.sources]
        return tuple(self.sources[s] for s in sorted(known, key=lambda source: -held[source]))

    def is_trusted(self, url: str) -> bool:
        """Whether its bytes are under no suspicion."""
        return source_of(url) not in self.suspects

    def ready(self) -> list[str]:
        """Those to ask in this round, the best first."""
        origins = self._engine.origins
        left = [url for url in self.live if url not in self.tried and self.is_trusted(url)]
        ready = [url for url in origins.rank(left, self._expected.size) if not self.wait(url)]
        if self._insists:
            ready = left
        if not ready and not self._operation.second_chance:
            # one that is left alone is asked once, all the same: it may be back
            ready = [url for url in left if url not in self.faults and self._may_be_back(url)]
            for url in ready:
                lgr.debug("%s is asked though it is left alone: it may be back", Shown(url))
        return ready

    def wait(self, url: str) -> float:
        """Seconds for which a URL, or its mirror, is to be left alone."""
        origins = self._engine.origins
        return max(origins.wait(url), self.due.get(url, 0.0) - origins.clock())

    def next_round(self) -> set[str]:
        """Let all be asked again; those that were asked in the round that ends."""
        tried, self.tried, self._insists = self.tried, set(), False
        return tried

    def _may_be_back(self, url: str) -> bool:
        origins = self._engine.origins
        return origins.is_backing_off(url) and not self._is_given_up(url)

    def waits_longer(self, url: str, *, begun: bool) -> bool:
        """Whether its first byte may take longer than it was waited for in vain.

        Where no other mirror is left to ask, and unless this one is known to give files, and
        fell silent in the middle of this one (*begun*).
        """
        origins = self._engine.origins
        if url in self.answered or (begun and origins.of(url).slowest):
            return False
        return not any(
            other != url
            and other not in self.faults
            and not origins.of(other).silent
            and not origins.is_backing_off(other)
            for other in self.live
        )

    def patience(self, asked: float) -> float:
        """Seconds to wait for mirrors that went out of order in the middle of a file.

        A line may be down for a while. Then each is asked once more, however long it is to be
        left alone, and those that are dead even so are given up. The while begins but once: for
        a mirror with its first fault, whichever file it was, and for a file that is fetched in
        pieces when nothing came of any of them.

        Args:
            asked: seconds for which they are to be left alone.

        Returns:
            0 if it was enough.
        """
        origins = self._engine.origins
        since = origins.down_since(self.live)
        if since is None or not all(origins.is_backing_off(url) for url in self.live):
            return asked
        now = origins.clock()
        since = min(since, self._operation.stalled.get(self._file, now))
        if (left := since + LINE_DOWN - now) > 0:
            return min(asked, left)
        if self._insisted or all(map(self._is_given_up, self.live)):
            return 0.0 if self.bury_dead() else asked
        self._insists = self._insisted = True
        lgr.debug("each mirror of the file was out of order for %.0f s: each is asked", LINE_DOWN)
        return 0.0

    def _is_given_up(self, url: str) -> bool:
        origins = self._engine.origins
        return origins.is_dead(url) and origins.of(url).name in self._operation.given_up

    def moved(self) -> None:
        """Something of the file has come, or is to come when its mirror says so."""
        self._operation.stalled.pop(self._file, None)

    def bury_dead(self) -> bool:
        """Give up those whose mirror is dead; whether there were any."""
        origins = self._engine.origins
        dead = [url for url in self.live if origins.is_dead(url)]
        for url in dead:
            origin = origins.of(url)
            self._operation.given_up.add(origin.name)
            if fault := self.faults.get(url):
                if fault.wait is not None:
                    number = self._failures[url] or 1
                    self.faults[url] = given_up(fault, number, self._engine.settings)
            else:
                self.faults[url] = Fault(
                    FaultKind.LEFT_ALONE,
                    url,
                    origins.wait(url),
                    cause=origin.fault,
                    attempts=Attempts(origin.failures),
                )
            lgr.debug("%s is given up: its mirror is dead", Shown(url))
            self.live.remove(url)
        return bool(dead)

    def condemn(self, source: str, wrong: Fault) -> None:
        """A URL gave wrong bytes: it is not asked again in this run."""
        url = self.sources.get(source)
        if url is None:
            return
        self.faults[url] = replace(wrong, url=url)
        lgr.debug("%s is not asked again (%s)", Shown(url), Said(wrong))
        if self._expected.hexdigest:
            self._engine.origins.quarantine.add(self.faults[url], self._expected.hexdigest)
        if url in self.live:
            self.live.remove(url)

    def fail(self, url: str, *, progress: bool, begun: bool) -> bool:
        """A fault that may pass; whether the URL is still in the game.

        Args:
            url: that failed.
            progress: so much has come in between that it gets its attempts back.
            begun: a part of the file is there: what has come so far is worth some patience,
                since a line may be down for half a minute.
        """
        origins, settings, fault = self._engine.origins, self._engine.settings, self.faults[url]
        if progress:
            self._insisted = False
        self._failures[url] = 1 if progress else self._failures[url] + 1
        if fault.busy:
            self.moved()
        attempts = settings.retries
        if begun:
            now = origins.clock()
            since = self._operation.stalled.setdefault(self._file, now)
            attempts = 1 if now - since >= LINE_DOWN else attempts + _PATIENCE
        exhausted = fault.silent >= origins.most_patience
        if self._failures[url] < attempts and not exhausted:
            return True
        if origins.is_dead(url):
            self._operation.given_up.add(origins.of(url).name)
        if exhausted:
            fault = replace(fault, kind=FaultKind.UNRESPONSIVE)
        self.faults[url] = given_up(fault, self._failures[url], settings)
        lgr.debug("%s is given up after %d faults", Shown(url), self._failures[url])
        self.live.remove(url)
        return False
