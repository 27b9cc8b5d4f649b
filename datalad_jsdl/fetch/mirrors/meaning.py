"""What the head of an answer, and its first bytes, tell of a file: is it the one that is expected?

RFC 9110, sections 14 (ranges) and 15 (status).
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.http.answers import file_name, page_fault, refusal, total_size
from datalad_jsdl.fetch.http.encodings import compressions, is_compressed, packed_by_name, peeked
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.web_pages import LOOKED_AT, is_error_page, is_page_type
from datalad_jsdl.fetch.mirrors.states import Answer, Ranges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.fetch.transport import Response
    from datalad_jsdl.model.content import Expected

__all__ = ["look_at", "read_answer", "told_ranges"]


def look_at(url: str, expected: Expected, response: Response, length: int) -> Answer:
    """What an answer means; of what is called a web page, the first bytes are looked at."""
    kind = response.headers.get("Content-Type", "")
    start = None
    if length >= LOOKED_AT and gives_content(response.status) and is_page_type(kind):
        start = b""
        while len(start) < LOOKED_AT and (chunk := response.read(LOOKED_AT - len(start))):
            start += chunk
    return read_answer(url, expected, response, start)


def read_answer(
    url: str, expected: Expected, response: Response, start: bytes | None = None
) -> Answer:
    """What an answer means, and its first bytes if they are known."""
    status, headers = response.status, response.headers
    if status == 204 and expected.size == 0:  # RFC 9110, 15.3.5: there is no content
        return Answer(size=0)
    if not gives_content(status) and status != 416:
        return Answer(refusal(url, response))
    # an empty file has no first byte
    size = 0 if status == 416 else total_size(status, headers)
    wrong = None not in (size, expected.size) and size != expected.size
    kind = headers.get("Content-Type", "")
    codings = compressions(headers)
    plain = peeked(codings, start) if start and codings else start
    # a page of the very size that is expected is the file
    unsure = wrong or expected.size is None
    if unsure and is_error_page(url, kind, plain, expected.names):
        return Answer(page_fault(url, response, plain or b""))
    if wrong:
        fault = Fault(FaultKind.SIZE, url, expected=expected.size, offered=size, codings=codings)
        return Answer(fault, size)
    if expected.size is None and not expected.verifiable:
        named = file_name(headers.get("Content-Disposition", ""))
        packed = packed_by_name(url, *expected.names, named)
        if is_compressed(codings, packed, start or b""):
            return Answer(Fault(FaultKind.COMPRESSED, url, codings=codings))
    return Answer(size=size, modified=_modified(headers))


def _modified(headers: Mapping[str, str]) -> int | None:
    try:
        return int(parsedate_to_datetime(headers.get("Last-Modified", "")).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


def told_ranges(status: int, headers: Mapping[str, str], asked: bool) -> Ranges:
    """What a good answer tells of parts; they were *asked* for (RFC 9110, section 14.3)."""
    if status == 206:
        return Ranges.GIVEN
    if asked:
        return Ranges.IGNORED
    units = [unit.strip().lower() for unit in headers.get("Accept-Ranges", "").split(",")]
    if "bytes" in units:
        return Ranges.ANNOUNCED
    return Ranges.DISCLAIMED if "none" in units else Ranges.UNTOLD
