"""One question to one mirror before a download: would it give this file?

RFC 9110, sections 9.3.2 (HEAD) and 14 (ranges).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.http.answers import Limits, no_answer
from datalad_jsdl.fetch.http.failures import NETWORK_ERRORS
from datalad_jsdl.fetch.http.web_pages import LOOKED_AT
from datalad_jsdl.fetch.mirrors.meaning import look_at, told_ranges
from datalad_jsdl.fetch.mirrors.states import Answer, State

if TYPE_CHECKING:
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.fetch.transport import Response
    from datalad_jsdl.model.content import Expected

__all__ = ["Asker", "probe", "sample"]

_SAMPLE_SECONDS = 2.0
_LATE = 1.0  # seconds from a head to its body, which is made on the fly then
_CHUNK = 64 << 10  # bytes
# the next question would be one too many, or have the same answer
_FINAL = (State.BUSY, State.REFUSED)


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
        answer = look_at(url, expected, response, length)
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
    return replace(answer, ranges=told_ranges(response.status, response.headers, asked))


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
