"""More connections for one large file, over one mirror and several."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.fetch.log_words import Said, Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.file.request import Transfer
    from datalad_jsdl.fetch.file.segments import Segment

__all__ = ["Helpers"]

lgr = logging.getLogger(f"{LOGGER}.file.parallel")

_LARGE = 16 << 20  # bytes; with less to come, more connections are not worth it
_LONG = 2.0  # seconds; neither are they if it is over by then
_SMALL = 1 << 20  # bytes; with so little to come they are not, however long it takes
_VERY_LONG = 10.0  # seconds
_FAST = 128 << 20  # bytes per second; more connections would not make it faster here
_FAULTS = 2  # of a URL until helpers leave it alone
_WAIT = 0.2  # seconds
_LOOK = 0.1  # seconds between two looks at how it is going


def _thread(target: Callable[[], None], name: str) -> threading.Thread:
    """One that speaks for whoever starts it: its records go where those of the file go."""
    context = contextvars.copy_context()
    return threading.Thread(target=context.run, args=(target,), name=name, daemon=True)


class Helpers:
    """Threads that fetch segments beside the one that decides.

    They only ever help: whatever goes wrong with one of them ends it or sends it to another
    URL, and what it has not fetched is missing again.
    """

    def __init__(self, engine: Engine, transfer: Transfer, sources: Mapping[str, str]) -> None:
        self._engine = engine
        self._transfer = transfer
        self._source_of = {url: source for source, url in sources.items()}
        self._threads: list[threading.Thread] = []
        self._watcher: threading.Thread | None = None
        self._busy: dict[int, Segment] = {}
        # made by `watch`: small files, which are many, have no use for them
        self._over: threading.Event
        self._changed: threading.Condition
        self._faults: dict[str, int] = {}
        self._urls: list[str] = []
        self._problem: Exception | None = None

    def watch(self, live: Sequence[str], *, one_source: bool) -> None:
        """The first bytes of a file are coming: see to it that they do not come for long.

        Args:
            live: URLs that may be asked.
            one_source: all bytes have to be of the version that the file was begun with.
        """
        origins, limit = self._engine.origins, self._engine.settings.segments
        if limit < 2 or self._watcher is not None or self._transfer.ledger.left() < _SMALL:
            return
        if one_source:
            live = [url for url in live if url in self._transfer.etags]
        self._urls = [url for url in live if origins.of(url).score.ranges is not False]
        if self._urls:
            self._over, self._changed = threading.Event(), threading.Condition()
            self._watcher = _thread(self._watch, "watch")
            self._watcher.start()

    def _watch(self) -> None:
        try:
            self._look()
        except Exception as error:  # a bug: for the thread that decides
            self._problem = error

    def _look(self) -> None:
        while not self._over.wait(_LOOK) and not self._transfer.operation.stop.is_set():
            if self._transfer.ledger.left() < _SMALL:
                return
            for _ in range(self._wanted()):
                thread = _thread(self._help, "segment")
                self._threads.append(thread)
                thread.start()

    def _wanted(self) -> int:
        """How many more would help to be done sooner."""
        ledger, now = self._transfer.ledger, time.monotonic()
        left = ledger.left()
        rate = sum(segment.rate(now) or 0.0 for segment in list(ledger.active))
        limit = self._engine.throttle.rate
        if limit and rate > limit / 2:  # more of them would only share what is allowed
            return 0
        if not rate or rate > _FAST or left / rate < (_LONG if left >= _LARGE else _VERY_LONG):
            return 0
        origins = self._engine.origins
        places = len({origins.of(u).name for u in self._urls}) * self._engine.settings.segments
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
        origins, ledger = self._engine.origins, self._transfer.ledger
        while (
            not self._over.is_set() and not self._transfer.operation.stop.is_set() and ledger.left()
        ):
            url = self._choose()
            if url is None:
                return
            rate = origins.of(url).score.rate
            segment = ledger.begin(url, self._source_of[url], rate=rate)
            if segment is None:
                origins.leave(url)
                if not ledger.active:
                    return
                self._over.wait(_WAIT)
                continue
            if lgr.isEnabledFor(logging.DEBUG):
                span = f"from byte {segment.position} to {segment.end or 'the end'}"
                lgr.debug("one more connection: %s, %s", Shown(url), span)
            self._fetch(url, segment)

    def _choose(self) -> str | None:
        """The URL with the fewest connections to its mirror, and a connection to it."""
        origins, limit = self._engine.origins, self._engine.settings.segments
        usable = [
            url
            for url in self._urls
            if self._faults.get(url, 0) < _FAULTS and not origins.wait(url)
        ]
        counts = {url: self._connections(url) for url in usable}
        free = [url for url in usable if counts[url] < limit]
        return origins.acquire(sorted(free, key=counts.__getitem__), block=False)

    def _connections(self, url: str) -> int:
        origin = self._engine.origins.of(url)
        return sum(self._engine.origins.of(s.url) is origin for s in self._transfer.ledger.active)

    def _fetch(self, url: str, segment: Segment) -> None:
        me = threading.get_ident()
        self._busy[me] = segment
        fault = None
        patience = self._engine.origins.patience(url, longer=False)
        try:
            fault = self._transfer.run(segment, whole=False, patience=patience)
        except Exception as error:  # the disk, or a bug: for the thread that decides
            self._problem = error
            self._over.set()
        finally:
            self._transfer.ledger.end(segment)
            self._busy.pop(me)
            over = self._over.is_set() and fault is not None
            gained = segment.written - segment.start
            self._engine.origins.release(url, None if over else fault, gained)
            with self._changed:
                self._changed.notify_all()
        if fault is not None:
            if not over:
                lgr.debug("one of the connections to %s has failed (%s)", Shown(url), Said(fault))
            self._faults[url] = self._faults.get(url, 0) + (_FAULTS if fault.lasting else 1)
            if fault.busy:
                self._faults[url] = _FAULTS
        else:
            self._transfer.frontier.catch_up(self._transfer.ledger.prefix)
