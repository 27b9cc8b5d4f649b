"""Candidates → content: the one place that decides which URL is asked next."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.transfer import Transfer
from datalad_jsdl.fetch.values import Failed, Fault, Fetched
from datalad_jsdl.fetch.verification import Verifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from datalad_jsdl.fetch.values import Expected, Progress, Sink
    from datalad_jsdl.fetch.web import Web

__all__ = ["fetch"]

_ATTEMPTS = 3  # in a row without progress, for each URL
_LONGEST_WAIT = 30.0  # seconds, whatever Retry-After says
_FIRST_WAIT = 0.5  # seconds; doubled from round to round
_REFUND = 1 << 20  # bytes; so much progress gives a URL its attempts back


def fetch(
    urls: Iterable[str],
    expected: Expected,
    sink: Sink,
    web: Web,
    *,
    held: Callable[[Callable[[bytes], object]], None] | None = None,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetched | Failed:
    """Fill a sink with verified content, from whichever URL gives it.

    A URL with a lasting fault
    (404, wrong content, …) is not asked again; one with a passing fault (a reset, 503,
    …) is, in turn with the others and after a pause.

    Args:
        urls: candidates, in the order in which they are to be tried.
        expected: what is known of the content.
        sink: where bytes go; on failure it keeps what may be of use to the next call.
        web: connections.
        held: hands what the sink holds already to a function, to be hashed before it is
            trusted; without it the sink is emptied first.
        progress: told the number of bytes that are there.
        sleep: waits a number of seconds.

    Raises:
        OSError: the sink cannot take the bytes (a full disk).
    """
    order = list(dict.fromkeys(urls))
    live = list(order)
    faults: dict[str, Fault] = {}
    verifier = Verifier(expected)
    run = _Run(Transfer(web, sink, verifier, expected, progress or (lambda _: None)))
    run.begin(held)
    wait = _FIRST_WAIT
    while live:
        before = run.best
        for url in list(live):
            fault = run.ask(url)
            if fault is None:
                return Fetched(verifier.size, "" if expected.algorithm else verifier.hexdigest())
            faults[url] = fault
            if fault.lasting or run.failures[url] >= _ATTEMPTS:
                live.remove(url)
        if live and run.best == before:
            asked = min(faults[url].wait or 0.0 for url in live)
            sleep(min(max(wait, asked), _LONGEST_WAIT))
            wait *= 2
    return Failed(tuple(faults[url] for url in order))


@dataclass
class _Run:
    """What one fetch has seen so far.

    Attributes:
        transfer: of all its requests.
        best: the farthest position reached; only what goes beyond it is progress.
        failures: passing faults in a row, by URL.
        patchworks: complete but wrong contents made of several answers, by the URL that
            gave the last.
    """

    transfer: Transfer
    best: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    patchworks: Counter[str] = field(default_factory=Counter)

    def begin(self, held: Callable[[Callable[[bytes], object]], None] | None) -> None:
        """Hash what the sink holds from an earlier run, if it can be a beginning."""
        sink, size = self.transfer.sink, self.transfer.expected.size
        if held is None or (size is not None and sink.position() > size):
            self.transfer.restart()
        elif sink.position():
            held(self.transfer.verifier.update)
            self.transfer.pieces = 1
        self.best = sink.position()

    def ask(self, url: str) -> Fault | None:
        """Fetch from one URL for as long as that leads on; None: the content is verified."""
        transfer = self.transfer
        while True:
            fault = None if self._is_complete() else transfer.run(url)
            if fault is None:
                wrong = transfer.verifier.mismatch()
                if wrong is None:
                    return None
                patchwork = transfer.pieces > 1 and not self.patchworks[url]
                transfer.restart()
                if not patchwork:
                    return Fault(url, wrong, lasting=True)
                # any piece may be the wrong one: now all of it from this URL
                self.patchworks[url] += 1
                continue
            if fault.lasting:
                return fault
            position, gained = transfer.sink.position(), transfer.sink.position() - self.best
            self.best = max(self.best, position)
            self.failures[url] = 1 if gained >= _REFUND else self.failures[url] + 1
            # without a digest another mirror could not continue what has come so far
            stay = not transfer.expected.algorithm and transfer.etag and transfer.source == url
            if not stay or gained <= 0 or self.failures[url] >= _ATTEMPTS:
                return fault

    def _is_complete(self) -> bool:
        """Everything is there already, though a kill kept it from being checked."""
        expected, position = self.transfer.expected, self.transfer.sink.position()
        if not expected.algorithm or not position or position != expected.size:
            return False
        self.transfer.pieces += 1
        return True
