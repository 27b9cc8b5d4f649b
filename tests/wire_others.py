"""Rows of `tests.wire_table`: content codings, waits, cookies along redirects, proxies."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Callable
from email.utils import formatdate

from tests.wire_row import NEVER, Talk, WireRow

__all__ = ["CODINGS", "COOKIES", "PROXIES", "WAITS"]

_CODING = "RFC 9110, 8.4"
_WAIT = "RFC 9110, 10.2.3"
_COOKIE = "RFC 6265, 5"
_NOBODY = "http://127.0.0.1:9"  # where nobody listens

_NO_CODINGS = ("aws-chunked", "UTF-8", "none", "binary", "8bit", "identity", "", "utf-8, none")

_Write = Callable[[Talk, bytes], None]


def _coded(coding: str, *more: str) -> _Write:
    """The file as it is, under a Content-Encoding."""
    return lambda talk, content: talk.file(content, f"Content-Encoding: {coding}", *more)


def _packed(coding: str, pack: Callable[[bytes], bytes]) -> _Write:
    """The file compressed, whatever was asked for."""

    def write(talk: Talk, content: bytes) -> None:
        talk.answer(200, pack(content), f"Content-Encoding: {coding}")

    return write


def _first(status: int, *lines: Callable[[], str], count: int = 1) -> _Write:
    """So many answers with a status, then the file."""
    lock, seen = threading.Lock(), {}

    def write(talk: Talk, content: bytes) -> None:
        with lock:  # one row serves several tests, each with a server of its own
            number = seen[talk.server] = seen.get(talk.server, 0) + 1
        if number > count:
            talk.file(content)
        else:
            talk.answer(status, b"later", *(line() for line in lines))

    return write


def _seconds(value: str) -> Callable[[], str]:
    return lambda: f"Retry-After: {value}"


def _date(form: str) -> Callable[[], str]:
    """A date one second from now, in one of the forms of RFC 9110, 5.6.7."""
    return lambda: (
        "Retry-After: "
        + (
            formatdate(time.time() + 1, usegmt=True)
            if form == "imf"
            else time.strftime(form, time.gmtime(time.time() + 1))
        )
    )


def _wall(*set_cookie: str, wants: str, at: str = "/f.bin") -> _Write:
    """A redirect that sets cookies, and the file for who sends what is *wanted* of them."""

    def write(talk: Talk, content: bytes) -> None:
        sent = talk.asked.headers.get("cookie", "")
        if talk.asked.target == at and set(wants.split("; ")) == set(sent.split("; ")):
            talk.file(content)
        else:
            lines = [f"Set-Cookie: {line}" for line in set_cookie]
            talk.answer(302, b"", *lines, f"Location: {at}")

    return write


def _file(talk: Talk, content: bytes) -> None:
    talk.file(content)


def _around(no_proxy: str, title: str = "") -> WireRow:
    """A proxy where nobody listens, which this server is to be asked without."""
    return WireRow(
        title or f"no_proxy={no_proxy}", "curl(1), wget(1)", _file,
        env={"http_proxy": _NOBODY, "no_proxy": no_proxy},
    )  # fmt: skip


def _through(no_proxy: str, title: str) -> WireRow:
    """The same, where the proxy is to be asked."""
    env = {"http_proxy": _NOBODY, "no_proxy": no_proxy}
    return WireRow(title, "curl(1), wget(1)", _file, env=env, right=NEVER)


CODINGS: dict[str, WireRow] = {
    **{
        f"coding-{word or 'empty'}": WireRow(f"Content-Encoding: {word}", _CODING, _coded(word))
        for word in (
            "aws-chunked",
            "UTF-8",
            "none",
            "binary",
            "8bit",
            "identity",
            "",
            "utf-8, none",
        )
    },
    "coding-twice": WireRow(
        "two Content-Encoding fields, neither of them a compression",
        _CODING,
        _coded("identity", "Content-Encoding: aws-chunked"),
    ),
    "coding-gzip": WireRow(
        "gzip, unasked",
        _CODING,
        _packed("gzip", gzip.compress),
        right=NEVER,
    ),
    "coding-deflate": WireRow(
        "deflate, unasked", _CODING, _packed("deflate", zlib.compress), right=NEVER
    ),
    "coding-lie": WireRow("gzip, but it is not compressed", _CODING, _coded("gzip")),
}

WAITS: dict[str, WireRow] = {
    **{
        f"wait-{status}": WireRow(f"{status}, Retry-After: 1", _WAIT, _first(status, _seconds("1")))
        for status in (202, 403, 404, 408, 413, 420, 429, 500, 502, 503, 504, 509, 529)
    },
    "wait-imf": WireRow(
        "503, Retry-After with a date", "RFC 9110, 5.6.7", _first(503, _date("imf"))
    ),
    "wait-850": WireRow(
        "503, Retry-After with a date of RFC 850",
        "RFC 9110, 5.6.7",
        _first(503, _date("%A, %d-%b-%y %H:%M:%S GMT")),
    ),
    "wait-asctime": WireRow(
        "503, Retry-After with a date of asctime",
        "RFC 9110, 5.6.7",
        _first(503, _date("%a %b %e %H:%M:%S %Y")),
    ),
    "wait-past": WireRow(
        "503, Retry-After with a date that is past",
        _WAIT,
        _first(503, _seconds("Sun, 06 Nov 1994 08:49:37 GMT")),
    ),
    "wait-words": WireRow("503, Retry-After: soon", _WAIT, _first(503, _seconds("soon"))),
    "wait-negative": WireRow("503, Retry-After: -5", _WAIT, _first(503, _seconds("-5"))),
    "wait-fraction": WireRow("503, Retry-After: 0.5", _WAIT, _first(503, _seconds("0.5"))),
    "wait-410": WireRow("410, Retry-After: 1", _WAIT, _first(410, _seconds("1")), right=NEVER),
}

COOKIES: dict[str, WireRow] = {
    "cookie": WireRow("a cookie on the same URL", _COOKIE, _wall("seen=1; Path=/", wants="seen=1")),
    "cookie-other": WireRow(
        "a cookie, sent to another URL",
        _COOKIE,
        _wall("seen=1; Path=/", wants="seen=1", at="/g"),
    ),
    "cookie-two": WireRow(
        "two cookies", _COOKIE, _wall("a=1; Path=/", "b=2; Path=/; HttpOnly", wants="a=1; b=2")
    ),
    "cookie-no-path": WireRow(
        "a cookie without a path", "RFC 6265, 5.1.4", _wall("a=1", wants="a=1")
    ),
    "cookie-path": WireRow(
        "a cookie, and one for another path",
        "RFC 6265, 5.1.4",
        _wall("a=1; Path=/", "b=2; Path=/elsewhere", wants="a=1"),
    ),
    "cookie-age": WireRow(
        "a cookie for an hour",
        "RFC 6265, 5.2.2",
        _wall("a=1; Path=/; Max-Age=3600", wants="a=1"),
    ),
    "cookie-old": WireRow(
        "a cookie, and an expired one",
        "RFC 6265, 5.2.1",
        _wall("a=1; Path=/", "b=2; Expires=Thu, 01 Jan 1970 00:00:00 GMT", wants="a=1"),
    ),
    "cookie-domain": WireRow(
        "a cookie, and one of another host",
        "RFC 6265, 5.3",
        _wall("a=1; Path=/", "b=2; Domain=example.org", wants="a=1"),
    ),
    "cookie-quoted": WireRow("a quoted value", _COOKIE, _wall('a="x y"; Path=/', wants='a="x y"')),
}

PROXIES: dict[str, WireRow] = {
    "proxy-none": _around("*"),
    "proxy-address": _around("127.0.0.1"),
    "proxy-network": _around("127.0.0.0/8"),
    "proxy-networks": _around("10.0.0.0/8,192.168.0.0/16,127.0.0.0/24"),
    "proxy-spaces": _around("localhost, 127.0.0.1"),
    "proxy-host": _around("example.org,127.0.0.1", "no_proxy=example.org,127.0.0.1"),
    "proxy-other": _through("10.0.0.0/8", "no_proxy=10.0.0.0/8 (another network)"),
    "proxy-suffix": _through("27.0.0.1", "no_proxy=27.0.0.1 (only the end of the address)"),
}  # fmt: skip
