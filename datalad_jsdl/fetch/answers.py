"""What an HTTP answer means for a transfer: its range, its size, its fault.

RFC 9110, sections 13.1.5 (If-Range), 14 (ranges), 10.2.3 (Retry-After) and 15 (status).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import urllib3

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.fetch.settings import in_words, named
from datalad_jsdl.fetch.values import Fault
from datalad_jsdl.manifest.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.fetch.settings import Settings
    from datalad_jsdl.fetch.web import Response

__all__ = [
    "content_range",
    "gave_up",
    "no_answer",
    "phrase",
    "refusal",
    "strong_etag",
    "total_size",
    "wrong_size",
]

_MEANINGS = {
    403: "access is forbidden, or terms have to be accepted",
    404: "not found",
    410: "gone for good",
    429: "too many requests",
}

_TLS_HINTS = {
    "WRONG_VERSION_NUMBER": "this port does not speak https",
    "CERTIFICATE_VERIFY_FAILED": "if the server is right, name its authority: "
    "git config http.sslCAInfo FILE",
}

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.IGNORECASE)


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
    """The fault that a status is."""
    status = response.status
    said = "; ".join(filter(None, [_MEANINGS.get(status), response.advice]))
    meaning = f" ({said})" if said else ""
    busy = status in (429, 503)
    passing = status in (408, 425, 429) or (status >= 500 and status not in (501, 505))
    wait = _retry_after(response.headers.get("Retry-After", ""))
    what = f"HTTP status {status}{meaning}"
    return Fault(url, what, not passing, wait, mirror=passing, busy=busy, answered=True)


def _retry_after(value: str) -> float | None:
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


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
    cause = error.__cause__ if isinstance(error, urllib3.exceptions.ProxyError) else None
    error = cause if isinstance(cause, Exception) else error
    lasting = isinstance(error, (AddressRefusedError, FetchError, urllib3.exceptions.SSLError))
    refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    unasked = isinstance(error, AddressRefusedError)
    return Fault(
        url,
        phrase(error, limits),
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
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # a ConnectTimeoutError, too
        return f"no connection: {error.__cause__ or 'refused'}"
    if isinstance(error, urllib3.exceptions.ConnectTimeoutError):
        return f"no connection within {in_words(limits.connect)} ({named('connect-timeout')})"
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return f"no {limits.awaited} within {in_words(limits.read)} ({named('read-timeout')})"
    if isinstance(error, urllib3.exceptions.SSLError):
        text = redact_text(str(error))
        hints = [hint for word, hint in _TLS_HINTS.items() if word in text]
        return "; ".join([f"TLS: {text}", *hints])
    return redact_text(str(error.__cause__ or error)) or type(error).__name__
