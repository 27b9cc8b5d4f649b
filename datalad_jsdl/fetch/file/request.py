"""One request: a segment's bytes from one URL into the store.

The strict rules for parts: RFC 9110, sections 13.1.5 (If-Range), 14 (ranges) and 15.5.17
(416).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.http.answers import (
    Limits,
    file_name,
    no_answer,
    page_fault,
    refusal,
    strong_etag,
)
from datalad_jsdl.fetch.http.encodings import compressions, is_compressed, packed_by_name, peeked
from datalad_jsdl.fetch.http.failures import BROKEN_OFF, NETWORK_ERRORS
from datalad_jsdl.fetch.http.parts import part_of
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.web_pages import is_error_page
from datalad_jsdl.fetch.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.file.segments import Ledger, Segment
    from datalad_jsdl.fetch.file.verification import Frontier
    from datalad_jsdl.fetch.http.parts import BodyPart
    from datalad_jsdl.fetch.http.proxies import Proxy
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.fetch.transport import Response
    from datalad_jsdl.model.content import ByteProgress, Expected, Store

__all__ = ["Transfer"]

_CHUNK = 256 << 10  # bytes; larger ones are slower


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
        packed_as: those of them that the file itself does not have by its name.
        final: URL of the answer that the first bytes are from, after redirects.
    """

    engine: Engine
    operation: Operation
    ledger: Ledger
    store: Store
    frontier: Frontier
    expected: Expected
    progress: ByteProgress
    begun: Callable[[], None]
    etags: dict[str, str] = field(default_factory=dict)
    unranged: set[str] = field(default_factory=set)
    answers: int = 0
    held: int = 0
    guessed: bool = False
    codings: tuple[str, ...] = ()
    content_type: str = ""
    packed_as: tuple[str, ...] = ()
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
        except NETWORK_ERRORS as error:
            return no_answer(url, error, limits)
        latency = time.monotonic() - began
        segment.abort = response.abort
        self.operation.opened(response)
        try:
            fault = self._take(segment, response, ranged="Range" in headers, whole=whole)
        except BROKEN_OFF as error:
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
            fault = no_answer(segment.url, error, replace(limits, begun=True))
            if fault.silent:
                return fault
        limits = replace(limits, read=self.engine.settings.read_timeout, begun=True)
        cause = no_answer(segment.url, error, limits)
        if proxy:
            cause = replace(cause, proxy=str(proxy))
        return Fault(FaultKind.BROKE_OFF, segment.url, position=segment.position, cause=cause)

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
            return Fault(FaultKind.CHANGED, url)  # halves of two forms of it
        self.codings, self.content_type = codings, response.headers.get("Content-Type", "")
        packed = self._packed(url, response)
        self.packed_as = tuple(name for name in codings if name not in packed)
        part = part_of(response, ranged=ranged, expected=self.expected)
        origin = self.engine.origins.of(url)
        if part is None or not part.first <= offset < (part.end or offset + 1):
            given = response.headers.get("Content-Range", "")
            origin.score.ranges = False
            self.unranged.add(url)
            asked = offset if ranged else None
            return Fault(FaultKind.RANGE, url, position=asked, detail=given)
        if part.end is not None:
            if ranged:
                origin.score.ranges = True
        elif ranged or offset:
            origin.score.ranges = False
            if not whole:
                return Fault(FaultKind.NO_RANGES, url)
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
        return Fault(FaultKind.SHORTER, segment.url)

    def _wrong_version(self, segment: Segment, response: Response) -> Fault | None:
        known, given = self.etags.get(segment.url, ""), strong_etag(response.headers)
        if known and given and known != given:
            return Fault(FaultKind.CHANGED, segment.url)
        if known and not given and not self.expected.verifiable:
            return Fault(FaultKind.CHANGED, segment.url)
        return None

    def _wrong_size(self, segment: Segment, response: Response, total: int | None) -> Fault | None:
        url, known = segment.url, self.ledger.size
        if total is None:
            return None
        if known is None or (self.expected.size is None and not self.ledger.held()):
            self.ledger.size = total
        elif total != known:
            page = is_error_page(url, self.content_type, names=self.expected.names)
            # if only another answer said so, this one may be right as well
            disputed = self.expected.size is None
            return Fault(
                FaultKind.DISPUTED if disputed else FaultKind.SIZE,
                url,
                expected=known,
                offered=total,
                by_mirror=disputed,
                codings=self.packed_as,
                cause=page_fault(url, response, b"") if page else None,
            )
        return None

    def _copy(self, segment: Segment, response: Response, part: BodyPart) -> Fault | None:
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
                return Fault(FaultKind.SLOW, url, expected=self.engine.settings.min_speed)
            if pause := throttle.pause(len(chunk)):
                self.operation.stop.wait(pause)
            if self.operation.stop.is_set():
                return Fault(FaultKind.INTERRUPTED, url)
            if skip:
                passed = min(skip, len(chunk))
                skip -= passed
                chunk = chunk[passed:]
            offset = segment.position
            if offset == 0 and unknown and (fault := self._no_file(url, response, chunk)):
                return fault
            if ledger.size is not None and offset + len(chunk) > ledger.size:
                return Fault(
                    FaultKind.LONGER,
                    url,
                    expected=ledger.size,
                    by_mirror=self.expected.size is None,
                    codings=self.packed_as,
                )
            mine = ledger.claim(segment, len(chunk))
            if mine < len(chunk):
                chunk = chunk[:mine]
            if chunk:
                self.store.put(offset, chunk, segment.source)
                pace.exclude(time.monotonic() - now)
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
            return page_fault(url, response, plain)
        if self.expected.document:
            return None
        if not is_compressed(codings, self._packed(url, response), start):
            return None
        return Fault(FaultKind.COMPRESSED, url, codings=codings)

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
        return Fault(
            FaultKind.TRUNCATED,
            segment.url,
            expected=self.ledger.size,
            position=segment.position,
            codings=self.packed_as,
        )
