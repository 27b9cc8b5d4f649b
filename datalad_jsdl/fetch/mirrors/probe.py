"""One question to one mirror before a download: would it give this file?

RFC 9110, sections 9.3.2 (HEAD), 14 (ranges) and 15 (status).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.http.answers import (
    Limits,
    file_name,
    no_answer,
    page_fault,
    refusal,
    total_size,
)
from datalad_jsdl.fetch.http.encodings import compressions, is_compressed, packed_by_name, peeked
from datalad_jsdl.fetch.http.failures import NETWORK_ERRORS
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.fetch.http.web_pages import LOOKED_AT, is_error_page, is_page_type
from datalad_jsdl.fetch.phrases import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.fetch.transport import Response
    from datalad_jsdl.model.content import Expected

__all__ = [
    "MEANINGS",
    "STATES",
    "Answer",
    "Asker",
    "Ranges",
    "State",
    "probe",
    "read_answer",
    "sample",
]

_SAMPLE_SECONDS = 2.0
_LATE = 1.0  # seconds from a head to its body, which is made on the fly then
_CHUNK = 64 << 10  # bytes


class State(str, Enum):
    """What an answer means for a download; of a mirror, what its answers come to."""

    OK = "ok"
    LOGIN = "login"
    TERMS = "terms"
    GONE = "gone"
    SIZE = "size"
    BUSY = "busy"
    DEAD = "dead"
    REFUSED = "refused"
    UNFIT = "unfit"
    UNASKED = "unasked"


#: For the documentation.
MEANINGS = {
    State.OK: "it delivers files",
    State.LOGIN: "401, 403 with a challenge (``WWW-Authenticate``), or an object store says so",
    State.TERMS: "403 without a challenge, or a web page with status 200 instead of a file",
    State.GONE: "404 or 410, or an object store says so",
    State.SIZE: "a file of another size than the manifest says",
    State.BUSY: "it asks to back off, or is still preparing the file (202), even after the pause "
    "it asked for",
    State.DEAD: "no response, an unknown host name, a TLS failure, or 5xx",
    State.REFUSED: "the address policy forbids the connection",
    State.UNFIT: "any other response that is not a file",
    State.UNASKED: "none of its files was requested",
}

_DEAD = (
    *(FaultKind.UNABLE, FaultKind.OVERLOADED, FaultKind.DOWN, FaultKind.SILENT),
    *(FaultKind.SILENT_GET, FaultKind.UNRESPONSIVE, FaultKind.NO_ANSWER, FaultKind.CLOSED),
    *(FaultKind.UNCONNECTED, FaultKind.CONNECT_TIMEOUT, FaultKind.TLS, FaultKind.UNTRUSTED),
    FaultKind.NO_TLS,
)
#: What the kinds of faults come to that an answer may have; any other is `State.UNFIT`.
STATES = {
    FaultKind.LOGIN: State.LOGIN,
    **dict.fromkeys((FaultKind.TERMS, FaultKind.WEB_PAGE), State.TERMS),
    FaultKind.GONE: State.GONE,
    **dict.fromkeys((FaultKind.SIZE, FaultKind.LONGER), State.SIZE),
    **dict.fromkeys((FaultKind.BUSY, FaultKind.PREPARING), State.BUSY),
    **dict.fromkeys(_DEAD, State.DEAD),
    FaultKind.FORBIDDEN: State.REFUSED,
}
# the next question would be one too many, or have the same answer
_FINAL = (State.BUSY, State.REFUSED)


class Ranges(IntEnum):
    """What answers tell of parts of files; of several, the greatest holds, whatever the order.

    What came of asking for a part is worth more than what is announced (Accept-Ranges), and
    one file that is given in parts more than one that is not: that may be made on the fly.
    """

    UNTOLD = 0
    DISCLAIMED = 1
    ANNOUNCED = 2
    IGNORED = 3
    GIVEN = 4

    @property
    def known(self) -> bool | None:
        """Whether parts are given; None if that is not known."""
        return self in (Ranges.ANNOUNCED, Ranges.GIVEN) if self else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it.

    Attributes:
        fault: what the engine would make of it; None if all is well.
        size: of the whole file in bytes, as announced, or None.
        ranges: what it tells of parts of files.
        latency: seconds from the request to the first byte; 0 if there was none, or if it was
            only asked by HEAD, which tells nothing of it: a file may have to be made first.
        received: bytes of a sample.
        seconds: that they took, after the answer had begun.
        head: False if HEAD was refused, or told too little, where GET told enough.
        modified: seconds since 1970, as Last-Modified says (RFC 9110, 8.8.2), or None.
    """

    fault: Fault | None = None
    size: int | None = None
    ranges: Ranges = Ranges.UNTOLD
    latency: float = 0.0
    received: int = 0
    seconds: float = 0.0
    head: bool = True
    modified: int | None = None

    @property
    def state(self) -> State:
        """What it means for a download."""
        return STATES.get(self.fault.kind, State.UNFIT) if self.fault else State.OK

    @property
    def what(self) -> str:
        """In words, free of secrets; "" if all is well."""
        return phrase(self.fault) if self.fault else ""

    @property
    def wait(self) -> float | None:
        """Seconds that the mirror asks to be left alone, or None."""
        return self.fault.wait if self.fault else None

    @property
    def passing(self) -> bool:
        """Whether the same question may be answered otherwise in a moment."""
        return self.fault is not None and not self.fault.lasting and not self.fault.refused


@dataclass(frozen=True, slots=True)
class Asker:
    """What questions are asked with.

    Attributes:
        engine: connections and limits.
        operation: that they are a part of.
        patience: seconds that a first byte may take.
        again: advice on a login is given in full each time, and not once for an origin.
    """

    engine: Engine
    operation: Operation
    patience: float
    again: bool = True

    @property
    def limits(self) -> Limits:
        """For messages."""
        return Limits.of(self.engine.settings, self.patience)


def probe(url: str, expected: Expected, asker: Asker, *, head: bool = True) -> Answer:
    """Ask by HEAD, and for the first byte where that is refused or tells too little.

    Args:
        url: to be asked.
        expected: what is known of the content; only its size and kind are looked at.
        asker: to ask with.
        head: use HEAD.
    """
    if head:
        answer = _ask("HEAD", url, expected, asker, 0)
        told = answer.state is State.OK and (answer.size is not None or expected.size is None)
        silent = answer.fault is not None and not answer.fault.answered
        if answer.state in _FINAL or silent or told:
            return answer
    # what a server calls a web page may be another file: its first bytes tell
    look = head and _is_page(answer)
    answer = _ask("GET", url, expected, asker, LOOKED_AT if look else 1)
    if not look and _is_page(answer):
        answer = _ask("GET", url, expected, asker, LOOKED_AT)
    # a file that is not there says nothing about HEAD
    return replace(answer, head=False) if head and answer.state is State.OK else answer


def _is_page(answer: Answer) -> bool:
    return answer.fault is not None and answer.fault.kind is FaultKind.WEB_PAGE


def sample(url: str, expected: Expected, asker: Asker, length: int) -> Answer:
    """Fetch the first *length* bytes, or what comes of them in two seconds, and forget them."""
    answer = _ask("GET", url, expected, asker, length)
    if answer.fault and answer.fault.silent:
        return replace(answer, fault=replace(answer.fault, kind=FaultKind.SILENT_GET))
    return answer


def _ask(method: str, url: str, expected: Expected, asker: Asker, length: int) -> Answer:
    headers = {"Range": f"bytes=0-{length - 1}"} if length else {}
    engine, operation = asker.engine, asker.operation
    began = time.monotonic()
    try:
        response = engine.web.open(
            url,
            headers,
            method=method,
            # what HEAD is denied with is not shown
            advise_again=asker.again or method == "HEAD",
            read_seconds=asker.patience,
        )
    except NETWORK_ERRORS as error:
        return Answer(no_answer(url, error, asker.limits))
    operation.opened(response)
    try:
        answer = _judged(url, expected, response, length)
        if answer.state is State.OK:
            answer = _look(answer, response, expected, asker, began, length)
    except NETWORK_ERRORS as error:
        answer = Answer(no_answer(url, error, asker.limits))
    finally:
        operation.closed(response)
        engine.save_now_and_then()
        response.close()
    if answer.state is not State.OK:
        return answer
    # an empty file has no parts to be given
    asked = bool(length) and 0 not in (answer.size, expected.size)
    return replace(answer, ranges=_ranges(response.status, response.headers, asked))


def _look(
    answer: Answer,
    response: Response,
    expected: Expected,
    asker: Asker,
    began: float,
    length: int,
) -> Answer:
    """What comes of a good answer; *began*: when it was asked for."""
    if not length or answer.size == 0:
        # nothing is to come, or there is nothing
        return replace(answer, latency=0.0 if answer.size else time.monotonic() - began)
    head = time.monotonic()
    chunk = response.read(min(asker.engine.throttle.chunk(_CHUNK), length))
    if chunk and expected.size == 0:
        return Answer(Fault(FaultKind.LONGER, response.url, expected=0))
    first = time.monotonic()
    response.limit_gaps(asker.engine.settings.read_timeout)
    answer = replace(answer, latency=first - began)
    if length == 1:
        return answer
    received = _receive(response, asker, length, len(chunk), head)
    # the first bytes belong to what is measured, unless they had to be made
    since = first if first - head > _LATE else head
    return replace(answer, received=received, seconds=time.monotonic() - since)


def _ranges(status: int, headers: Mapping[str, str], asked: bool) -> Ranges:
    """What a good answer tells of parts; they were *asked* for (RFC 9110, section 14.3)."""
    if status == 206:
        return Ranges.GIVEN
    if asked:
        return Ranges.IGNORED
    units = [unit.strip().lower() for unit in headers.get("Accept-Ranges", "").split(",")]
    if "bytes" in units:
        return Ranges.ANNOUNCED
    return Ranges.DISCLAIMED if "none" in units else Ranges.UNTOLD


def _receive(response: Response, asker: Asker, length: int, received: int, began: float) -> int:
    """Take bytes from an answer of which some were received; how many those are in all."""
    throttle, stop = asker.engine.throttle, asker.operation.stop
    chunk_size = throttle.chunk(_CHUNK)
    last = received
    while last and not stop.is_set():
        if pause := throttle.pause(last):
            stop.wait(pause)
        if received >= length or time.monotonic() - began >= _SAMPLE_SECONDS:
            break
        last = len(response.read(min(chunk_size, length - received)))
        received += last
    return received


def _judged(url: str, expected: Expected, response: Response, length: int) -> Answer:
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
