"""Rows of `tests.wire_table`: interim answers, status lines, header lines, lengths and chunks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.wire_row import NEVER, Talk, WireRow

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["HEADS"]

_INTERIM = "RFC 9110, 15.2"
_STATUS = "RFC 9112, 4"
_FIELDS = "RFC 9112, 5"
_LENGTH = "RFC 9112, 6.3"
_CHUNKS = "RFC 9112, 7.1"

_Write = Callable[[Talk, bytes], None]


def _before(*interim: bytes, pause: float = 0.01) -> _Write:
    """Interim answers, then the file: late enough to be taken for the next answer."""

    def write(talk: Talk, content: bytes) -> None:
        for head in interim:
            talk.send(head)
            talk.pause(pause)
        talk.file(content)

    return write


def _raw(head: bytes, *, close: bool = False, body: bool = True) -> _Write:
    """A head as it stands; %d in it is the length of the content."""

    def write(talk: Talk, content: bytes) -> None:
        data = head.replace(b"%d", b"%d" % len(content))
        talk.send(data + content if body and talk.asked.method != "HEAD" else data)
        if close:
            talk.close()

    return write


def _lines(*lines: str) -> _Write:
    """The file, with further header lines."""
    return lambda talk, content: talk.file(content, *lines)


def _chunked(
    pieces: Callable[[bytes], Iterable[bytes]],
    end: bytes = b"0\r\n\r\n",
    *lines: str,
    close: bool = False,
    coding: str = "chunked",
) -> _Write:
    """A chunked answer whose chunks, framing included, are made by *pieces*."""

    def write(talk: Talk, content: bytes) -> None:
        head = ["HTTP/1.1 200 OK", f"Transfer-Encoding: {coding}", *lines, "", ""]
        talk.send("\r\n".join(head).encode("latin-1"))
        if talk.asked.method == "HEAD":
            return
        for piece in pieces(content):
            talk.send(piece)
        talk.send(end)
        if close:
            talk.close()

    return write


def _cut(content: bytes, size: int = 30_000) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]


def _chunks(
    form: str = "%x", line: bytes = b"\r\n", size: int = 30_000
) -> Callable[..., list[bytes]]:
    """Chunks whose size is written in a form."""
    return lambda content: [
        (form % len(part)).encode() + line + part + line for part in _cut(content, size)
    ]


def _longer(extra: bytes) -> _Write:
    """More bytes than the head says, in one go."""

    def write(talk: Talk, content: bytes) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content))
        if talk.asked.method != "HEAD":
            talk.send(content + extra)

    return write


def _twice(talk: Talk, content: bytes) -> None:
    """Two answers to one request."""
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)
    talk.send(whole + whole)


def _body_for_head(talk: Talk, content: bytes) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content)


_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
_PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n\0\0\x12\4\0\0\0\0\0"
_OK = b"HTTP/1.1 200 OK\r\n"
_LEN = b"Content-Length: %d\r\n\r\n"

HEADS: dict[str, WireRow] = {
    "100": WireRow("100 Continue, unasked", _INTERIM, _before(_CONTINUE)),
    "102": WireRow("102 Processing", _INTERIM, _before(_PROCESSING)),
    "103": WireRow("103 Early Hints", _INTERIM, _before(_HINTS)),
    "103-slow": WireRow("103, and the answer later", _INTERIM, _before(_HINTS, pause=0.1)),
    "interim-many": WireRow(
        "100, 102 three times, 103 twice",
        _INTERIM,
        _before(_CONTINUE, *[_PROCESSING] * 3, *[_HINTS] * 2),
    ),
    "interim-unknown": WireRow(
        "199, which nobody knows", _INTERIM, _before(b"HTTP/1.1 199 Whatever\r\nX: y\r\n\r\n")
    ),
    "interim-length": WireRow(
        "103 with a Content-Length",
        _INTERIM,
        _before(b"HTTP/1.1 103 Hints\r\nContent-Length: 5\r\n\r\n"),
    ),
    "interim-bare": WireRow(
        "102 without a reason, bare LF", _INTERIM, _before(b"HTTP/1.1 102\n\n")
    ),
    "interim-1.0": WireRow("103 of HTTP/1.0", _INTERIM, _before(b"HTTP/1.0 103 Hints\r\n\r\n")),
    "101": WireRow(
        "101 Switching Protocols, unasked",
        "RFC 9110, 15.2.2",
        _before(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    ),
    "101-switched": WireRow(
        "101, and then another protocol",
        "RFC 9110, 15.2.2",
        _raw(_SWITCHED, close=True, body=False),
        right=NEVER,
    ),
    "status-no-reason": WireRow("no reason", _STATUS, _raw(b"HTTP/1.1 200\r\n" + _LEN)),
    "status-space": WireRow(
        "a space after the status code, but no reason", _STATUS, _raw(b"HTTP/1.1 200 \r\n" + _LEN)
    ),
    "status-latin": WireRow(
        "a reason in Latin-1", _STATUS, _raw(b"HTTP/1.1 200 \xe7a va\r\n" + _LEN)
    ),
    "status-bare": WireRow(
        "bare LF", "RFC 9112, 2.2", _raw(b"HTTP/1.1 200 OK\nContent-Length: %d\n\n")
    ),
    "status-1.0": WireRow(
        "HTTP/1.0 with a length", _STATUS, _raw(b"HTTP/1.0 200 OK\r\n" + _LEN, close=True)
    ),
    "status-1.0-kept": WireRow(
        "HTTP/1.0, kept alive",
        "RFC 9112, C.2.2",
        _raw(b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" + _LEN),
    ),
    "status-blank": WireRow("an empty line before it", "RFC 9112, 2.2", _raw(b"\r\n" + _OK + _LEN)),
    "field-folded": WireRow(
        "a field on two lines", "RFC 9112, 5.2", _lines("X-Note: one", "\ttwo", "X-Other: three")
    ),
    "field-no-colon": WireRow("a line without a colon", _FIELDS, _lines("this is no field")),
    "field-blank-name": WireRow("a field without a name", _FIELDS, _lines(": nothing")),
    "field-space-colon": WireRow(
        "white space before the colon", "RFC 9112, 5.1", _raw(_OK + b"Content-Length : %d\r\n\r\n")
    ),
    "field-no-space": WireRow(
        "no space after the colon", _FIELDS, _raw(_OK + b"content-length:%d\r\n\r\n")
    ),
    "field-tabs": WireRow(
        "tabs around the value", _FIELDS, _raw(_OK + b"Content-Length:\t%d\t\r\n\r\n")
    ),
    "field-latin": WireRow("a value in Latin-1", "RFC 9110, 5.5", _lines("X-Name: M\u00fcller")),
    "field-utf-8": WireRow(
        "a value in UTF-8", "RFC 9110, 5.5", _lines("X-Name: M\u00c3\u00bcller")
    ),
    "field-empty": WireRow("a field without a value", _FIELDS, _lines("X-Nothing:")),
    "fields-150": WireRow(
        "150 fields", "RFC 9110, 5.4", _lines(*(f"X-{n}: {n}" for n in range(150)))
    ),
    "fields-2000": WireRow(
        "2,000 fields", "RFC 9110, 5.4", _lines(*(f"X-{n}: {n}" for n in range(2000)))
    ),
    "field-long": WireRow(
        "a field of 70,000 bytes", "RFC 9110, 5.4", _lines("X-Long: " + "x" * 70_000)
    ),
    "fields-endless": WireRow(
        "fields of 4 MB",
        "RFC 9110, 5.4",
        _lines(*("X-Long: " + "x" * 10_000 for _ in range(400))),
        right=NEVER,
    ),
    "length-zeros": WireRow(
        "a length with leading zeros", _LENGTH, _raw(_OK + b"Content-Length: 00%d\r\n\r\n")
    ),
    "length-twice": WireRow(
        "the same length twice",
        _LENGTH,
        _raw(_OK + b"Content-Length: %d\r\nContent-Length: %d\r\n\r\n"),
    ),
    "length-list": WireRow(
        "the same length in a list", "RFC 9110, 8.6", _raw(_OK + b"Content-Length: %d, %d\r\n\r\n")
    ),
    "length-two": WireRow(
        "two lengths",
        _LENGTH,
        _raw(_OK + b"Content-Length: 5\r\nContent-Length: %d\r\n\r\n"),
        right=NEVER,
    ),
    "length-words": WireRow(
        "a length that is no number",
        _LENGTH,
        _raw(_OK + b"Content-Length: all\r\n\r\n", close=True),
    ),
    "length-negative": WireRow(
        "a negative length", _LENGTH, _raw(_OK + b"Content-Length: -1\r\n\r\n", close=True)
    ),
    "length-none": WireRow("no length, until it closes", _LENGTH, _raw(_OK + b"\r\n", close=True)),
    "length-chunked": WireRow(
        "a Content-Length besides chunks",
        _LENGTH,
        _chunked(_chunks(), b"0\r\n\r\n", "Content-Length: 7"),
    ),
    "longer-than-length": WireRow("bytes after the end", _LENGTH, _longer(b"and some more\r\n")),
    "answer-after-end": WireRow(
        "another answer after the end",
        _LENGTH,
        _longer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"),
    ),
    "answered-twice": WireRow("the same answer twice", _LENGTH, _twice),
    "body-for-head": WireRow("a body in answer to HEAD", "RFC 9110, 9.3.2", _body_for_head),
    "chunks": WireRow("chunks", _CHUNKS, _chunked(_chunks())),
    "chunks-upper": WireRow("sizes in capitals", _CHUNKS, _chunked(_chunks("%X", size=0xABC))),
    "chunks-zeros": WireRow("sizes with leading zeros", _CHUNKS, _chunked(_chunks("%010x"))),
    "chunks-padded": WireRow("sizes with spaces behind", _CHUNKS, _chunked(_chunks("%x  "))),
    "chunks-extended": WireRow(
        "chunk extensions",
        "RFC 9112, 7.1.1",
        _chunked(_chunks('%x;name="a;b";other'), b"0;last\r\n\r\n"),
    ),
    "chunks-trailer": WireRow(
        "trailer fields",
        "RFC 9112, 7.1.2",
        _chunked(_chunks(), b"0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n"),
    ),
    "chunks-bare": WireRow("bare LF", _CHUNKS, _chunked(_chunks(line=b"\n"), b"0\n\n")),
    "chunks-tiny": WireRow("chunks of 100 bytes", _CHUNKS, _chunked(_chunks(size=100))),
    "chunks-name": WireRow(
        "Transfer-Encoding: Chunked", "RFC 9112, 7", _chunked(_chunks(), coding="Chunked")
    ),
    "chunks-identity": WireRow(
        "identity, chunked", "RFC 2616, 3.6", _chunked(_chunks(), coding="identity, chunked")
    ),
    "chunks-open-end": WireRow(
        "closed after the last chunk's size", _CHUNKS, _chunked(_chunks(), b"0\r\n", close=True)
    ),
    "chunks-gzip": WireRow(
        "a transfer coding that was not asked for",
        "RFC 9112, 7",
        _chunked(_chunks(), coding="gzip, chunked"),
        right=NEVER,
    ),
    "chunks-negative": WireRow(
        "a negative size", _CHUNKS, _chunked(_chunks("-%x"), close=True), right=NEVER
    ),
    "chunks-prefix": WireRow(
        "sizes with 0x", _CHUNKS, _chunked(_chunks("0x%x"), close=True), right=NEVER
    ),
    "chunks-huge": WireRow(
        "a size of 20 digits", _CHUNKS, _chunked(_chunks("f%019x"), close=True), right=NEVER
    ),
    "chunks-unended": WireRow(
        "no line end after a chunk",
        _CHUNKS,
        _chunked(lambda content: [b"%x\r\n%b" % (len(p), p) for p in _cut(content)], close=True),
        right=NEVER,
    ),
    "chunks-cut-size": WireRow(
        "cut in a chunk's size",
        _CHUNKS,
        _chunked(lambda content: [*_chunks()(content[:60_000])], b"0", close=True),
        right=NEVER,
    ),
    "identity": WireRow(
        "Transfer-Encoding: identity", "RFC 2616, 3.6", _lines("Transfer-Encoding: identity")
    ),
    "close": WireRow(
        "Connection: close, and it closes",
        "RFC 9112, 9.6",
        _raw(_OK + b"Connection: close\r\n" + _LEN, close=True),
    ),
}
