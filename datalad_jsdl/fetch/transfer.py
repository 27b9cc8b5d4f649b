"""One request: one URL's bytes into a sink, from where the sink stands.

RFC 9110, sections 13.1.5 (If-Range), 14 (ranges) and 15.5.17 (416).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.fetch.values import Fault
from datalad_jsdl.fetch.verification import is_error_page
from datalad_jsdl.manifest.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.fetch.values import Expected, Progress, Sink
    from datalad_jsdl.fetch.verification import Verifier
    from datalad_jsdl.fetch.web import Response, Web

__all__ = ["Transfer", "phrase"]

_CHUNK = 1 << 20  # bytes

_MEANINGS = {
    401: "it wants a login",
    403: "access is forbidden, or terms have to be accepted",
    404: "not found",
    410: "gone for good",
    429: "too many requests",
}

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)", re.IGNORECASE)


@dataclass
class Transfer:
    """Bytes of one file into one sink, from one URL after the other.

    Attributes:
        web: connections.
        sink: where bytes go.
        verifier: fed with every byte that the sink holds.
        expected: what is known.
        progress: told the position.
        etag: the strong ETag under which the sink's bytes were served, or "".
        source: the URL that the sink's bytes are from; "" if from several or unknown.
        pieces: number of answers that the sink's bytes are from.
    """

    web: Web
    sink: Sink
    verifier: Verifier
    expected: Expected
    progress: Progress
    etag: str = ""
    source: str = ""
    pieces: int = 0

    def run(self, url: str) -> Fault | None:
        """Fetch what is missing; None once the sink holds all that *url* has to give."""
        self._drop_what_cannot_be_continued(url)
        offset = self.sink.position()
        headers = {}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if self.etag and url == self.source:
                headers["If-Range"] = self.etag
        try:
            response = self.web.open(url, headers)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            return _no_answer(url, error)
        try:
            return self._take(url, response, offset)
        except urllib3.exceptions.HTTPError as error:
            position = self.sink.position()
            return Fault(url, f"broke off after {position} bytes ({phrase(error)})")
        finally:
            response.close()

    def restart(self) -> None:
        """Forget all bytes."""
        self.sink.restart()
        self.verifier.restart()
        self.etag = self.source = ""
        self.pieces = 0

    def _drop_what_cannot_be_continued(self, url: str) -> None:
        # Without a digest nothing would show that two sources differ, or that one has
        # changed: only the same URL with the same strong ETag is the same content.
        same = url == self.source and self.etag
        if not self.expected.algorithm and self.sink.position() and not same:
            self.restart()

    def _take(self, url: str, response: Response, offset: int) -> Fault | None:
        if response.status == 416 and offset:
            # complete, if what is there passes for the whole
            if self.expected.algorithm and self.verifier.mismatch() is None:
                return None
            self.restart()
            return Fault(url, "it has fewer bytes than were there already")
        if response.status not in (200, 206):
            return _refusal(url, response)
        if response.status == 206 and (fault := self._range_fault(url, response, offset)):
            return fault
        if response.status == 200 and offset:
            self.restart()
        total = _total(response.status, response.headers)
        if None not in (total, self.expected.size) and total != self.expected.size:
            page = is_error_page(url, response.headers.get("Content-Type", ""))
            offer = f"a web page of {total}" if page else total
            what = f"expected a file of {self.expected.size} bytes, it offers {offer}"
            return Fault(url, what, lasting=True)
        etag = response.headers.get("ETag", "")
        strong = "" if etag.startswith("W/") else etag
        # bytes of two sources have no ETag in common
        alone = self.sink.position() == 0 or url == self.source
        self.source, self.etag = (url, strong) if alone else ("", "")
        self.pieces += 1
        return self._copy(url, response, total)

    def _range_fault(self, url: str, response: Response, offset: int) -> Fault | None:
        given = response.headers.get("Content-Range", "")
        match = _CONTENT_RANGE.fullmatch(given.strip())
        if match and int(match[1]) == offset:
            return None
        self.restart()
        return Fault(url, f"asked for bytes from {offset}, got {given or 'no Content-Range'}")

    def _copy(self, url: str, response: Response, total: int | None) -> Fault | None:
        limit = self.expected.size if self.expected.size is not None else total
        unknown = not self.expected.algorithm and self.expected.size is None
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if unknown and encoding not in ("", "identity"):
            # as asked for, it would be the file; whether it is, nothing here could tell
            return Fault(url, f"it sends the file compressed ({encoding}), unasked", lasting=True)
        may_be_page = unknown and not self.expected.page
        content_type = response.headers.get("Content-Type", "")
        while chunk := response.read(_CHUNK):
            position = self.sink.position()
            if position == 0 and may_be_page and is_error_page(url, content_type, chunk):
                return Fault(url, "it answers with a web page, not the file", lasting=True)
            if limit is not None and position + len(chunk) > limit:
                self.restart()
                return Fault(url, f"it gives more than the {limit} bytes expected", lasting=True)
            self.sink.write(chunk)
            self.verifier.update(chunk)
            self.progress(position + len(chunk))
        if limit is not None and self.sink.position() < limit:
            return Fault(url, f"ended after {self.sink.position()} of {limit} bytes")
        return None


def _total(status: int, headers: Mapping[str, str]) -> int | None:
    """Size of the whole file in bytes, as the answer tells."""
    if status == 206:
        match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
        return int(match[3]) if match and match[3] != "*" else None
    length = headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def _refusal(url: str, response: Response) -> Fault:
    status = response.status
    meaning = f" ({_MEANINGS[status]})" if status in _MEANINGS else ""
    after = response.headers.get("Retry-After", "")
    wait = float(after) if after.isascii() and after.isdigit() else None
    passing = status in (408, 425, 429) or (status >= 500 and status not in (501, 505))
    return Fault(url, f"HTTP status {status}{meaning}", not passing, wait)


def _no_answer(url: str, error: Exception) -> Fault:
    cause = error.__cause__ if isinstance(error, urllib3.exceptions.ProxyError) else None
    lasting = isinstance(
        cause or error, (AddressRefusedError, FetchError, urllib3.exceptions.SSLError)
    )
    return Fault(url, phrase(cause or error), lasting)


def phrase(error: BaseException) -> str:
    """An error of the network in a few words without a secret in them."""
    if isinstance(error, FetchError):
        return redact_text(str(error))
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # a ConnectTimeoutError, too
        return f"no connection: {error.__cause__ or 'refused'}"
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return "no connection within the time limit"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "no data within the time limit"
    if isinstance(error, urllib3.exceptions.SSLError):
        return f"TLS: {redact_text(str(error))}"
    return redact_text(str(error.__cause__ or error)) or type(error).__name__
