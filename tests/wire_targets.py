"""Rows of `tests.wire_table`: what stands in the request line, and where redirects lead."""

from __future__ import annotations

from collections.abc import Callable

from tests.wire_row import NEVER, TARGET, Talk, WireRow

__all__ = ["TARGETS"]

_REFERENCE = "RFC 3986, 5.4"
_LOCATION = "RFC 9110, 10.2.2"
_REDIRECT = "RFC 9110, 15.4"
_ESCAPES = "RFC 3986, 2.1"

_Write = Callable[[Talk, bytes], None]


def _only(target: str) -> _Write:
    """The file for this very target; 404 for every other one."""

    def write(talk: Talk, content: bytes) -> None:
        if talk.asked.target == target:
            talk.file(content)
        else:
            talk.answer(404, b"no such file")

    return write


def _leads(location: bytes, to: str, status: int = 302, *lines: str, body: bytes = b"") -> _Write:
    """From the first target to another; HOST stands for the server's own address."""

    def write(talk: Talk, content: bytes) -> None:
        if talk.asked.target != TARGET and talk.asked.target != "/dir/f.bin":
            _only(to)(talk, content)
            return
        host = talk.asked.headers["host"].encode()
        head = [
            b"HTTP/1.1 %d Found" % status,
            b"Location: " + location.replace(b"HOST", host),
            b"Content-Length: %d" % len(body),
            *(line.encode() for line in lines),
        ]
        talk.send(b"\r\n".join([*head, b"", b""]))
        if talk.asked.method != "HEAD":
            talk.send(body)

    return write


def _hops(count: int) -> _Write:
    """So many redirects, each to another target."""

    def write(talk: Talk, content: bytes) -> None:
        step = 0 if talk.asked.target == TARGET else int(talk.asked.target[2:])
        if step == count:
            talk.file(content)
        else:
            talk.answer(302, b"", f"Location: /r{step + 1}")

    return write


def _chunked_redirect(talk: Talk, content: bytes) -> None:
    if talk.asked.target == "/x.bin":
        talk.file(content)
        return
    head = b"HTTP/1.1 302 Found\r\nLocation: /x.bin\r\nTransfer-Encoding: chunked\r\n\r\n"
    talk.send(head + b"5\r\nmoved\r\n0\r\n\r\n")


def _given(title: str, target: str) -> WireRow:
    return WireRow(title, _ESCAPES, _only(target), target)


TARGETS: dict[str, WireRow] = {
    "path-lower": _given("%2c in lower case", "/low%2ccase.bin"),
    "path-mixed": _given("%2C and %2c", "/%2C%2c.bin"),
    "path-bare": _given("a bare %", "/100%/a%20b.bin"),
    "path-bare-end": _given("a bare % at the end", "/100%"),
    "path-odd": _given("%zz", "/%zz%41.bin"),
    "path-unreserved": _given("an escaped letter and ~", "/%41%7e~.bin"),
    "path-slash": _given("an escaped /", "/a%2fb%2Fc.bin"),
    "path-double": _given("//", "//a//b.bin"),
    "path-reserved": _given("reserved characters", "/!$&'()*+,;=:@.bin"),
    "path-unsafe": _given("characters that ought to be escaped", '/a"b<c>d^e`f{g|h}.bin'),
    "path-brackets": _given("brackets", "/a[1].bin"),
    "path-params": _given("a parameter", "/a;v=1/b;w=%3b.bin"),
    "path-null": _given("%00 and %0A", "/a%00b%0A.bin"),
    "query-escapes": _given("escapes in the query", "/get?file=a%2fb%3a&x=%"),
    "query-odd": _given("? and / in the query", "/get?a=b?c/d"),
    "query-empty": _given("an empty query", "/get?"),
    "query-plus": _given("+ and %20 in the query", "/get?q=a+b%20c%2Bd"),
    "query-alone": _given("a query on the root", "/?f=1"),
    "location": WireRow("an absolute URL", _LOCATION, _leads(b"http://HOST/x.bin", "/x.bin")),
    "location-path": WireRow("an absolute path", _REFERENCE, _leads(b"/x.bin", "/x.bin")),
    "location-relative": WireRow(
        "a relative path", _REFERENCE, _leads(b"x.bin", "/dir/x.bin"), "/dir/f.bin"
    ),
    "location-dot": WireRow("./x", _REFERENCE, _leads(b"./x.bin", "/dir/x.bin"), "/dir/f.bin"),
    "location-up": WireRow("../x", _REFERENCE, _leads(b"../x.bin", "/x.bin"), "/dir/f.bin"),
    "location-above": WireRow(
        "../../../x", _REFERENCE, _leads(b"../../../x.bin", "/x.bin"), "/dir/f.bin"
    ),
    "location-dots": WireRow(
        "dots inside a path", "RFC 3986, 5.2.4", _leads(b"/a/./b/../x.bin", "/a/x.bin")
    ),
    "location-query": WireRow("?query", _REFERENCE, _leads(b"?v=2", "/f.bin?v=2")),
    "location-host": WireRow("//host/path", _REFERENCE, _leads(b"//HOST/x.bin", "/x.bin")),
    "location-fragment": WireRow("a fragment", _LOCATION, _leads(b"/x.bin#part", "/x.bin")),
    "location-lower": WireRow("%3a in lower case", _LOCATION, _leads(b"/s%3a1.bin", "/s%3a1.bin")),
    "location-bare": WireRow("a bare %", _LOCATION, _leads(b"/100%/a%20b.bin", "/100%/a%20b.bin")),
    "location-signed": WireRow(
        "a signed query",
        _LOCATION,
        _leads(b"/x?X-Sig=a%2fb%2B%3d&Expires=1", "/x?X-Sig=a%2fb%2B%3d&Expires=1"),
    ),
    "location-empty-query": WireRow("an empty query", _LOCATION, _leads(b"/x.bin?", "/x.bin?")),
    "location-space": WireRow("a space", _LOCATION, _leads(b"/a b.bin", "/a%20b.bin")),
    "location-utf-8": WireRow(
        "UTF-8", _LOCATION, _leads("/scan-é.bin".encode(), "/scan-%C3%A9.bin")
    ),
    "location-latin": WireRow("Latin-1", _LOCATION, _leads(b"/scan-\xe9.bin", "/scan-%E9.bin")),
    "location-blanks": WireRow(
        "white space around it", _LOCATION, _leads(b"  /x.bin \t", "/x.bin")
    ),
    "location-capitals": WireRow(
        "HTTP://", "RFC 3986, 3.1", _leads(b"HTTP://HOST/x.bin", "/x.bin")
    ),
    "location-twice": WireRow(
        "the same Location twice", _LOCATION, _leads(b"/x.bin", "/x.bin", 302, "Location: /x.bin")
    ),
    "location-two": WireRow(
        "two Locations: the first one counts",
        _LOCATION,
        _leads(b"/x.bin", "/x.bin", 302, "Location: /y.bin"),
    ),
    "location-body": WireRow(
        "a page comes with it", _REDIRECT, _leads(b"/x.bin", "/x.bin", body=b"<p>moved</p>")
    ),
    "location-chunked": WireRow("a page in chunks comes with it", _REDIRECT, _chunked_redirect),
    "location-empty": WireRow("an empty Location", _LOCATION, _leads(b"", "/x"), right=NEVER),
    "300": WireRow("300 Multiple Choices", "RFC 9110, 15.4.1", _leads(b"/x.bin", "/x.bin", 300)),
    "301": WireRow("301 Moved Permanently", _REDIRECT, _leads(b"/x.bin", "/x.bin", 301)),
    "303": WireRow("303 See Other", _REDIRECT, _leads(b"/x.bin", "/x.bin", 303)),
    "307": WireRow("307 Temporary Redirect", _REDIRECT, _leads(b"/x.bin", "/x.bin", 307)),
    "308": WireRow("308 Permanent Redirect", _REDIRECT, _leads(b"/x.bin", "/x.bin", 308)),
    "hops-15": WireRow("15 redirects", _REDIRECT, _hops(15)),
    "hops-60": WireRow("60 redirects", _REDIRECT, _hops(60), right=NEVER),
}
