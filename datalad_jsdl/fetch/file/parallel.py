"""More connections for one large file, over one mirror and several."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.fetch.file.request import FileRequest
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.fetch.mirrors.ranking import least_busy
from datalad_jsdl.fetch.retries import CONNECTION_FAULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.file.candidates import CandidateState
    from datalad_jsdl.fetch.file.segments import Segment
    from datalad_jsdl.fetch.file.state import TransferState

__all__ = ["Helpers"]

lgr = logging.getLogger(f"{LOGGER}.file.parallel")

_LARGE = 16 << 20  # bytes; with less to come, more connections are not worth it
_LONG = 2.0  # seconds; neither are they if it is over by then
_SMALL = 1 << 20  # bytes; with so little to come they are not, however long it takes
_VERY_LONG = 10.0  # seconds
_FAST = 128 << 20  # bytes per second; more connections would not make it faster here
_WAIT = 0.2  # seconds
_LOOK = 0.1  # seconds between two looks at how it is going


def _thread(target: Callable[[], None], name: str) -> threading.Thread:
    """One that speaks for whoever starts it: its records go where those of the file go."""
    context = contextvars.copy_context()
    return threading.Thread(target=context.run, args=(target,), name=name, daemon=True)


class Helpers:
    """Threads that fetch segments beside the one that decides.

    They only ever help: whatever goes wrong with one of them ends it or sends it to another
    candidate, and what it has not fetched is missing again.
    """

    def __init__(self, state: TransferState) -> None:
        self._state = state
        self._threads: list[threading.Thread] = []
        self._watcher: threading.Thread | None = None
        self._busy: dict[int, Segment] = {}
        # made by `watch`: small files, which are many, have no use for them
        self._over: threading.Event
        self._changed: threading.Condition
        self._candidates: list[CandidateState] = []
        self._problem: Exception | None = None

    def watch(self) -> None:
        """The first bytes of a file are coming: see to it that they do not come for long."""
        state = self._state
        origins, limit = state.engine.origins, state.engine.settings.segments
        if state.store.in_order or limit < 2 or self._watcher is not None:
            return
        if state.ledger.left() < _SMALL:
            return
        self._candidates = [
            candidate
            for candidate in state.candidates.live
            # all bytes may have to be of the version that the file was begun with
            if (candidate.etag or not state.one_source)
            and origins.of(candidate.url).score.ranges is not False
        ]
        if self._candidates:
            self._over, self._changed = threading.Event(), threading.Condition()
            self._watcher = _thread(self._watch, "watch")
            self._watcher.start()

    def _watch(self) -> None:
        try:
            self._look()
        except Exception as error:  # a bug: for the thread that decides
            self._problem = error

    def _look(self) -> None:
        while not self._over.wait(_LOOK) and not self._state.operation.stop.is_set():
            if self._state.ledger.left() < _SMALL:
                return
            for _ in range(self._wanted()):
                thread = _thread(self._help, "segment")
                self._threads.append(thread)
                thread.start()

    def _wanted(self) -> int:
        """How many more would help to be done sooner."""
        engine, ledger, now = self._state.engine, self._state.ledger, time.monotonic()
        left = ledger.left()
        rate = sum(segment.rate(now) or 0.0 for segment in list(ledger.active))
        limit = engine.throttle.rate
        if limit and rate > limit / 2:  # more of them would only share what is allowed
            return 0
        if not rate or rate > _FAST or left / rate < (_LONG if left >= _LARGE else _VERY_LONG):
            return 0
        mirrors = {engine.origins.of(candidate.url).name for candidate in self._candidates}
        places = len(mirrors) * engine.settings.segments
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        running = len(self._threads) + 1
        return min(places, int(running * left / rate / _LONG) + 1) - running

    def active(self) -> bool:
        """Whether any is fetching."""
        return bool(self._busy)

    def wait(self) -> bool:
        """Wait a moment for them to get on; False if none is fetching.

        Raises:
            OSError: one could not write.
            Exception: one had a bug.
        """
        if self._problem is not None:
            raise self._problem
        if not self._busy:
            return False
        with self._changed:
            self._changed.wait(_WAIT)
        return True

    def end(self) -> None:
        """End them, and wait for that.

        Raises:
            OSError: one could not write.
            Exception: one had a bug.
        """
        if self._watcher is None:
            return
        self._over.set()
        self._watcher.join()
        self._watcher = None
        for segment in list(self._busy.values()):
            if abort := segment.abort:
                abort()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._over.clear()
        if self._problem is not None:
            raise self._problem

    def _help(self) -> None:
        state = self._state
        origins, ledger = state.engine.origins, state.ledger
        while not self._over.is_set() and not state.operation.stop.is_set() and ledger.left():
            candidate = self._choose()
            if candidate is None:
                return
            rate = origins.of(candidate.url).score.rate
            segment = ledger.begin(candidate.url, candidate.source, rate=rate)
            if segment is None:
                origins.leave(candidate.url)
                if not ledger.active:
                    return
                self._over.wait(_WAIT)
                continue
            if lgr.isEnabledFor(logging.DEBUG):
                span = f"from byte {segment.position} to {segment.end or 'the end'}"
                lgr.debug("one more connection: %s, %s", Shown(candidate.url), span)
            self._fetch(candidate, segment)

    def _choose(self) -> CandidateState | None:
        """The one with the fewest connections to its mirror, and a connection to it."""
        origins, limit = self._state.engine.origins, self._state.engine.settings.segments
        usable = [
            candidate.url
            for candidate in self._candidates
            if candidate.connection_faults < CONNECTION_FAULTS and not origins.wait(candidate.url)
        ]
        url = origins.acquire(least_busy(usable, self._connections, limit), block=False)
        return self._state.candidates.of(url) if url else None

    def _connections(self, url: str) -> int:
        origins = self._state.engine.origins
        origin = origins.of(url)
        return sum(origins.of(s.url) is origin for s in self._state.ledger.active)

    def _fetch(self, candidate: CandidateState, segment: Segment) -> None:
        me, state, origins = threading.get_ident(), self._state, self._state.engine.origins
        self._busy[me] = segment
        fault = None
        patience = origins.patience(candidate.url, longer=False)
        try:
            fault = FileRequest(state, candidate, segment, patience).run()
        except Exception as error:  # the disk, or a bug: for the thread that decides
            self._problem = error
            self._over.set()
        finally:
            state.ledger.end(segment)
            self._busy.pop(me)
            over = self._over.is_set() and fault is not None
            gained = segment.written - segment.start
            origins.release(candidate.url, None if over else fault, gained)
            with self._changed:
                self._changed.notify_all()
        if fault is None:
            state.frontier.catch_up(state.ledger.prefix)
            return
        if not over:
            lgr.debug("one more connection to %s failed (%s)", Shown(candidate.url), Said(fault))
        enough = fault.lasting or fault.busy
        candidate.connection_faults += CONNECTION_FAULTS if enough else 1
