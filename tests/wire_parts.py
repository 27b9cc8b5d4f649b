"""Rows of `tests.wire_table`: parts of a file (RFC 9110, section 14), asked for or not."""

from __future__ import annotations

from collections.abc import Callable

from tests.wire_row import NEVER, Talk, WireRow

__all__ = ["PARTS"]

_PART = "RFC 9110, 15.3.7"
_RANGE = "RFC 9110, 14.4"
_BROKEN = 40_000  # bytes until the first answer of some rows breaks off

_Write = Callable[[Talk, bytes], None]


def _wanted(talk: Talk, content: bytes) -> tuple[int, int] | None:
    """First byte and end of what is asked for; None for all."""
    text = talk.asked.headers.get("range", "")
    if not text:
        return None
    first, _, last = text.partition("=")[2].partition("-")
    return int(first), min(int(last) + 1 if last else len(content), len(content))


def _whole(line: str, status: int = 206) -> _Write:
    """The whole file in answer to every request, under a Content-Range of this form."""

    def write(talk: Talk, content: bytes) -> None:
        shown = line.format(last=len(content) - 1, size=len(content))
        talk.answer(status, content, f"Content-Range: {shown}")

    return write


def _first_breaks(then: _Write) -> _Write:
    """A request for the whole breaks off; a request for a range is answered by *then*."""

    def write(talk: Talk, content: bytes) -> None:
        if _wanted(talk, content) is not None:
            then(talk, content)
            return
        head = b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n' % len(content)
        talk.send(head + (b"" if talk.asked.method == "HEAD" else content[:_BROKEN]))
        talk.close()

    return write


def _part(line: str, status: int = 206, *, back: int = 0, most: int = 0) -> _Write:
    """A part that begins *back* bytes before what was asked for, of at most *most* bytes."""

    def write(talk: Talk, content: bytes) -> None:
        start, end = _wanted(talk, content) or (0, len(content))
        start = max(0, start - back)
        end = min(end, start + most) if most else end
        shown = line.format(first=start, last=end - 1, end=end, size=len(content))
        lines = [f"Content-Range: {shown}"] if shown else []
        talk.answer(status, content[start:end], 'ETag: "1"', *lines)

    return write


def _multipart(talk: Talk, content: bytes) -> None:
    """One part, as one of several."""
    start, end = _wanted(talk, content) or (0, len(content))
    body = (
        b"\r\n--sep\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Range: bytes %d-%d/%d\r\n\r\n%b\r\n--sep--\r\n"
    ) % (start, end - 1, len(content), content[start:end])
    talk.answer(206, body, "Content-Type: multipart/byteranges; boundary=sep", 'ETag: "1"')


def _half(talk: Talk, content: bytes) -> None:
    """Half of the file to those who ask for all of it."""
    if _wanted(talk, content) is None:
        half = len(content) // 2
        line = f"Content-Range: bytes 0-{half - 1}/{len(content)}"
        talk.answer(206, content[:half], line, 'ETag: "1"')
    else:
        talk.file(content, 'ETag: "1"')


def _half_as_200(talk: Talk, content: bytes) -> None:
    """Half of the file to those who ask for all of it, under a status for the whole."""
    if _wanted(talk, content) is None:
        half = len(content) // 2
        talk.answer(200, content[:half], f"Content-Range: bytes 0-{half - 1}/{len(content)}")
    else:
        talk.file(content)


def _unsatisfiable(talk: Talk, content: bytes) -> None:
    """416 to whoever wants a part."""
    if _wanted(talk, content) is None:
        talk.answer(200, content)
    else:
        talk.answer(416, b"", f"Content-Range: bytes */{len(content)}")


_RIGHT = "bytes {first}-{last}/{size}"

PARTS: dict[str, WireRow] = {
    "206-whole": WireRow("206 for the whole, unasked", _PART, _whole("bytes 0-{last}/{size}")),
    "206-whole-star": WireRow(
        "206 for the whole, of unknown size", _RANGE, _whole("bytes 0-{last}/*")
    ),
    "200-range": WireRow(
        "200 with a Content-Range of the whole", _RANGE, _whole("bytes 0-{last}/{size}", 200)
    ),
    "206-half": WireRow("206 for half of it, unasked", _PART, _half),
    "200-half": WireRow("200 with a Content-Range of half of it", _RANGE, _half_as_200),
    "206-untold": WireRow(
        "206 for the whole, without a Content-Range",
        _PART,
        lambda talk, content: talk.answer(206, content),
    ),
    "206-size": WireRow(
        "206 for the whole, with only the size in Content-Range", _RANGE, _whole("bytes */{size}")
    ),
    "203": WireRow(
        "203 Non-Authoritative Information",
        "RFC 9110, 15.3.4",
        lambda talk, content: talk.answer(203, content),
    ),
    "226": WireRow(
        "226 IM Used, unasked", "RFC 3229, 10.4.1", lambda talk, content: talk.answer(226, content)
    ),
    "299": WireRow(
        "299, which nobody knows", "RFC 9110, 15", lambda talk, content: talk.answer(299, content)
    ),
    "206-equals": WireRow(
        "“bytes=” in Content-Range, unasked", _RANGE, _whole("bytes=0-{last}/{size}")
    ),
    "206-capitals": WireRow("“Bytes” in Content-Range", _RANGE, _whole("Bytes 0-{last}/{size}")),
    "206-spaces": WireRow("spaces in Content-Range", _RANGE, _whole("bytes  0 - {last} / {size}")),
    "206-no-unit": WireRow("no unit in Content-Range", _RANGE, _whole("0-{last}/{size}")),
    "resumed": WireRow("breaks off; then a part", _PART, _first_breaks(_part(_RIGHT))),
    "resumed-equals": WireRow(
        "breaks off; then “bytes=”", _RANGE, _first_breaks(_part("bytes={first}-{last}/{size}"))
    ),
    "resumed-star": WireRow(
        "breaks off; then a part of unknown size",
        _RANGE,
        _first_breaks(_part("bytes {first}-{last}/*")),
    ),
    "resumed-earlier": WireRow(
        "breaks off; then a part that begins earlier",
        _PART,
        _first_breaks(_part(_RIGHT, back=1234)),
    ),
    "resumed-shorter": WireRow(
        "breaks off; then parts of 7,000 bytes", _PART, _first_breaks(_part(_RIGHT, most=7000))
    ),
    "resumed-200": WireRow(
        "breaks off; then a part with status 200", _RANGE, _first_breaks(_part(_RIGHT, 200))
    ),
    "resumed-multipart": WireRow(
        "breaks off; then one part as multipart/byteranges",
        "RFC 9110, 15.3.7.2",
        _first_breaks(_multipart),
    ),
    "multipart": WireRow("multipart/byteranges of one part, unasked", _PART, _multipart),
    "416-part": WireRow("416 for every part", "RFC 9110, 15.5.17", _unsatisfiable),
    "resumed-unranged": WireRow(
        "breaks off; then 206 without a Content-Range, whatever is asked",
        _PART,
        _first_breaks(_part("")),
        right=NEVER,
    ),
    "resumed-off": WireRow(
        "breaks off; then a Content-Range that ends after the file",
        _RANGE,
        _first_breaks(_part("bytes {first}-{end}/{size}")),
    ),
}
