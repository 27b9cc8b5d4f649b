"""One request: a segment's bytes from one URL into the store.

The strict rules for parts: RFC 9110, sections 13.1.5 (If-Range), 14 (ranges) and 15.5.17
(416).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import urllib3

from datalad_jsdl.fetch.answers import (
    content_range,
    no_answer,
    phrase,
    refusal,
    strong_etag,
    total_size,
)
from datalad_jsdl.fetch.pace import Pace
from datalad_jsdl.fetch.values import PAGE, Fault
from datalad_jsdl.fetch.verification import is_error_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.segments import Ledger, Segment
    from datalad_jsdl.fetch.values import Expected, Progress, Store
    from datalad_jsdl.fetch.verification import Frontier
    from datalad_jsdl.fetch.web import Response

__all__ = ["CHANGED", "WHOLE", "Transfer"]

_CHUNK = 256 << 10  # bytes; larger ones are slower

WHOLE = "it ignores ranges and sends the whole file"
CHANGED = "the file there has changed since it was begun"


@dataclass
class Transfer:
    """Requests for one file; shared by all its connections.

    Attributes:
        engine: connections and limits.
        ledger: which bytes are there.
        store: where bytes go.
        frontier: told of every byte.
        expected: what is known.
        progress: told the number of bytes there.
        begun: called whenever an answer is found to be good.
        etags: strong entity tags of the versions that bytes were taken of, by URL.
        unranged: URLs that answered a range wrongly; asked for the whole file, they may do.
        answers: number of answers that the bytes are from.
        held: bytes there.
        guessed: the size is where an answer without a length ended.
        final: URL of the answer that the first bytes are from, after redirects.
    """

    engine: Engine
    ledger: Ledger
    store: Store
    frontier: Frontier
    expected: Expected
    progress: Progress
    begun: Callable[[], None]
    etags: dict[str, str] = field(default_factory=dict)
    unranged: set[str] = field(default_factory=set)
    answers: int = 0
    held: int = 0
    guessed: bool = False
    final: str = ""

    def run(self, segment: Segment, *, whole: bool) -> Fault | None:
        """Fetch a segment, or as much of it as comes.

        Args:
            segment: which bytes, from where.
            whole: where ranges are ignored, take the whole file and pass over what is there.
        """
        url, offset = segment.url, segment.position
        headers = {}
        part = offset or (segment.end is not None and segment.end != self.ledger.size)
        if part and not (whole and url in self.unranged):
            last = "" if segment.end in (None, self.ledger.size) else str((segment.end or 0) - 1)
            headers["Range"] = f"bytes={offset}-{last}"
            if etag := self.etags.get(url):
                headers["If-Range"] = etag
        began = time.monotonic()
        try:
            response = self.engine.web.open(url, headers)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            return no_answer(url, error)
        latency = time.monotonic() - began
        segment.abort = response.abort
        self.engine.opened(response)
        try:
            fault = self._take(segment, response, ranged="Range" in headers, whole=whole)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            # ValueError: urllib3 reads from a connection that another thread has shut
            if segment.end is not None and segment.position >= segment.end:
                fault = None  # others have the rest
            else:
                what = f"broke off after {segment.position} bytes ({phrase(error)})"
                fault = Fault(url, what, mirror=True)
        finally:
            segment.abort = None
            self.engine.closed(response)
            response.close()
        gained = segment.written - segment.start
        elapsed = time.monotonic() - began - latency
        self.engine.origins.measured(url, gained, elapsed, latency)
        return fault

    def _take(
        self, segment: Segment, response: Response, *, ranged: bool, whole: bool
    ) -> Fault | None:
        url, offset = segment.url, segment.position
        if response.status == 416 and offset:
            return self._nothing_more(segment)
        if response.status not in (200, 206):
            return refusal(url, response)
        if fault := self._wrong_version(segment, response):
            return fault
        skip, due = 0, None
        if response.status == 206:
            found = content_range(response.headers)
            if not ranged or found is None or found[0] != offset:
                given = response.headers.get("Content-Range") or "no Content-Range"
                self.engine.origins.of(url).score.ranges = False
                self.unranged.add(url)
                return Fault(url, f"asked for bytes from {offset}, got {given}", mirror=True)
            due = found[1] + 1
            self.engine.origins.of(url).score.ranges = True
        elif ranged or offset:
            self.engine.origins.of(url).score.ranges = False
            if not whole:
                return Fault(url, WHOLE)
            skip = offset
        total = total_size(response.status, response.headers)
        if fault := self._wrong_size(segment, response, total):
            return fault
        self.engine.origins.answered(url)
        self.answers += 1
        if not offset:
            self.final = response.url
        if etag := strong_etag(response.headers):
            self.etags[url] = etag
            if not self.expected.verifiable and not self.ledger.held():
                self.store.begin(segment.source, etag)
        return self._copy(segment, response, skip, due)

    def _nothing_more(self, segment: Segment) -> Fault | None:
        if self.ledger.size is None and self.expected.verifiable:
            self.ledger.size = segment.position  # complete, if what is there passes
            return None
        return Fault(segment.url, "it has fewer bytes than were there already")

    def _wrong_version(self, segment: Segment, response: Response) -> Fault | None:
        known, given = self.etags.get(segment.url, ""), strong_etag(response.headers)
        if known and given and known != given:
            return Fault(segment.url, CHANGED, wrong=True)
        if known and not given and not self.expected.verifiable:
            return Fault(segment.url, CHANGED, wrong=True)
        return None

    def _wrong_size(self, segment: Segment, response: Response, total: int | None) -> Fault | None:
        url, known = segment.url, self.ledger.size
        if total is None:
            return None
        if known is None or (self.expected.size is None and not self.ledger.held()):
            self.ledger.size = total
        elif total != known:
            page = is_error_page(url, response.headers.get("Content-Type", ""))
            offer = f"a web page of {total}; {PAGE.partition('; ')[2]}" if page else total
            what = f"expected a file of {known} bytes, it offers {offer}"
            # if only another answer said so, this one may be right as well
            disputed = self.expected.size is None
            return Fault(url, what, lasting=not disputed, disputed=disputed)
        return None

    def _copy(
        self, segment: Segment, response: Response, skip: int, due: int | None
    ) -> Fault | None:
        url, ledger, throttle = segment.url, self.ledger, self.engine.throttle
        unknown = not self.expected.verifiable and self.expected.size is None
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if unknown and encoding not in ("", "identity"):
            # as asked for, it would be the file; whether it is, nothing here could tell
            return Fault(url, f"it sends the file compressed ({encoding}), unasked", lasting=True)
        may_be_page = unknown and not self.expected.page
        content_type = response.headers.get("Content-Type", "")
        origin = self.engine.origins.of(url)
        size = throttle.chunk(_CHUNK)
        pace = Pace(self.engine.settings.min_speed, self.engine.settings.read_timeout)
        self.begun()
        while chunk := response.read(size):
            now = time.monotonic()
            origin.received += len(chunk)
            if pace.is_too_slow(len(chunk), now):
                speed = self.engine.settings.min_speed
                return Fault(url, f"slower than {speed} bytes per second", mirror=True)
            if pause := throttle.pause(len(chunk)):
                self.engine.stop.wait(pause)
            if self.engine.stop.is_set():
                return Fault(url, "interrupted", lasting=True)
            if skip:
                passed = min(skip, len(chunk))
                skip -= passed
                chunk = chunk[passed:]
            offset = segment.position
            if offset == 0 and may_be_page and is_error_page(url, content_type, chunk):
                return Fault(url, PAGE, lasting=True)
            if ledger.size is not None and offset + len(chunk) > ledger.size:
                what = f"it gives more than the {ledger.size} bytes expected"
                return Fault(url, what, lasting=True, wrong=True)
            mine = ledger.claim(segment, len(chunk))
            if mine < len(chunk):
                chunk = chunk[:mine]
            if chunk:
                self.store.put(offset, chunk, segment.source)
                pace.pardon(time.monotonic() - now)
                segment.written = offset + mine
                self.frontier.feed(offset, chunk)
                segment.arrived(now)
                self.held += mine
                self.progress(self.held)
            if segment.end is not None and segment.position >= segment.end:
                return None
        return self._ended(segment, due)

    def _ended(self, segment: Segment, due: int | None) -> Fault | None:
        """The answer is over; is that all there is?"""
        if self.ledger.size is None:
            # what is not announced to have an end may have been cut off
            self.ledger.size, self.guessed = segment.position, True
            return None
        end = segment.end if segment.end is not None else self.ledger.size
        if segment.position >= end or segment.position == due:
            return None  # a server may give less than a range asks for
        what = f"ended after {segment.position} of {self.ledger.size} bytes"
        return Fault(segment.url, what, mirror=True)
