"""What an HTTP answer means for a transfer: its range, its size, its fault.

RFC 9110, sections 13.1.5 (If-Range), 14 (ranges) and 15 (status).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http.client import IncompleteRead
from typing import TYPE_CHECKING

import urllib3

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.fetch.http.codes import Sort
from datalad_jsdl.fetch.http.proxies import TrustError, ViaProxyError
from datalad_jsdl.fetch.http.statuses import meaning_of
from datalad_jsdl.fetch.http.waiting import wait_of
from datalad_jsdl.fetch.http.walls import wall_of, wall_said
from datalad_jsdl.fetch.settings import in_words, named
from datalad_jsdl.model.content import PAGE, Fault
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.fetch.http.web import Response
    from datalad_jsdl.fetch.settings import Settings

__all__ = [
    "COMPRESSED",
    "content_range",
    "file_name",
    "gave_up",
    "no_answer",
    "page_said",
    "perhaps_of",
    "phrase",
    "refusal",
    "strong_etag",
    "total_size",
    "wrong_size",
]

#: The fault of a file whose bytes may be those of a compressed form of it.
COMPRESSED = (
    "its server sends it compressed ({}), whatever was asked for, and neither size nor digest is "
    "known to tell whether that is the file; use another mirror, or add the size or digest of what "
    "curl saves to the manifest"
)

_TLS_HINTS = {
    "WRONG_VERSION_NUMBER": "this port does not speak https",
    "CERTIFICATE_VERIFY_FAILED": "if the server is right, name its authority: "
    "git config --global http.{origin}/.sslCAInfo FILE (http.sslVerify=false is not followed)",
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
        awaited: what has to come, for the message.
    """

    connect: float
    read: float
    awaited: str = "answer"

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


def wrong_size(known: int, offer: str, says: str = "the manifest") -> str:
    """What is wrong where a server has another number of bytes than *says* that there are."""
    return f"{says} says {known} bytes, but the server has {offer}"


def refusal(url: str, response: Response) -> Fault:
    """The fault that an answer is which is no file: what it means, and what the server says.

    What an object store's code means goes before what the status alone would mean.
    """
    status, said, code = response.status, response.said, response.known
    meaning = meaning_of(status)
    sort = code.sort if code else None
    passes = (
        sort in (Sort.PASSING, Sort.BUSY) if code and sort is not Sort.LOGIN else meaning.passes
    )
    wait = wait_of(status, response.headers)
    walled = bool(said.wall) and status != 429
    if wait is not None and status not in _FINAL and not walled and sort in (None, Sort.LOGIN):
        passes = True  # it would not ask for a wait for nothing
    busy = sort is Sort.BUSY or (passes and (meaning.busy or (status == 403 and wait is not None)))
    whole = busy or (passes and (meaning.mirror or sort is Sort.PASSING))
    lasting = walled or not passes
    what = _told(429 if status == 403 and busy else status, response)
    return Fault(url, what, lasting, wait, mirror=whole and not walled, busy=busy, answered=True)


# what is not there, or not for us, is so in a minute, too, whatever a proxy adds
_FINAL = (401, 402, 407, 410, 451, 511)


def _told(like: int, response: Response) -> str:
    """In words; *like* is the status whose meaning it has."""
    status, said, code = response.status, response.said, response.known
    meaning = (code.text if code else "") or ("" if said.wall else meaning_of(like).text)
    if status == 401 and response.advice:
        meaning = ""  # it says so itself
    if like == 403 and code is None and (said.message or said.code):
        meaning = "access is forbidden"  # whether that is for terms, it knows better
    if said.wall:
        meaning = wall_said(said.wall)
    # an answer without a body has the region only
    elsewhere = code.sort is Sort.LASTING if code else not (said.code or said.message)
    elsewhere = elsewhere and status in (301, 307, 400)
    if said.region and elsewhere:
        meaning = meaning if code else f"{meaning}; the region of the bucket"
        meaning = f"{meaning}: {said.region}; the URL has to name the endpoint of that one"
    text = "; ".join(filter(None, [meaning, response.advice]))
    text = f"HTTP status {status}" + (f" ({text})" if text else "") + perhaps_of(response)
    return f"{text}; the server says: {said}" if said.message or said.code else text


def page_said(response: Response, start: bytes) -> tuple[bool, str]:
    """Whether a web page in the place of a file guards against bots, and what to tell of it."""
    wall = wall_of(200, response.headers, start)
    return bool(wall), (wall_said(wall) if wall else PAGE) + perhaps_of(response)


def perhaps_of(response: Response) -> str:
    """That an answer may not be the origin's, if it came by plain HTTP through a proxy."""
    return f", unless it is of {response.proxy}" if response.altered else ""


def file_name(disposition: str) -> str:
    """The file's name in a Content-Disposition (RFC 6266), or ""."""
    from email.message import Message  # seldom

    head = Message()
    head["Content-Disposition"] = disposition
    return head.get_filename("") if disposition else ""


def gave_up(attempts: int, wait: float | None, settings: Settings) -> str:
    """Why a URL is not asked again: after so many attempts, or a longer wait than is allowed.

    Args:
        attempts: that have failed in a row.
        wait: seconds that it asks to be left alone, or None.
        settings: that have the limits.
    """
    often = "once" if attempts == 1 else f"{attempts} times"
    said = f"asked {often} ({named('retries')})"
    if wait is None or wait <= settings.max_wait:
        return said
    most = in_words(settings.max_wait)
    return (
        f"it asks to be left alone for {in_words(round(wait))}, of which {most} were waited "
        f"({named('max-wait')}); {said}"
    )


def no_answer(url: str, error: Exception, limits: Limits) -> Fault:
    """The fault that an exception of the network is, where an answer was waited for."""
    what = phrase(error, limits)
    while isinstance(error, (ViaProxyError, urllib3.exceptions.ProxyError)):
        cause = error.__cause__
        if not isinstance(cause, Exception):
            break
        error = cause
    lasting = isinstance(error, (AddressRefusedError, FetchError, urllib3.exceptions.SSLError))
    refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    unasked = isinstance(error, AddressRefusedError)
    return Fault(
        url,
        what,
        lasting,
        mirror=not lasting,
        refused=refused,
        unasked=unasked,
        silent=limits.read if isinstance(error, urllib3.exceptions.ReadTimeoutError) else 0.0,
    )


def phrase(error: BaseException, limits: Limits) -> str:
    """An error of the network in a few words without a secret in them."""
    if isinstance(error, FetchError):
        return redact_text(str(error))
    if isinstance(error, ViaProxyError):
        return f"{phrase(error.__cause__ or error, limits)}, through {error.proxy}"
    if isinstance(error, urllib3.exceptions.ProxyError) and error.__cause__:
        return phrase(error.__cause__, limits)
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # a ConnectTimeoutError, too
        return f"no connection: {error.__cause__ or 'refused'}"
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return f"no connection within {in_words(limits.connect)} ({named('connect-timeout')})"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return f"no {limits.awaited} within {in_words(limits.read)} ({named('read-timeout')})"
    if isinstance(error, urllib3.exceptions.SSLError):
        text = redact_text(str(error))
        origin = error.origin if isinstance(error, TrustError) else "ORIGIN"
        hints = [hint.format(origin=origin) for word, hint in _TLS_HINTS.items() if word in text]
        return "; ".join([f"TLS: {text}", *hints])
    error = _innermost(error)
    if isinstance(error, IncompleteRead):
        return "the connection was closed"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return redact_text(str(error)) or type(error).__name__


def _innermost(error: BaseException) -> BaseException:
    """What urllib3 has wrapped."""
    wrapped = (*error.args, None, None)[1]
    cause = wrapped if isinstance(wrapped, BaseException) else error.__cause__
    return error if cause is None else _innermost(cause)
