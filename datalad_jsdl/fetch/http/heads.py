"""The head of an answer: status line and fields, as leniently read as curl and wget do.

RFC 9112, sections 2.2 (robustness), 4 (status line), 5 (fields) and 6.3 (length of the body).
What decides where a body ends is read strictly: a guess there would take bytes of the next
answer for this one's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage

__all__ = [
    "HeadError",
    "Lines",
    "body_length",
    "chunk_size",
    "end_chunk",
    "make_message",
    "read_fields",
    "read_status",
]

_MOST = 1 << 20  # bytes of one head; curl takes 300 kB
_MOST_LINE = 64 << 10  # bytes, of what is no field

_STATUS = re.compile(rb"HTTP/(\d+)(?:\.(\d+))?[ \t]+(\d{3})(?:[ \t]+(.*))?", re.IGNORECASE)
_LENGTH = re.compile(r"[0-9]{1,19}")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?\r?\n")

# RFC 9112, section 7, and what goes by the same names in Content-Encoding
_CODINGS = frozenset({"gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"})

# of these, the first counts; all others are lists, or nobody looks at them
_SINGLE = frozenset({"location", "content-type", "etag", "last-modified", "retry-after"})

Lines = Callable[[int], bytes]  # a line, its end included, of at most so many bytes
_Fields = list[tuple[str, str]]


class HeadError(HTTPException):
    """An answer whose head, or whose framing, cannot be read."""


def read_status(lines: Lines) -> tuple[bool, int, str]:
    """Whether the answer is of HTTP/1.1 or later, its status and its reason.

    Raises:
        HeadError: it is no status line.
    """
    line = lines(_MOST_LINE).rstrip(b"\r\n")
    match = _STATUS.fullmatch(line)
    if match is None:
        raise HeadError("the response is not HTTP")
    later = (int(match[1]), int(match[2] or 0)) >= (1, 1)
    return later, int(match[3]), (match[4] or b"").decode("latin-1").strip()


def read_fields(lines: Lines) -> _Fields:
    """Names and values, up to the empty line.

    A line that is no field is passed over; one that begins with white space continues the
    one before it (RFC 9112, section 5.2).

    Raises:
        HeadError: there are too many bytes of them, or they do not end.
    """
    fields: _Fields = []
    left = _MOST
    while True:
        line = lines(left)
        left -= len(line)
        if not line.endswith(b"\n"):
            raise HeadError(
                "the response headers are incomplete"
                if left > 0
                else f"the response headers are larger than {_MOST >> 10} KiB"
            )
        line = line.rstrip(b"\r\n")
        if not line:
            return fields
        if line[:1] in b" \t":
            if fields:
                name, value = fields[-1]
                fields[-1] = (name, f"{value} {_text(line)}")
            continue
        raw_name, colon, raw_value = line.partition(b":")
        if colon and (name := _text(raw_name)):
            fields.append((name, _text(raw_value)))


def _text(raw: bytes) -> str:
    """A name or value; a lone CR in it counts as a space (RFC 9112, section 2.2)."""
    return raw.replace(b"\r", b" ").strip(b" \t").decode("latin-1")


def body_length(fields: _Fields) -> tuple[bool, int | None]:
    """Whether the body comes in chunks, and how many bytes it has, if that is told.

    Raises:
        HeadError: nobody can tell where the body ends (RFC 9112, section 6.3), or it is in a
            transfer coding that was not asked for.
    """
    codings = [word.partition(";")[0].strip() for word in _list(fields, "transfer-encoding")]
    if unasked := _CODINGS.intersection(codings):
        raise HeadError(f"the response has an unsupported transfer coding ({min(unasked)})")
    if "chunked" in codings:
        return True, None
    words = {word for word in _list(fields, "content-length") if word}
    if not all(_LENGTH.fullmatch(word) for word in words):
        return False, None  # it tells nothing: the body ends with the connection
    numbers = set(map(int, words))
    if len(numbers) > 1:
        raise HeadError("the response has two different lengths")
    return False, numbers.pop() if numbers else None


def _list(fields: _Fields, name: str) -> list[str]:
    """The members of a list that may stand in several fields, in lower case."""
    values = (value for field, value in fields if field.lower() == name)
    return [word.strip().lower() for value in values for word in value.split(",")]


def make_message(fields: _Fields, chunked: bool, length: int | None) -> HTTPMessage:
    """The fields as http.client keeps them; of the framing, what was made of it."""
    message = HTTPMessage()
    for name, value in fields:
        low = name.lower()
        if low in ("transfer-encoding", "content-length") or (low in _SINGLE and low in message):
            continue
        if low == "content-range" and message.get(low) == value:
            continue
        message[name] = value
    if chunked:
        message["Transfer-Encoding"] = "chunked"
    elif length is not None:
        message["Content-Length"] = str(length)
    return message


def chunk_size(lines: Lines) -> int:
    """Bytes of the next chunk (RFC 9112, section 7.1); its extensions are passed over.

    Raises:
        HeadError: it is no size, or breaks off.
    """
    match = _CHUNK.fullmatch(lines(_MOST_LINE))
    if match is None:
        raise HeadError("a chunk of the response begins wrongly")
    return int(match[1], 16)


def end_chunk(lines: Lines) -> None:
    """The end of the line after a chunk's bytes.

    Raises:
        HeadError: there is something else.
    """
    if lines(_MOST_LINE).strip(b"\r\n"):
        raise HeadError("a chunk of the response ends wrongly")
