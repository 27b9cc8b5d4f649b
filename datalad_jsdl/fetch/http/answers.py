"""What an HTTP answer means for a transfer: its range, its size, its fault.

RFC 9110, sections 13.1.5 (If-Range), 14 (ranges) and 15 (status).
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, replace
from http.client import IncompleteRead
from typing import TYPE_CHECKING

import urllib3

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.faults import Attempts, Fault, FaultKind, Nature, Reply
from datalad_jsdl.fetch.http.proxies import TrustError, ViaProxyError
from datalad_jsdl.fetch.http.statuses import meaning_of
from datalad_jsdl.fetch.http.waiting import wait_of
from datalad_jsdl.fetch.http.walls import wall_of
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.fetch.settings import Settings
    from datalad_jsdl.fetch.transport import Response

__all__ = [
    "Limits",
    "content_range",
    "file_name",
    "given_up",
    "no_answer",
    "page_fault",
    "perhaps_of",
    "refusal",
    "strong_etag",
    "total_size",
]

_TLS = {  # OpenSSL's own reasons
    "WRONG_VERSION_NUMBER": FaultKind.NO_TLS,
    "CERTIFICATE_VERIFY_FAILED": FaultKind.UNTRUSTED,
}

# some write "bytes=", "bytes:", no unit, or spaces
_CONTENT_RANGE = re.compile(
    r"(?:bytes)?[\s=:]*(\d{1,19})\s*-\s*(\d{1,19})\s*/\s*(\d{1,19}|\*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a request was given.

    Attributes:
        connect: seconds until the connection has to stand.
        read: seconds until something has to come.
        begun: the head of an answer was there, and its body is waited for.
    """

    connect: float
    read: float
    begun: bool = False

    @classmethod
    def of(cls, settings: Settings, read: float | None = None) -> Limits:
        """Those of the settings, but for the seconds that are given."""
        return cls(settings.connect_timeout, settings.read_timeout if read is None else read)


def content_range(headers: Mapping[str, str]) -> tuple[int, int, int | None] | None:
    """First and last byte and the size of the whole file; None if it does not say."""
    match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if not match or int(match[1]) > int(match[2]):
        return None
    return int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3])


def total_size(status: int, headers: Mapping[str, str]) -> int | None:
    """Size of the whole file in bytes, as the answer tells."""
    if status == 206:
        found = content_range(headers)
        return found[2] if found else None
    length = headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None


def strong_etag(headers: Mapping[str, str]) -> str:
    """The entity tag if it is a strong one, else ""."""
    etag = headers.get("ETag", "").strip()
    return etag if etag.startswith('"') else ""


def refusal(url: str, response: Response) -> Fault:
    """The fault that an answer is which is no file.

    What an object store's code means goes before what the status alone would mean.
    """
    status, said, code = response.status, response.said, response.known
    wait = wait_of(status, response.headers)
    kind = _kind(response, wait)
    if Nature.LASTING in kind.nature and not _may_wait(response):
        wait = None
    words = str(said) if said.message or said.code else ""
    name = code.name if code else ""
    reply = Reply(status, name, words, said.region, said.wall, response.advice, response.login)
    return Fault(kind, url, wait, reply=reply, proxy=perhaps_of(response))


# what is not there, or not for us, is so in a minute, too, whatever a proxy adds
_FINAL = (401, 402, 407, 410, 451, 511)


def _may_wait(response: Response) -> bool:
    """Whether it is believed that asks for a wait: it would not do so for nothing."""
    code = response.known
    if response.status in _FINAL or response.said.wall:
        return False
    return code is None or code.kind is FaultKind.LOGIN


def _kind(response: Response, wait: float | None) -> FaultKind:
    """What is wrong; *wait* as of `waiting.wait_of`."""
    status, code, usual = response.status, response.known, meaning_of(response.status)
    limited = status == 403 and wait is not None
    if response.said.wall and status != 429:
        return FaultKind.GUARD
    if code is not None and not (code.kind is FaultKind.LOGIN and (usual.passes or limited)):
        overloaded = code.kind is FaultKind.DOWN and Nature.BUSY in usual.kind.nature
        return FaultKind.OVERLOADED if overloaded else code.kind
    if limited or (usual.kind is FaultKind.OVERLOADED and wait is not None):
        return FaultKind.BUSY
    if status == 403 and "WWW-Authenticate" in response.headers:
        return FaultKind.LOGIN
    return usual.kind


def page_fault(url: str, response: Response, start: bytes) -> Fault:
    """The fault that a web page is in the place of a file; that of a guard against bots, too."""
    guard = wall_of(200, response.headers, start)
    kind = FaultKind.GUARD if guard else FaultKind.WEB_PAGE
    return Fault(kind, url, detail=guard, proxy=perhaps_of(response))


def perhaps_of(response: Response) -> str:
    """The proxy that an answer may be of, if it came by plain HTTP through one; else ""."""
    return str(response.proxy) if response.altered else ""


def file_name(disposition: str) -> str:
    """The file's name in a Content-Disposition (RFC 6266), or ""."""
    from email.message import Message  # seldom

    head = Message()
    head["Content-Disposition"] = disposition
    return head.get_filename("") if disposition else ""


def given_up(fault: Fault, number: int, settings: Settings) -> Fault:
    """The fault of a URL that is asked no more after so many requests in a row have failed."""
    more = fault.wait is not None and fault.wait > settings.max_wait
    return replace(fault, attempts=Attempts(number, settings.max_wait if more else None))


def no_answer(url: str, error: BaseException, limits: Limits) -> Fault:
    """The fault that an exception of the network is, where an answer was waited for."""
    proxy = ""
    while isinstance(error, (ViaProxyError, urllib3.exceptions.ProxyError)) and error.__cause__:
        proxy = str(error.proxy) if isinstance(error, ViaProxyError) else proxy
        error = error.__cause__
    return replace(_network(error, limits), url=url, proxy=proxy)


def _network(error: BaseException, limits: Limits) -> Fault:
    if isinstance(error, FetchError):
        detail = redact_text(str(error))
        if not isinstance(error, AddressRefusedError):
            return Fault(FaultKind.UNFETCHABLE, detail=detail)
        private = (error.host, error.address) if error.address else None
        return Fault(FaultKind.FORBIDDEN, detail=detail, private=private)
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # a ConnectTimeoutError, too
        return Fault(FaultKind.UNCONNECTED, detail=_words(error.__cause__) or "refused")
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return Fault(FaultKind.CONNECT_TIMEOUT, seconds=limits.connect)
    if isinstance(error, urllib3.exceptions.TimeoutError):
        begun = 0 if limits.begun else None
        return Fault(FaultKind.SILENT, seconds=limits.read, position=begun)
    if isinstance(error, urllib3.exceptions.SSLError):
        origin = error.origin if isinstance(error, TrustError) else "ORIGIN"
        kind = _TLS.get(_reason(error), FaultKind.TLS)
        return Fault(kind, detail=redact_text(str(error)), origin=origin)
    error = _innermost(error)
    if isinstance(error, IncompleteRead):
        return Fault(FaultKind.CLOSED)
    detail = _words(error) or redact_text(str(error)) or type(error).__name__
    return Fault(FaultKind.NO_ANSWER, detail=detail)


def _words(error: BaseException | None) -> str:
    """The operating system's words for an error, without its number; or ""."""
    return error.strerror.lower() if isinstance(error, OSError) and error.strerror else ""


def _reason(error: BaseException) -> str:
    """OpenSSL's name for what is wrong, or ""."""
    inner = _innermost(error)
    return (inner.reason or "") if isinstance(inner, ssl.SSLError) else ""


def _innermost(error: BaseException) -> BaseException:
    """What urllib3, or we, have wrapped."""
    wrapped = next((arg for arg in error.args[:2] if isinstance(arg, BaseException)), None)
    cause = wrapped or error.__cause__
    return error if cause is None else _innermost(cause)
