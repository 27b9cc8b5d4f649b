"""The candidates of one file: what is known of each, and which is asked next."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.file.sinks import source_of
from datalad_jsdl.fetch.log_words import Said, Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import Expected, Version

__all__ = ["CandidateState", "Candidates"]

lgr = logging.getLogger(f"{LOGGER}.file.candidates")


@dataclass(slots=True, eq=False)
class CandidateState:
    """One candidate URL, and what is known of it in this fetch.

    Attributes:
        url: the candidate; "" for a source of bytes that is no candidate of this fetch.
        source: stands for it in a store.
        is_live: it may still be asked.
        fault: its last, or None.
        failures: passing faults in a row.
        due: it has asked for a pause until then (Retry-After; monotonic seconds).
        tried: it was asked in this round.
        answered: it has given something.
        etag: strong entity tag of the version that its bytes are of, or "".
        demanded: the version that all its bytes have to be of, whatever was fetched; or None.
        ignores_ranges: it answered a range wrongly; asked for the whole file, it may do.
        connection_faults: of connections beside the first.
        suspected: its bytes were dropped since they may be the wrong ones.
        asked_again: it got another chance to give all of the file in one answer.
        told_size: its answer was believed once, where it had another size than another's.
    """

    url: str
    source: str
    is_live: bool = True
    fault: Fault | None = None
    failures: int = 0
    due: float = 0.0
    tried: bool = False
    answered: bool = False
    etag: str = ""
    demanded: Version | None = None
    ignores_ranges: bool = False
    connection_faults: int = 0
    suspected: bool = False
    asked_again: bool = False
    told_size: bool = False


class Candidates:
    """Those of one file.

    Args:
        engine: knows their mirrors.
        operation: that the fetch is a part of.
        urls: in the order in which they are to be tried.
        expected: what is known of the content.

    Attributes:
        urls: each once, in that order.
        asks_all: in this round each is asked, whatever its back-off.
        asked_all: there was such a round since there was progress.
    """

    def __init__(
        self, engine: Engine, operation: Operation, urls: Iterable[str], expected: Expected
    ) -> None:
        self.engine = engine
        self.operation = operation
        self.urls = tuple(dict.fromkeys(urls))
        self.asks_all = self.asked_all = False
        self._expected = expected
        self._all = {url: CandidateState(url, source_of(url)) for url in self.urls}
        self._by_source = {found.source: found for found in self._all.values()}
        for candidate in self._all.values():
            if wrong := engine.origins.quarantine.of(candidate.url, expected.hexdigest):
                candidate.fault, candidate.is_live = wrong, False
                lgr.debug("not asked: %s is in quarantine (%s)", Shown(candidate.url), Said(wrong))

    @property
    def live(self) -> list[CandidateState]:
        """Those that may still be asked, in order."""
        return [candidate for candidate in self._all.values() if candidate.is_live]

    def of(self, url: str) -> CandidateState:
        """The candidate with a URL."""
        return self._all[url]

    def of_source(self, source: str) -> CandidateState:
        """The candidate that a source stands for; one without a URL if no candidate is."""
        found = self._by_source.get(source)
        if found is None:
            found = self._by_source[source] = CandidateState("", source, is_live=False)
        return found

    @property
    def suspects(self) -> list[CandidateState]:
        """Those whose bytes were dropped since they may be the wrong ones."""
        return [found for found in self._by_source.values() if found.suspected]

    @property
    def asked_again(self) -> list[str]:
        """Sources that were asked for all of the file once more, in one answer."""
        return [source for source, found in self._by_source.items() if found.asked_again]

    def clear_suspects(self) -> None:
        """All may be asked again."""
        for candidate in self.suspects:
            candidate.suspected = False

    def why(self) -> tuple[Fault, ...]:
        """A fault for each, in order."""
        rest = self.operation.stopped_for or Fault(FaultKind.NOT_ASKED)
        return tuple(found.fault or replace(rest, url=url) for url, found in self._all.items())

    def faults(self) -> list[Fault]:
        """The last ones of those that have any, with their URLs."""
        found = self._all.items()
        return [replace(known.fault, url=url) for url, known in found if known.fault]

    def givers(self, held: Mapping[str, int]) -> tuple[str, ...]:
        """The URLs that bytes are from (source → bytes), the one with the most of them first."""
        sources = sorted(held, key=lambda source: -held[source])
        return tuple(url for source in sources if (url := self.of_source(source).url))

    def ready(self) -> list[CandidateState]:
        """Those to ask in this round, the best first."""
        left = [c for c in self.live if not c.tried and not c.suspected]
        if self.asks_all:
            return left
        order = self.engine.origins.rank([c.url for c in left], self._expected.size)
        ready = [found for url in order if not self.wait(found := self._all[url])]
        if not ready and not self.operation.second_chance:
            # one with a back-off is asked once, all the same: it may be back
            ready = [c for c in left if c.fault is None and self._may_be_back(c)]
            for candidate in ready:
                lgr.debug("%s is asked despite its back-off: it may be back", Shown(candidate.url))
        return ready

    def wait(self, candidate: CandidateState) -> float:
        """Seconds for which a candidate, or its mirror, is not to be asked."""
        origins = self.engine.origins
        return max(origins.wait(candidate.url), candidate.due - origins.clock())

    def next_round(self) -> bool:
        """Let all be asked again; whether any was asked in the round that ends."""
        tried = [candidate for candidate in self._all.values() if candidate.tried]
        for candidate in tried:
            candidate.tried = False
        self.asks_all = False
        return bool(tried)

    def _may_be_back(self, candidate: CandidateState) -> bool:
        return self.engine.origins.is_backing_off(candidate.url) and not self.is_given_up(candidate)

    def is_given_up(self, candidate: CandidateState) -> bool:
        """Whether its mirror is dead, and was given up by this operation."""
        origins = self.engine.origins
        dead = origins.is_dead(candidate.url)
        return dead and origins.of(candidate.url).name in self.operation.given_up

    def exclude(self, candidate: CandidateState, wrong: Fault) -> None:
        """It gave wrong bytes: it is not asked again in this run."""
        if not candidate.url:
            return
        candidate.fault = replace(wrong, url=candidate.url)
        candidate.is_live = False
        lgr.debug("%s is not asked again (%s)", Shown(candidate.url), Said(wrong))
        if self._expected.hexdigest:
            self.engine.origins.quarantine.add(candidate.fault, self._expected.hexdigest)

    def demand(self, version: Version) -> None:
        """Accept no other version of the file from the candidate that it is of."""
        candidate = self._all[version.url]
        candidate.demanded, candidate.etag = version, version.etag

    def forget_versions(self) -> None:
        """No bytes are there any more that those to come would have to be like."""
        for candidate in self._all.values():
            candidate.etag = candidate.demanded.etag if candidate.demanded else ""
