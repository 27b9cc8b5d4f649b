"""One file: which URL is asked next, what a fault means, what is done with wrong bytes."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.faults import Checksum, Failed, Fault, FaultKind
from datalad_jsdl.fetch.file.blame import cut_out, judge
from datalad_jsdl.fetch.file.candidates import Candidates
from datalad_jsdl.fetch.file.parallel import Helpers
from datalad_jsdl.fetch.file.partfile import PartFile
from datalad_jsdl.fetch.file.request import Transfer
from datalad_jsdl.fetch.file.segments import Ledger
from datalad_jsdl.fetch.file.sinks import InSequence, source_of
from datalad_jsdl.fetch.file.verification import Frontier, Unhashed, Verifier, wrong_pieces
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.model.content import Fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.file.segments import Range
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import ByteProgress, Expected, Sink, Store

__all__ = ["fetch"]

lgr = logging.getLogger(f"{LOGGER}.file.download")

_FIRST_WAIT = 0.5  # seconds; doubled from round to round
_REFUND = 64 << 10  # bytes; so much progress gives a URL its attempts back


def fetch(
    engine: Engine,
    urls: Sequence[str],
    expected: Expected,
    store: PartFile | Sink,
    progress: ByteProgress | None = None,
    *,
    window: tuple[int, int] | None = None,
    operation: Operation | None = None,
) -> Fetched | Failed:
    """Fill a store with verified content, from whichever URL gives it.

    A URL with a lasting fault (404, wrong content, …) is not asked again; one with a
    passing fault (a reset, 503, …) is, in turn with the others and after a pause.

    Args:
        engine: connections and limits.
        urls: candidates, in the order in which they are to be tried.
        expected: what is known of the content.
        store: where bytes go: a part file, which keeps what may be of use to the next
            call and takes the bytes of several connections, or a sink, which takes
            them in sequence.
        progress: told the number of bytes that are there.
        window: take the bytes from the first number to the second (exclusive) of a
            content of known size, into a sink. Only its size is verified then.
        operation: that this is a part of; None if it is one of its own.

    Raises:
        OSError: the store cannot take the bytes (a full disk).
    """
    with (
        nullcontext(operation) if operation else engine.operation() as part_of,
        engine.lane(urls, expected.size),
    ):
        told = progress or _ignore
        return _Download(engine, part_of, urls, expected, store, told, window).run()


def _ignore(_: int) -> None:
    pass


class _Download:
    """The fetch of one file; see `fetch` for the arguments."""

    def __init__(
        self,
        engine: Engine,
        operation: Operation,
        urls: Iterable[str],
        expected: Expected,
        store: PartFile | Sink,
        progress: ByteProgress,
        window: tuple[int, int] | None = None,
    ) -> None:
        self._engine = engine
        self._operation = operation
        self._candidates = Candidates(engine, operation, urls, expected)
        self._expected = expected
        self._part = store if isinstance(store, PartFile) else None
        self._store: Store = self._part or InSequence(cast("Sink", store))
        self._ledger = Ledger(expected.size)
        self._verifier = Verifier(expected)
        self._window = window
        # what is outside the window counts as there
        start, stop = window or (0, expected.size or 0)
        self._outside = [(0, start, ""), (stop, expected.size or 0, "")] if window else []
        self._frontier = (Unhashed if window else Frontier)(self._verifier, self._store)
        self._transfer = Transfer(
            engine,
            operation,
            self._ledger,
            self._store,
            self._frontier,
            expected,
            progress,
            self._begun,
        )
        self._helpers = Helpers(engine, self._transfer, self._candidates.sources)
        self._chances: set[str] = set()  # sources that got one more
        self._disputes: set[str] = set()  # URLs that were let say how large the file is
        self._last = ""  # the source that answered last
        self._best = 0  # most bytes there so far; only what goes beyond it is progress
        self._wait = _FIRST_WAIT
        self._alone = not expected.verifiable  # all bytes have to be of one URL
        self._source = ""  # the one, if so

    def run(self) -> Fetched | Failed:
        """Fetch until the content is verified or no URL is left."""
        try:
            self._begin()
            while True:
                if self._ledger.is_complete():
                    if outcome := self._verify():
                        return outcome
                elif not self._candidates.live or self._operation.stop.is_set():
                    if not self._helpers.wait():
                        return Failed(self._candidates.why())
                else:
                    self._step()
        finally:
            try:
                self._helpers.end()
            finally:
                self._frontier.close()

    def _begin(self) -> None:
        """Take over what earlier runs left, if it can be a beginning."""
        if self._window:
            self._ledger.add(self._outside)
            self._best = self._ledger.held()
        part, size = self._part, self._expected.size
        if part is None or not part.held:
            return
        known = self._candidates.sources.get(part.source)
        versioned = bool(known and part.etag)
        too_long = size is not None and max(end for _, end, _ in part.held) > size
        if too_long or not (self._expected.verifiable or versioned):
            why = "it is too long" if too_long else "nothing would tell whether it is of the file"
            lgr.debug("what an earlier run left is thrown away: %s", why)
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
        lgr.debug("resumed: %d of %s bytes are kept of an earlier run", self._best, size or "?")

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
        self._tell_request(url, segment.position)
        fault = None
        longer = self._candidates.waits_longer(url, begun=ledger.held() > 0)
        patience = origins.patience(url, longer=longer)
        try:
            fault = self._transfer.run(segment, whole=self._takes_whole(url), patience=patience)
            if fault and fault.silent and longer and patience < origins.most_patience:
                fault = replace(fault, more_patience=True)
        finally:
            ledger.end(segment)
            origins.release(url, fault, segment.written - segment.start)
        self._last = source
        if segment.first:
            self._candidates.answered.add(url)
        if segment.written > segment.start:
            self._candidates.moved()
        if self._alone:
            self._source = source
        if fault is not None:
            self._learn(url, source, fault)

    def _tell_request(self, url: str, position: int) -> None:
        if not lgr.isEnabledFor(logging.DEBUG):
            return
        last = self._candidates.sources.get(self._last, url)
        if last == url:
            lgr.debug("asked: %s, from byte %d", Shown(url), position)
            return
        fault = self._candidates.faults.get(last)
        why = Said(fault) if fault else "its turn is over"
        text = "asked: %s, from byte %d; instead of %s (%s)"
        lgr.debug(text, Shown(url), position, Shown(last), why)

    def _choose(self) -> str | None:
        """The URL to ask now, with a connection to it; None after a pause."""
        origins = self._engine.origins
        if self._alone and self._helpers.active():
            self._helpers.wait()  # they are all at one URL: no other may be mixed in
            return None
        ready = self._candidates.ready()
        if ready and (url := origins.acquire(ready)):
            return url
        self._pause()
        return None

    def _pause(self) -> None:
        """All URLs were asked in this round, or are to be left alone for a while."""
        candidates = self._candidates
        tried = candidates.next_round()
        if not any(map(candidates.is_trusted, candidates.live)):
            candidates.suspects.clear()
            return
        if self._helpers.wait():
            return
        if not self._best and candidates.bury_dead():
            return
        asked = min((candidates.wait(url) for url in candidates.live), default=0.0)
        held = self._ledger.held()
        progress, self._best = held > self._best, max(held, self._best)
        if progress and not asked:
            return
        if asked and not progress and not (asked := candidates.patience(asked)):
            return
        own = self._wait if tried else 0.0
        pause = min(max(own, asked), self._engine.settings.max_wait)
        lgr.debug("all mirrors of the file have failed or rest: pause of %.1f s", pause)
        self._operation.sleep(pause)
        if tried:
            self._wait *= 2

    def _takes_whole(self, url: str) -> bool:
        """Whether to take a whole file again from a server that ignores ranges."""
        if self._helpers.active():
            return False
        tried, live = self._candidates.tried, self._candidates.live
        return self._alone or not [u for u in live if u != url and u not in tried]

    def _learn(self, url: str, source: str, fault: Fault) -> None:
        candidates, ledger = self._candidates, self._ledger
        candidates.faults[url] = fault
        candidates.tried.add(url)
        lasting = "for good" if fault.lasting else "for now"
        lgr.debug("%s has failed %s (%s)", Shown(url), lasting, Said(fault))
        if fault.wait:
            asked = min(fault.wait, self._engine.settings.max_wait)
            candidates.due[url] = self._engine.origins.clock() + asked
        if fault.kind is FaultKind.CHANGED:
            self._transfer.etags.pop(url, None)
        if fault.wrong:
            self._drop(lambda r: r[2] == source)
        elif fault.kind is FaultKind.DISPUTED and url not in self._disputes:
            # one of the two is wrong: now this one may say how large the file is
            self._disputes.add(url)
            self._forget()
            candidates.tried.discard(url)
            return
        elif self._alone and not self._continues(url):
            self._forget()
        if fault.lasting:
            candidates.live.remove(url)
            return
        gained = ledger.held() - self._best
        self._best = max(self._best, ledger.held())
        progress = gained >= _REFUND
        if progress:
            self._wait = _FIRST_WAIT
        lives = candidates.fail(url, progress=progress, begun=self._best >= _REFUND)
        if lives and gained > 0 and self._alone and self._continues(url):
            candidates.tried.discard(url)  # another mirror could not continue what has come

    def _continues(self, url: str) -> bool:
        """Whether bytes of this URL can be added to what is there of it."""
        return self._expected.verifiable or bool(self._transfer.etags.get(url))

    def _verify(self) -> Fetched | None:
        self._helpers.end()
        if self._window:
            givers = self._candidates.givers(self._ledger.sources())
            return Fetched(self._window[1] - self._window[0], urls=givers)
        self._frontier.catch_up(self._ledger.prefix)
        wrong, expected = self._verifier.fault(), self._expected
        if wrong is None and expected.pieces and not expected.algorithm:
            wrong = self._check_pieces()
        if wrong is None:
            for source in self._candidates.suspects:
                self._candidates.condemn(source, Fault(FaultKind.SUPPLANTED))
            self._tell_right()
            digest = "" if expected.algorithm else self._verifier.hexdigest()
            transfer = self._transfer
            fetched = Fetched(self._verifier.size, digest, final=transfer.final)
            if not expected.document:
                return fetched
            return replace(fetched, codings=transfer.codings, content_type=transfer.content_type)
        lgr.debug("the content is wrong (%s)", Said(wrong))
        self._blame(replace(wrong, codings=self._transfer.packed_as))
        return None

    def _tell_right(self) -> None:
        if not lgr.isEnabledFor(logging.DEBUG):
            return
        expected = self._expected
        checked = ["size"] if expected.size is not None else []
        checked += [expected.algorithm] if expected.algorithm else []
        checked += ["pieces"] if expected.pieces and not expected.algorithm else []
        givers = self._candidates.givers(self._ledger.sources())
        lgr.debug(
            "the content is right: %d bytes (checked: %s); from %s",
            self._verifier.size,
            ", ".join(checked) or "nothing, since nothing is known",
            ", ".join(str(Shown(url)) for url in givers) or "an earlier run",
        )

    def _check_pieces(self) -> Fault | None:
        pieces, size = self._expected.pieces, self._verifier.size
        if pieces is None or self._store.in_order or not wrong_pieces(pieces, self._store, size):
            return None
        return Fault(FaultKind.CONTENT, checksum=Checksum(pieces.algorithm))

    def _blame(self, wrong: Fault) -> None:
        """The content is complete and wrong: find out whose bytes are, and forget them."""
        if self._blame_pieces(wrong):
            return
        guessed, candidates = self._transfer.guessed, self._candidates
        verdict = judge(
            self._ledger.sources() or {self._last: 0},
            live={source_of(url) for url in candidates.live},
            suspects=candidates.suspects,
            chances=self._chances,
            answers=self._transfer.answers,
            in_order=self._store.in_order,
        )
        if verdict.drop is not None:
            candidates.suspects |= verdict.drop
            dropped = verdict.drop
            for source in dropped:
                suspect = Shown(candidates.sources.get(source, ""))
                lgr.debug("the bytes of %s are thrown away on suspicion", suspect)
            self._drop(lambda r: r[2] in dropped)
            return
        self._forget()
        url = candidates.sources.get(verdict.guilty)
        if verdict.alone:
            lgr.debug("from now on all bytes have to be of one mirror")
            self._alone = True
            candidates.suspects.clear()
        elif verdict.again:
            lgr.debug("%s is asked for the whole file once more, in one answer", Shown(url or ""))
            self._chances.add(verdict.again)
            # it was the last to be trusted: the others first, now
            candidates.suspects = {verdict.again} if candidates.suspects else set()
            self._alone = self._alone or bool(candidates.suspects)
        elif guessed and url in candidates.live:
            self._learn(url, verdict.guilty, Fault(FaultKind.TRUNCATED, url, cause=wrong))
        else:
            candidates.condemn(verdict.guilty, wrong)

    def _blame_pieces(self, wrong: Fault) -> bool:
        """Forget the pieces that are wrong, if only some are."""
        pieces, size = self._expected.pieces, self._ledger.size
        if pieces is None or self._store.in_order or size is None:
            return False
        bad = wrong_pieces(pieces, self._store, size)
        if not bad or len(bad) == len(pieces.hexdigests):
            return False
        ranges = self._ledger.ranges()
        kept = cut_out(ranges, bad)
        lgr.debug("wrong pieces: %d of %d", len(bad), len(pieces.hexdigests))
        for source in {r[2] for r in ranges if any(r[0] < e and r[1] > s for s, e in bad)}:
            self._candidates.condemn(source, wrong)
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
        self._ledger.add(self._outside)
        self._ledger.size = self._expected.size
        self._ledger.ended = False
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
            self._helpers.watch(self._candidates.live, one_source=self._alone)
