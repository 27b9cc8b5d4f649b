"""One answer: is it of the file, and its bytes into the store.

The strict rules for parts: RFC 9110, sections 13.1.5 (If-Range), 14 (ranges) and 15.5.17
(416).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.http.answers import file_name, page_fault, refusal, strong_etag
from datalad_jsdl.fetch.http.encodings import compressions, is_compressed, packed_by_name, peeked
from datalad_jsdl.fetch.http.parts import part_of
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.versions import version_of
from datalad_jsdl.fetch.http.web_pages import is_error_page
from datalad_jsdl.fetch.mirrors.meaning import told_ranges
from datalad_jsdl.fetch.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.file.candidates import CandidateState
    from datalad_jsdl.fetch.file.segments import Segment
    from datalad_jsdl.fetch.file.state import TransferState
    from datalad_jsdl.fetch.http.parts import BodyPart
    from datalad_jsdl.fetch.transport import Response

__all__ = ["FileAnswer"]

_CHUNK = 256 << 10  # bytes; larger ones are slower


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """The answer to one request for a file.

    Attributes:
        state: of the file.
        candidate: that was asked.
        segment: which bytes it was asked for.
        response: what came.
        ranged: it was asked for a range.
        whole: if it is the whole file, take it all the same and skip what is there.
    """

    state: TransferState
    candidate: CandidateState
    segment: Segment
    response: Response
    ranged: bool
    whole: bool

    def take(self, begun: Callable[[], object] | None) -> Fault | None:
        """Check what came, and put its bytes into the store.

        Args:
            begun: called once the answer is found to be good.

        Returns:
            What is wrong, or None.

        Raises:
            BrokenOffError, or another of `http.failures.BROKEN_OFF`: the transfer broke off.
            OSError: the store cannot take the bytes.
        """
        if (part := self._part()) is None or isinstance(part, Fault):
            return part
        state, candidate, segment = self.state, self.candidate, self.segment
        state.answers += 1
        if not segment.position:
            state.final = self.response.url
        if etag := strong_etag(self.response.headers):
            candidate.etag = etag
            if not state.expected.verifiable and not state.ledger.held():
                state.store.begin(segment.source, etag)
        if state.one_source:
            state.version = version_of(candidate.url, self.response.headers)
        if begun is not None:
            begun()
        return self._copy(part)

    def _part(self) -> BodyPart | Fault | None:
        """What comes; or what is wrong with it; None if nothing has to come."""
        state, response, url = self.state, self.response, self.candidate.url
        offset = self.segment.position
        if response.status == 416 and offset:
            return self._nothing_more()
        if response.status == 204 and state.expected.size == 0:
            state.ledger.ended = True  # RFC 9110, 15.3.5: there is no content
            return None
        if not gives_content(response.status):
            return refusal(url, response)
        if fault := self._wrong_version():
            return fault
        codings = compressions(response.headers)
        if offset and state.expected.document and codings != state.codings:
            return Fault(FaultKind.CHANGED, url)  # halves of two forms of it
        packed = self._packed() if codings else ()
        state.codings, state.content_type = codings, response.headers.get("Content-Type", "")
        state.packed_as = tuple(name for name in codings if name not in packed)
        part = part_of(response, ranged=self.ranged, expected=state.expected)
        return self._wrong_part(part) or self._wrong_size(part) or part

    def _nothing_more(self) -> Fault | None:
        ledger = self.state.ledger
        if ledger.size is None and self.state.expected.verifiable:
            ledger.size = self.segment.position  # complete, if what is there passes
            return None
        return Fault(FaultKind.SHORTER, self.candidate.url)

    def _wrong_version(self) -> Fault | None:
        candidate, headers = self.candidate, self.response.headers
        known, given = candidate.etag, strong_etag(headers)
        # without any tag they may still be the same, if a digest can tell
        changed = (
            bool(known) and known != given and not (self.state.expected.verifiable and not given)
        )
        if candidate.demanded and not changed:
            version = version_of(candidate.url, headers)
            changed = version is None or not candidate.demanded.is_same(version)
        return Fault(FaultKind.CHANGED, candidate.url) if changed else None

    def _wrong_part(self, part: BodyPart | None) -> Fault | None:
        """Whether it is another part of the file than was asked for."""
        url, offset = self.candidate.url, self.segment.position
        score = self.state.engine.origins.of(url).score
        if part is None or not part.first <= offset < (part.end or offset + 1):
            given = self.response.headers.get("Content-Range", "")
            score.ranges = False
            self.candidate.ignores_ranges = True
            asked = offset if self.ranged else None
            return Fault(FaultKind.RANGE, url, position=asked, detail=given)
        if part.end is not None:
            if self.ranged:
                score.ranges = True
        elif self.ranged or offset:
            score.ranges = False
            if not self.whole:
                return Fault(FaultKind.NO_RANGES, url)
        elif score.ranges is None:
            score.ranges = told_ranges(self.response.status, self.response.headers, False).known
        return None

    def _wrong_size(self, part: BodyPart | None) -> Fault | None:
        state, url, total = self.state, self.candidate.url, part.size if part else None
        known = state.ledger.size
        if total is None:
            return None
        if known is None or (state.expected.size is None and not state.ledger.held()):
            state.ledger.size = total
        elif total != known:
            page = is_error_page(url, state.content_type, names=state.expected.names)
            # if only another answer said so, this one may be right as well
            disputed = state.expected.size is None
            return Fault(
                FaultKind.DISPUTED if disputed else FaultKind.SIZE,
                url,
                expected=known,
                offered=total,
                by_mirror=disputed,
                codings=state.packed_as,
                cause=page_fault(url, self.response, b"") if page else None,
            )
        return None

    def _copy(self, part: BodyPart) -> Fault | None:
        state, segment, url = self.state, self.segment, self.candidate.url
        ledger, throttle, settings = state.ledger, state.engine.throttle, state.engine.settings
        unknown = not state.expected.verifiable and state.expected.size is None
        origin = state.engine.origins.of(url)
        size = throttle.chunk(_CHUNK)
        pace = Pace(settings.min_speed, settings.read_timeout)
        skip = segment.position - part.first
        while chunk := part.body.read(size):
            now = time.monotonic()
            origin.received += len(chunk)
            if not segment.first:
                segment.first = now
                state.engine.origins.answered(url)
                self.response.limit_gaps(settings.read_timeout)
            if pace.is_too_slow(len(chunk), now):
                return Fault(FaultKind.SLOW, url, expected=settings.min_speed)
            if pause := throttle.pause(len(chunk)):
                state.operation.stop.wait(pause)
            if state.operation.stop.is_set():
                return Fault(FaultKind.INTERRUPTED, url)
            if skip:
                passed = min(skip, len(chunk))
                skip -= passed
                origin.again += passed
                chunk = chunk[passed:]
            offset = segment.position
            if offset == 0 and unknown and (fault := self._no_file(chunk)):
                return fault
            if ledger.size is not None and offset + len(chunk) > ledger.size:
                return self._too_long(ledger.size)
            mine = ledger.claim(segment, len(chunk))
            if mine < len(chunk):
                chunk = chunk[:mine]
            if chunk:
                state.store.put(offset, chunk, segment.source)
                pace.exclude(time.monotonic() - now)
                segment.written = offset + mine
                state.frontier.feed(offset, chunk)
                segment.arrived(now)
                state.held += mine
                state.progress(state.held)
            if segment.end is not None and segment.position >= segment.end:
                return None
        if state.operation.stop.is_set():  # our own end of the connection looks like the file's
            return Fault(FaultKind.INTERRUPTED, url)
        return self._ended(part.end)

    def _too_long(self, size: int) -> Fault:
        return Fault(
            FaultKind.LONGER,
            self.candidate.url,
            expected=size,
            by_mirror=self.state.expected.size is None,
            codings=self.state.packed_as,
        )

    def _no_file(self, start: bytes) -> Fault | None:
        """Whether the first bytes are not those of the file, where nothing else could tell."""
        state, url, codings = self.state, self.candidate.url, self.state.codings
        plain = peeked(codings, start) if codings else start
        if is_error_page(url, state.content_type, plain, state.expected.names):
            return page_fault(url, self.response, plain)
        if state.expected.document:
            return None
        if not is_compressed(codings, self._packed(), start):
            return None
        return Fault(FaultKind.COMPRESSED, url, codings=codings)

    def _packed(self) -> frozenset[str]:
        """The codings that the file's very bytes are of, by its names."""
        named = file_name(self.response.headers.get("Content-Disposition", ""))
        return packed_by_name(self.candidate.url, named, *self.state.expected.names)

    def _ended(self, due: int | None) -> Fault | None:
        """The answer is over; is that all there is?"""
        ledger, segment = self.state.ledger, self.segment
        ledger.ended = True
        if ledger.size is None:
            # what is not announced to have an end may have been cut off
            ledger.size, self.state.guessed = segment.position, True
            return None
        end = segment.end if segment.end is not None else ledger.size
        if segment.position >= end or segment.position == due:
            return None  # a server may give less than a range asks for
        return Fault(
            FaultKind.TRUNCATED,
            self.candidate.url,
            expected=ledger.size,
            position=segment.position,
            codings=self.state.packed_as,
        )
