"""One request: a segment's bytes from one URL into the store.

The strict rules for parts: RFC 9110, sections 13.1.5 (If-Range), 14 (ranges) and 15.5.17
(416).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import urllib3

from datalad_jsdl.fetch.http.answers import (
    COMPRESSED,
    Limits,
    file_name,
    no_answer,
    page_said,
    perhaps_of,
    phrase,
    refusal,
    strong_etag,
    wrong_size,
)
from datalad_jsdl.fetch.http.encodings import compressions, is_compressed, packed_by_name, peeked
from datalad_jsdl.fetch.http.parts import part_of
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.web_pages import is_error_page
from datalad_jsdl.fetch.pace import Pace, too_slow
from datalad_jsdl.model.content import MAY_WANT_LOGIN, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.file.segments import Ledger, Segment
    from datalad_jsdl.fetch.file.verification import Frontier
    from datalad_jsdl.fetch.http.parts import Part
    from datalad_jsdl.fetch.http.proxies import Proxy
    from datalad_jsdl.fetch.http.web import Response
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import Expected, Progress, Store

__all__ = ["CHANGED", "WHOLE", "Transfer"]

_CHUNK = 256 << 10  # bytes; larger ones are slower

WHOLE = "it ignores ranges and sends the whole file"
PACKED = (
    "; the server sends it compressed ({}), and what the manifest says may be true of the unpacked "
    "file only"
)
CHANGED = "the file there has changed since it was begun"


@dataclass
class Transfer:
    """Requests for one file; shared by all its connections.

    Attributes:
        engine: connections and limits.
        operation: that this is a part of.
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
        codings: by which the last answer says that it is compressed.
        content_type: that it says.
        packed_as: what to add to a message on wrong content, if it came compressed.
        final: URL of the answer that the first bytes are from, after redirects.
    """

    engine: Engine
    operation: Operation
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
    codings: tuple[str, ...] = ()
    content_type: str = ""
    packed_as: str = ""
    final: str = ""

    def run(self, segment: Segment, *, whole: bool, patience: float) -> Fault | None:
        """Fetch a segment, or as much of it as comes.

        Args:
            segment: which bytes, from where.
            patience: seconds that its first byte may take.
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
        limits = Limits.of(self.engine.settings, patience)
        try:
            response = self.engine.web.open(url, headers, read_seconds=patience)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            return no_answer(url, error, limits)
        latency = time.monotonic() - began
        segment.abort = response.abort
        self.operation.opened(response)
        try:
            fault = self._take(segment, response, ranged="Range" in headers, whole=whole)
        except urllib3.exceptions.HTTPError as error:
            if segment.end is not None and segment.position >= segment.end:
                fault = None  # others have the rest
            else:
                fault = self._broke_off(segment, error, limits, response.proxy)
        finally:
            segment.abort = None
            self.operation.closed(response)
            self.engine.save_now_and_then()
            response.close()
        gained = segment.written - segment.start
        elapsed = time.monotonic() - began - latency
        self.engine.origins.measured(url, gained, elapsed, latency)
        if segment.first:
            self.engine.origins.began(url, segment.first - began)
        return fault

    def _broke_off(
        self, segment: Segment, error: Exception, limits: Limits, proxy: Proxy | None
    ) -> Fault:
        """The fault of an answer that had begun; its head may have come long before its body."""
        if not segment.first:
            fault = no_answer(segment.url, error, replace(limits, awaited="data"))
            if fault.silent:
                return fault
        seconds = self.engine.settings.read_timeout
        limits = replace(limits, read=seconds, awaited="data")
        way = f", through {proxy}" if proxy else ""
        what = f"broke off after {segment.position} bytes ({phrase(error, limits)}{way})"
        return Fault(segment.url, what, mirror=True)

    def _take(
        self, segment: Segment, response: Response, *, ranged: bool, whole: bool
    ) -> Fault | None:
        url, offset = segment.url, segment.position
        if response.status == 416 and offset:
            return self._nothing_more(segment)
        if response.status == 204 and self.expected.size == 0:
            self.ledger.ended = True  # RFC 9110, 15.3.5: there is no content
            return None
        if not gives_content(response.status):
            return refusal(url, response)
        if fault := self._wrong_version(segment, response):
            return fault
        codings = compressions(response.headers)
        if offset and self.expected.document and codings != self.codings:
            return Fault(url, CHANGED, wrong=True)  # halves of two forms of it
        self.codings, self.content_type = codings, response.headers.get("Content-Type", "")
        other = [name for name in codings if name not in self._packed(url, response)]
        self.packed_as = PACKED.format(", ".join(other)) if other else ""
        part = part_of(response, ranged=ranged, expected=self.expected)
        origin = self.engine.origins.of(url)
        if part is None or not part.first <= offset < (part.end or offset + 1):
            given = response.headers.get("Content-Range") or "no Content-Range"
            origin.score.ranges = False
            self.unranged.add(url)
            asked = f"asked for bytes from {offset}" if ranged else "asked for the whole file"
            return Fault(url, f"{asked}, got {given}", mirror=True)
        if part.end is not None:
            if ranged:
                origin.score.ranges = True
        elif ranged or offset:
            origin.score.ranges = False
            if not whole:
                return Fault(url, WHOLE)
        if fault := self._wrong_size(segment, response, part.size):
            return fault
        self.answers += 1
        if not offset:
            self.final = response.url
        if etag := strong_etag(response.headers):
            self.etags[url] = etag
            if not self.expected.verifiable and not self.ledger.held():
                self.store.begin(segment.source, etag)
        return self._copy(segment, response, part)

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
            page = is_error_page(url, self.content_type, names=self.expected.names)
            shown = f"a web page of {total}{perhaps_of(response)}; {MAY_WANT_LOGIN}"
            offer = shown if page else f"{total}"
            # if only another answer said so, this one may be right as well
            disputed = self.expected.size is None
            what = wrong_size(known, offer, "another mirror" if disputed else "the manifest")
            what += self.packed_as
            return Fault(url, what, lasting=not disputed, disputed=disputed)
        return None

    def _copy(self, segment: Segment, response: Response, part: Part) -> Fault | None:
        url, ledger, throttle = segment.url, self.ledger, self.engine.throttle
        unknown = not self.expected.verifiable and self.expected.size is None
        origin = self.engine.origins.of(url)
        size = throttle.chunk(_CHUNK)
        pace = Pace(self.engine.settings.min_speed, self.engine.settings.read_timeout)
        self.begun()
        skip = segment.position - part.first
        while chunk := part.body.read(size):
            now = time.monotonic()
            origin.received += len(chunk)
            if not segment.first:
                segment.first = now
                self.engine.origins.answered(url)
                response.limit_gaps(self.engine.settings.read_timeout)
            if pace.is_too_slow(len(chunk), now):
                speed = self.engine.settings.min_speed
                return Fault(url, too_slow(speed), mirror=True)
            if pause := throttle.pause(len(chunk)):
                self.operation.stop.wait(pause)
            if self.operation.stop.is_set():
                return Fault(url, "interrupted", lasting=True)
            if skip:
                passed = min(skip, len(chunk))
                skip -= passed
                chunk = chunk[passed:]
            offset = segment.position
            if offset == 0 and unknown and (fault := self._no_file(url, response, chunk)):
                return fault
            if ledger.size is not None and offset + len(chunk) > ledger.size:
                says = "another mirror" if self.expected.size is None else "the manifest"
                what = wrong_size(ledger.size, "more", says) + self.packed_as
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
        return self._ended(segment, part.end)

    def _no_file(self, url: str, response: Response, start: bytes) -> Fault | None:
        """Whether the first bytes are not those of the file, where nothing else could tell."""
        codings = self.codings
        plain = peeked(codings, start) if codings else start
        if is_error_page(url, self.content_type, plain, self.expected.names):
            return Fault(url, page_said(response, plain)[1], lasting=True)
        if self.expected.document:
            return None
        if not is_compressed(codings, self._packed(url, response), start):
            return None
        return Fault(url, COMPRESSED.format(", ".join(codings)), lasting=True)

    def _packed(self, url: str, response: Response) -> frozenset[str]:
        """The codings that the file's very bytes are of, by its names."""
        named = file_name(response.headers.get("Content-Disposition", ""))
        return packed_by_name(url, named, *self.expected.names)

    def _ended(self, segment: Segment, due: int | None) -> Fault | None:
        """The answer is over; is that all there is?"""
        self.ledger.ended = True
        if self.ledger.size is None:
            # what is not announced to have an end may have been cut off
            self.ledger.size, self.guessed = segment.position, True
            return None
        end = segment.end if segment.end is not None else self.ledger.size
        if segment.position >= end or segment.position == due:
            return None  # a server may give less than a range asks for
        what = f"ended after {segment.position} of {self.ledger.size} bytes{self.packed_as}"
        return Fault(segment.url, what, mirror=True)
