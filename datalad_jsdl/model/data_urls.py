"""``data:`` URLs (RFC 2397), which have the content in them; they are never shown."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST", "MOST_IN_ALL", "SHOWN", "content_of_data_url", "data_url", "is_data_url"]

#: Bytes of content that one may have.
MOST = 8 << 20

#: Bytes of content that all of a manifest may have, as they are held in memory.
MOST_IN_ALL = 256 << 20

#: What is shown instead of one.
SHOWN = "data:…"

_AT_ONCE = 1 << 16  # characters
_START = re.compile(r" *data:", re.IGNORECASE)
_BASE64 = re.compile(r"; *base64", re.IGNORECASE)
_OTHER = re.compile(r"[^\x21-\x7e]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WHOLE_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def is_data_url(text: str) -> bool:
    """Whether a URL is one, or tries to be."""
    return _START.match(text) is not None


def data_url(content: bytes) -> str:
    """The URL that has *content*, in base64."""
    return f"data:application/octet-stream;base64,{base64.b64encode(content).decode('ascii')}"


def content_of_data_url(url: str) -> bytes:
    """The content that a URL has; its media type makes no difference.

    Raises:
        ValueError: it is malformed or too long; the text says why, without the content.
    """
    if len(url) > 3 * MOST + 1000:  # each byte may be an escape
        raise ValueError(_TOO_LONG)
    head, comma, body = url.strip(" ").partition(",")
    if not comma:
        raise ValueError(f"{_MALFORMED} no comma before the content")
    if _OTHER.search(body):
        raise ValueError(f"{_MALFORMED} characters that have to be percent-encoded")
    if "#" in body:
        raise ValueError(f"{_MALFORMED} a #, which has to be %23")
    if _BROKEN_ESCAPE.search(body):
        raise ValueError(f"{_MALFORMED} a % without two hexadecimal digits behind it")
    content = b"".join(map(unquote_to_bytes, _portions(body)))
    if _BASE64.fullmatch(head[head.rfind(";") :] if ";" in head else ""):
        content = _from_base64(content)
    if len(content) > MOST:
        raise ValueError(_TOO_LONG)
    return content


def _portions(body: str) -> Iterator[str]:
    """The body in portions: to undo millions of escapes at once takes much memory."""
    at = 0
    while at < len(body):
        end = at + _AT_ONCE
        escape = body.rfind("%", end - 2, end)  # which is not cut through
        end = end if escape < 0 else escape
        yield body[at:end]
        at = end


_MALFORMED = "a data: URL is malformed: it has"
_TOO_LONG = f"a data: URL has more content than the {MOST >> 20} MiB that are allowed"


def _from_base64(raw: bytes) -> bytes:
    text = raw.decode("latin-1")
    if len(text) % 4 or not _WHOLE_BASE64.fullmatch(text):
        raise ValueError(f"{_MALFORMED} content that is not base64, or not all of it")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(f"{_MALFORMED} content that is not base64, or not all of it") from None
