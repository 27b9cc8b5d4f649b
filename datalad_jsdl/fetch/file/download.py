"""One file: which candidate is asked next, until the content is verified or none is left."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.file.blame import blame
from datalad_jsdl.fetch.file.candidates import Candidates
from datalad_jsdl.fetch.file.completion import complete
from datalad_jsdl.fetch.file.giving_up import give_up_dead, has_moved, pause_for, waits_longer
from datalad_jsdl.fetch.file.learning import learn_fault
from datalad_jsdl.fetch.file.parallel import Helpers
from datalad_jsdl.fetch.file.partfile import PartFile
from datalad_jsdl.fetch.file.request import FileRequest
from datalad_jsdl.fetch.file.segments import Ledger
from datalad_jsdl.fetch.file.sinks import InSequence
from datalad_jsdl.fetch.file.state import TransferState
from datalad_jsdl.fetch.file.verification import Frontier, Unhashed, Verifier
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.model.content import Fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datalad_jsdl.faults import Fault
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.file.candidates import CandidateState
    from datalad_jsdl.fetch.file.segments import Segment
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import ByteProgress, Expected, Sink, Store, Version

__all__ = ["fetch"]

lgr = logging.getLogger(f"{LOGGER}.file.download")


def fetch(
    engine: Engine,
    urls: Sequence[str],
    expected: Expected,
    store: PartFile | Sink,
    progress: ByteProgress | None = None,
    *,
    window: tuple[int, int] | None = None,
    version: Version | None = None,
    begun: Callable[[str, Version | None], object] | None = None,
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
        version: that all bytes have to be of, as an earlier call gave it; None for any. Only
            its URL is asked then, and another version is a fault of the kind CHANGED.
        begun: told the URL and the version whenever the bytes of an answer are about to come;
            None if nobody names it. An exception that it raises ends the fetch, and is passed on.
        operation: that this is a part of; None if it is one of its own.

    Raises:
        OSError: the store cannot take the bytes (a full disk).
    """
    if version:
        urls = [version.url]
    with (
        nullcontext(operation) if operation else engine.operation() as part_of,
        engine.lane(urls, expected.size),
    ):
        in_place: Store = store if isinstance(store, PartFile) else InSequence(store)
        verifier = Verifier(expected)
        candidates = Candidates(engine, part_of, urls, expected)
        if version:
            candidates.demand(version)
        state = TransferState(
            engine,
            part_of,
            expected,
            candidates,
            Ledger(expected.size),
            in_place,
            verifier,
            (Unhashed if window else Frontier)(verifier, in_place),
            progress or _ignore,
            window,
            one_source=bool(version) or not expected.verifiable,
        )
        return _Download(state, begun).run(store if isinstance(store, PartFile) else None)


def _ignore(_: int) -> None:
    pass


class _Download:
    """The loop of one file's fetch, in the thread that decides."""

    def __init__(
        self, state: TransferState, begun: Callable[[str, Version | None], object] | None
    ) -> None:
        self._state = state
        self._helpers = Helpers(state)
        self._tell_begun = begun

    def run(self, part: PartFile | None) -> Fetched | Failed:
        """Fetch until the content is verified or no candidate is left."""
        state, helpers = self._state, self._helpers
        try:
            self._begin(part)
            while True:
                if state.ledger.is_complete():
                    helpers.end()
                    outcome = complete(state)
                    if isinstance(outcome, Fetched):
                        state.engine.origins.wrong.add(state.candidates.faults())
                        return outcome
                    blame(state, helpers, outcome)
                elif not state.candidates.live or state.operation.stop.is_set():
                    if not helpers.wait():
                        return Failed(state.candidates.why())
                else:
                    self._step()
        finally:
            try:
                helpers.end()
            finally:
                state.frontier.close()

    def _begin(self, part: PartFile | None) -> None:
        """Take over what earlier runs left, if it can be a beginning."""
        state = self._state
        if state.window:
            state.ledger.add(state.outside)
            state.most = state.beyond = state.ledger.held()
        if part is None or not part.held:
            return
        giver, size = state.candidates.of_source(part.source), state.expected.size
        versioned = bool(giver.url and part.etag)
        too_long = size is not None and max(end for _, end, _ in part.held) > size
        if too_long or not (state.expected.verifiable or versioned):
            why = "it is too long" if too_long else "it may belong to another version of the file"
            lgr.debug("discarded the part file of an earlier run: %s", why)
            state.restart()
            return
        state.ledger.add(part.held)
        if versioned:
            giver.etag = part.etag
            state.giver = giver
        # counts as an answer of its own: nobody knows who gave it
        state.answers = 1
        state.frontier.catch_up(state.ledger.prefix)
        state.most = state.held = state.ledger.held()
        lgr.debug("resuming: %d of %s bytes are there from an earlier run", state.most, size or "?")

    def _step(self) -> None:
        """One request of this thread's, or a pause."""
        state, origins = self._state, self._state.engine.origins
        candidate = self._choose()
        if candidate is None:
            return
        try:
            if state.one_source and state.giver not in (None, candidate) and state.ledger.held():
                self._helpers.end()
                state.restart()
        except OSError:
            origins.leave(candidate.url)
            raise
        rate = origins.of(candidate.url).score.rate
        segment = state.ledger.begin(candidate.url, candidate.source, rate=rate)
        if segment is None:  # the helpers have it all
            origins.leave(candidate.url)
            self._helpers.wait()
            return
        self._tell_request(candidate, segment.position)
        fault = self._request(candidate, segment)
        state.last = candidate
        candidate.answered = candidate.answered or bool(segment.first)
        if segment.written > segment.start:
            has_moved(state.candidates)
        if state.one_source:
            state.giver = candidate
        if fault is not None:
            learn_fault(state, self._helpers, candidate, fault)

    def _request(self, candidate: CandidateState, segment: Segment) -> Fault | None:
        """Make it, and give its connection back."""
        state, origins = self._state, self._state.engine.origins
        fault = None
        longer = waits_longer(state.candidates, candidate, begun=state.ledger.held() > state.beyond)
        patience = origins.patience(candidate.url, longer=longer)
        request = FileRequest(state, candidate, segment, patience, self._takes_whole(candidate))
        try:
            fault = request.run(partial(self._begun, candidate.url))
            if fault and fault.silent and longer and patience < origins.most_patience:
                fault = replace(fault, more_patience=True)
        finally:
            state.ledger.end(segment)
            origins.release(candidate.url, fault, segment.written - segment.start)
        return fault

    def _begun(self, url: str) -> None:
        """An answer is good, and its bytes are about to come."""
        if self._tell_begun is not None:
            self._tell_begun(url, self._state.version)
        self._helpers.watch()

    def _takes_whole(self, candidate: CandidateState) -> bool:
        """Whether to take a whole file again from a server that ignores ranges."""
        if self._helpers.active():
            return False
        live = self._state.candidates.live
        return self._state.one_source or all(c is candidate or c.tried for c in live)

    def _choose(self) -> CandidateState | None:
        """The candidate to ask now, with a connection to it; None after a pause."""
        state = self._state
        if state.one_source and self._helpers.active():
            self._helpers.wait()  # they are all at one URL: no other may be mixed in
            return None
        ready = [candidate.url for candidate in state.candidates.ready()]
        if ready and (url := state.engine.origins.acquire(ready)):
            return state.candidates.of(url)
        self._pause()
        return None

    def _pause(self) -> None:
        """All candidates were asked in this round, or are not to be asked for a while."""
        state, candidates = self._state, self._state.candidates
        tried = candidates.next_round()
        if all(candidate.suspected for candidate in candidates.live):
            candidates.clear_suspects()
            return
        if self._helpers.wait():
            return
        if state.most <= state.beyond and give_up_dead(candidates):
            return
        asked = min(map(candidates.wait, candidates.live), default=0.0)
        held = state.ledger.held()
        progress, state.most = held > state.most, max(held, state.most)
        if progress and not asked:
            return
        if asked and not progress and not (asked := pause_for(candidates, asked)):
            return
        own = state.pause if tried else 0.0
        pause = min(max(own, asked), state.engine.settings.max_wait)
        lgr.debug("all mirrors of the file have failed or have a back-off: pause of %.1f s", pause)
        state.operation.sleep(pause)
        if tried:
            state.pause *= 2

    def _tell_request(self, candidate: CandidateState, position: int) -> None:
        if not lgr.isEnabledFor(logging.DEBUG):
            return
        last = self._state.last
        if last is None or last is candidate:
            lgr.debug("asked: %s, from byte %d", Shown(candidate.url), position)
            return
        why = Said(last.fault) if last.fault else "its turn is over"
        text = "asked: %s, from byte %d; instead of %s (%s)"
        lgr.debug(text, Shown(candidate.url), position, Shown(last.url), why)
