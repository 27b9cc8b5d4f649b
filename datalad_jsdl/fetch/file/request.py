"""One request: a segment's bytes from one candidate into the store."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.file.receiving import FileAnswer
from datalad_jsdl.fetch.http.answers import Limits, no_answer
from datalad_jsdl.fetch.http.failures import BROKEN_OFF, NETWORK_ERRORS

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.file.candidates import CandidateState
    from datalad_jsdl.fetch.file.segments import Segment
    from datalad_jsdl.fetch.file.state import TransferState
    from datalad_jsdl.fetch.http.proxies import Proxy

__all__ = ["FileRequest"]


@dataclass(frozen=True, slots=True)
class FileRequest:
    """One request for a file.

    Attributes:
        state: of the file.
        candidate: that is asked.
        segment: which bytes.
        patience: seconds that its first byte may take.
        whole: where ranges are ignored, take the whole file and skip what is there.
    """

    state: TransferState
    candidate: CandidateState
    segment: Segment
    patience: float
    whole: bool = False

    def run(self, begun: Callable[[], object] | None = None) -> Fault | None:
        """Fetch the segment, or as much of it as comes.

        Args:
            begun: called once the answer is found to be good.

        Returns:
            What went wrong, or None.
        """
        state, segment, url = self.state, self.segment, self.candidate.url
        engine = state.engine
        headers = self._headers()
        began = time.monotonic()
        limits = Limits.of(engine.settings, self.patience)
        try:
            response = engine.web.open(url, headers, read_seconds=self.patience)
        except NETWORK_ERRORS as error:
            return no_answer(url, error, limits)
        latency = time.monotonic() - began
        segment.abort = response.abort
        state.operation.opened(response)
        answer = FileAnswer(
            state, self.candidate, segment, response, "Range" in headers, self.whole
        )
        try:
            fault = answer.take(begun)
        except BROKEN_OFF as error:
            if segment.end is not None and segment.position >= segment.end:
                fault = None  # others have the rest
            elif state.operation.stop.is_set():
                fault = Fault(FaultKind.INTERRUPTED, url)
            else:
                fault = self._broke_off(error, limits, response.proxy)
        finally:
            segment.abort = None
            state.operation.closed(response)
            engine.save_now_and_then()
            response.close()
        gained = segment.written - segment.start
        elapsed = time.monotonic() - began - latency
        engine.origins.measured(url, gained, elapsed, latency)
        if segment.first:
            engine.origins.began(url, segment.first - began)
        return fault

    def _headers(self) -> dict[str, str]:
        segment, size = self.segment, self.state.ledger.size
        part = segment.position or (segment.end is not None and segment.end != size)
        if not part or (self.whole and self.candidate.ignores_ranges):
            return {}
        last = "" if segment.end in (None, size) else str((segment.end or 0) - 1)
        headers = {"Range": f"bytes={segment.position}-{last}"}
        if self.candidate.etag:
            headers["If-Range"] = self.candidate.etag  # RFC 9110, section 13.1.5
        return headers

    def _broke_off(self, error: Exception, limits: Limits, proxy: Proxy | None) -> Fault:
        """The fault of an answer that had begun; its head may have come long before its body."""
        segment, url = self.segment, self.candidate.url
        if not segment.first:
            fault = no_answer(url, error, replace(limits, begun=True))
            if fault.silent:
                return fault
        limits = replace(limits, read=self.state.engine.settings.read_timeout, begun=True)
        cause = no_answer(url, error, limits)
        if proxy:
            cause = replace(cause, proxy=str(proxy))
        return Fault(FaultKind.BROKE_OFF, url, position=segment.position, cause=cause)
