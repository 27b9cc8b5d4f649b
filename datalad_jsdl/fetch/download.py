"""One file: which URL is asked next, what a fault means, what is done with wrong bytes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

from datalad_jsdl.fetch.blame import cut_out, judge
from datalad_jsdl.fetch.helpers import Helpers
from datalad_jsdl.fetch.partfile import PartFile
from datalad_jsdl.fetch.segments import Ledger
from datalad_jsdl.fetch.stores import InSequence, source_of
from datalad_jsdl.fetch.transfer import CHANGED, Transfer
from datalad_jsdl.fetch.values import Failed, Fault, Fetched
from datalad_jsdl.fetch.verification import Frontier, Verifier, wrong_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.segments import Range
    from datalad_jsdl.fetch.values import Expected, Progress, Sink, Store

__all__ = ["Download"]

_FIRST_WAIT = 0.5  # seconds; doubled from round to round
_PATIENCE = 4  # attempts more at a file of which something has come
_REFUND = 64 << 10  # bytes; so much progress gives a URL its attempts back


class Download:
    """The fetch of one file; see `engine.Engine.fetch` for the arguments."""

    def __init__(
        self,
        engine: Engine,
        urls: Iterable[str],
        expected: Expected,
        store: PartFile | Sink,
        progress: Progress,
    ) -> None:
        self._engine = engine
        self._order = list(dict.fromkeys(urls))
        self._sources = {source_of(url): url for url in self._order}
        self._expected = expected
        self._part = store if isinstance(store, PartFile) else None
        self._store: Store = self._part or InSequence(cast("Sink", store))
        self._ledger = Ledger(expected.size)
        self._verifier = Verifier(expected)
        self._frontier = Frontier(self._verifier, self._store)
        self._transfer = Transfer(
            engine, self._ledger, self._store, self._frontier, expected, progress, self._begun
        )
        self._helpers = Helpers(engine, self._transfer, self._sources)
        self._faults: dict[str, Fault] = {}
        for url in self._order:
            if expected.hexdigest and (what := engine.origins.quarantined(url, expected.hexdigest)):
                self._faults[url] = Fault(url, what, lasting=True)
        self._live = [url for url in self._order if url not in self._faults]
        self._tried: set[str] = set()  # in this round
        self._failures: Counter[str] = Counter()  # passing ones in a row, by URL
        self._chances: set[str] = set()  # sources that got one more
        self._disputes: set[str] = set()  # URLs that were let say how large the file is
        self._last = ""  # the source that answered last
        self._requests = 0
        self._blamed_at = -1  # number of requests when the content was last found wrong
        self._best = 0  # most bytes there so far; only what goes beyond it is progress
        self._wait = _FIRST_WAIT
        self._alone = not expected.verifiable  # all bytes have to be of one URL
        self._source = ""  # the one, if so
        self._suspects: set[str] = set()  # sources whose bytes were thrown away on suspicion

    def run(self) -> Fetched | Failed:
        """Fetch until the content is verified or no URL is left."""
        try:
            self._begin()
            while True:
                if self._ledger.is_complete():
                    if outcome := self._verify():
                        return outcome
                elif not self._live or self._engine.stop.is_set():
                    if not self._helpers.wait():
                        return Failed(tuple(self._fault_of(url) for url in self._order))
                else:
                    self._step()
        finally:
            try:
                self._helpers.end()
            finally:
                self._frontier.close()

    def _fault_of(self, url: str) -> Fault:
        interrupted = self._engine.stop.is_set()
        return self._faults.get(url) or Fault(url, "interrupted" if interrupted else "not asked")

    def _begin(self) -> None:
        """Take over what earlier runs left, if it can be a beginning."""
        part, size = self._part, self._expected.size
        if part is None or not part.held:
            return
        known = self._sources.get(part.source)
        versioned = bool(known and part.etag)
        too_long = size is not None and max(end for _, end, _ in part.held) > size
        if too_long or not (self._expected.verifiable or versioned):
            self._forget()
            return
        self._ledger.add(part.held)
        if versioned and known:
            self._transfer.etags[known] = part.etag
            self._source = part.source
        # counts as an answer of its own: nobody knows who gave it
        self._transfer.answers = 1
        self._frontier.catch_up(self._ledger.prefix)
        self._best = self._transfer.held = self._ledger.held()

    def _step(self) -> None:
        """One request of this thread's, or a pause."""
        origins, ledger = self._engine.origins, self._ledger
        url = self._choose()
        if url is None:
            return
        source = source_of(url)
        try:
            if self._alone and self._source not in ("", source) and ledger.held():
                self._forget()
        except OSError:
            origins.leave(url)
            raise
        segment = ledger.begin(url, source, rate=origins.of(url).score.rate)
        if segment is None:  # the helpers have it all
            origins.leave(url)
            self._helpers.wait()
            return
        fault = None
        try:
            fault = self._transfer.run(segment, whole=self._takes_whole(url))
        finally:
            ledger.end(segment)
            origins.release(url, fault, segment.written - segment.start)
        self._last = source
        self._requests += 1
        if self._alone:
            self._source = source
        if fault is not None:
            self._learn(url, source, fault)

    def _choose(self) -> str | None:
        """The URL to ask now, with a connection to it; None after a pause."""
        origins = self._engine.origins
        if self._alone and self._helpers.active():
            self._helpers.wait()  # they are all at one URL: no other may be mixed in
            return None
        left = [url for url in self._live if url not in self._tried and self._is_trusted(url)]
        ready = [url for url in origins.rank(left, self._expected.size) if not origins.wait(url)]
        if not ready and not self._engine.second_chance:
            # one that is left alone is asked once, all the same: it may be back
            ready = [url for url in left if url not in self._faults and origins.is_alone(url)]
        if ready and (url := origins.acquire(ready)):
            return url
        self._pause()
        return None

    def _is_trusted(self, url: str) -> bool:
        return source_of(url) not in self._suspects

    def _pause(self) -> None:
        """All URLs were asked in this round, or are to be left alone for a while."""
        origins = self._engine.origins
        tried, self._tried = self._tried, set()
        if not any(map(self._is_trusted, self._live)):
            self._suspects.clear()
            return
        if self._helpers.wait():
            return
        if dead := [url for url in self._live if origins.is_dead(url) and not self._best]:
            for url in dead:
                last = origins.of(url).score.fault
                what = f"the mirror has failed many times in a row, and is left alone ({last})"
                self._faults.setdefault(url, Fault(url, what))
                self._live.remove(url)
            return
        asked = min((origins.wait(url) for url in self._live), default=0.0)
        progress, self._best = self._ledger.held() > self._best, self._held_at_best()
        if progress and not asked:
            return
        own = self._wait if tried else 0.0
        self._engine.sleep(min(max(own, asked), self._engine.settings.max_wait))
        if tried:
            self._wait *= 2

    def _held_at_best(self) -> int:
        return max(self._best, self._ledger.held())

    def _takes_whole(self, url: str) -> bool:
        """Whether to take a whole file again from a server that ignores ranges."""
        if self._helpers.active():
            return False
        return self._alone or not [u for u in self._live if u != url and u not in self._tried]

    def _learn(self, url: str, source: str, fault: Fault) -> None:
        self._faults[url] = fault
        self._tried.add(url)
        ledger = self._ledger
        if fault.what == CHANGED:
            self._transfer.etags.pop(url, None)
        if fault.wrong:
            self._drop(lambda r: r[2] == source)
        elif fault.disputed and url not in self._disputes:
            # one of the two is wrong: now this one may say how large the file is
            self._disputes.add(url)
            self._forget()
            self._tried.discard(url)
            return
        elif self._alone and not self._continues(url):
            self._forget()
        if fault.lasting:
            self._live.remove(url)
            return
        gained = ledger.held() - self._best
        self._best = max(self._best, ledger.held())
        if gained >= _REFUND:
            self._failures[url], self._wait = 0, _FIRST_WAIT
        self._failures[url] += 1
        # what has come so far is worth some patience: a line may be down for half a minute
        patience = _PATIENCE if self._best >= _REFUND else 0
        if self._failures[url] >= self._engine.settings.retries + patience:
            self._live.remove(url)
        elif gained > 0 and self._alone and self._continues(url):
            self._tried.discard(url)  # another mirror could not continue what has come so far

    def _continues(self, url: str) -> bool:
        """Whether bytes of this URL can be added to what is there of it."""
        return self._expected.verifiable or bool(self._transfer.etags.get(url))

    def _verify(self) -> Fetched | Failed | None:
        self._helpers.end()
        self._frontier.catch_up(self._ledger.prefix)
        wrong, expected = self._verifier.mismatch(), self._expected
        if wrong is None and expected.pieces and not expected.algorithm:
            wrong = self._check_pieces()
        if wrong is None:
            for source in self._suspects:
                self._condemn(source, "other mirrors had the right bytes in the place of its own")
            digest = "" if expected.algorithm else self._verifier.hexdigest()
            return Fetched(self._verifier.size, digest)
        if self._blamed_at == self._requests:
            # nobody was asked since, and nobody can be: an empty file with another's digest
            return Failed(tuple(Fault(url, wrong, lasting=True) for url in self._order))
        self._blamed_at = self._requests
        self._blame(wrong)
        return None

    def _check_pieces(self) -> str | None:
        pieces, size = self._expected.pieces, self._verifier.size
        if pieces is None or self._store.in_order or not wrong_pieces(pieces, self._store, size):
            return None
        return f"wrong content: a piece does not have its {pieces.algorithm}"

    def _condemn(self, source: str, what: str) -> None:
        """A URL gave wrong bytes: it is not asked again in this run."""
        url = self._sources.get(source)
        if url is None:
            return
        if self._expected.hexdigest:
            self._engine.origins.quarantine(url, self._expected.hexdigest, what)
        self._faults[url] = Fault(url, what, lasting=True)
        if url in self._live:
            self._live.remove(url)

    def _blame(self, wrong: str) -> None:
        """The content is complete and wrong: find out whose bytes are, and forget them."""
        if self._blame_pieces(wrong):
            return
        guessed = self._transfer.guessed
        verdict = judge(
            self._ledger.sources() or {self._last: 0},
            live={source_of(url) for url in self._live},
            suspects=self._suspects,
            chances=self._chances,
            answers=self._transfer.answers,
            in_order=self._store.in_order,
        )
        if verdict.drop is not None:
            self._suspects |= verdict.drop
            dropped = verdict.drop
            self._drop(lambda r: r[2] in dropped)
            return
        self._forget()
        url = self._sources.get(verdict.guilty)
        if verdict.alone:
            self._alone = True
            self._suspects.clear()
        elif verdict.again:
            self._chances.add(verdict.again)
            # it was the last to be trusted: the others first, now
            self._suspects = {verdict.again} if self._suspects else set()
            self._alone = self._alone or bool(self._suspects)
        elif guessed and url in self._live:
            fault = Fault(url, f"{wrong}; it may have been cut off", mirror=True)
            self._learn(url, verdict.guilty, fault)
        else:
            self._condemn(verdict.guilty, wrong)

    def _blame_pieces(self, wrong: str) -> bool:
        """Forget the pieces that are wrong, if only some are."""
        pieces, size = self._expected.pieces, self._ledger.size
        if pieces is None or self._store.in_order or size is None:
            return False
        bad = wrong_pieces(pieces, self._store, size)
        if not bad or len(bad) == len(pieces.hexdigests):
            return False
        ranges = self._ledger.ranges()
        kept = cut_out(ranges, bad)
        for source in {r[2] for r in ranges if any(r[0] < e and r[1] > s for s, e in bad)}:
            self._condemn(source, wrong)
        self._ledger.keep(lambda _: False)
        self._ledger.add(kept)
        self._changed(kept)
        return True

    def _drop(self, unwanted: Callable[[Range], bool]) -> None:
        """Forget the ranges that *unwanted* is true for."""
        self._helpers.end()
        left = [r for r in self._ledger.ranges() if not unwanted(r)]
        if self._store.in_order or not left or not self._expected.verifiable:
            self._forget()
            return
        self._changed(self._ledger.keep(lambda r: not unwanted(r)))

    def _forget(self) -> None:
        """Begin at the first byte again."""
        self._helpers.end()
        self._ledger.keep(lambda _: False)
        self._ledger.size = self._expected.size
        self._transfer.etags.clear()
        self._transfer.guessed = False
        self._source = ""
        if self._part is not None:
            self._part.begin("", "")
        self._changed([])

    def _changed(self, kept: list[Range]) -> None:
        self._store.keep(kept)
        self._frontier.restart()
        self._transfer.held = self._ledger.held()
        self._transfer.answers = len({source for _, _, source in kept})

    def _begun(self) -> None:
        """Bytes are coming: more connections, if they would help."""
        if not self._store.in_order:
            self._helpers.watch(self._live, one_source=self._alone)
