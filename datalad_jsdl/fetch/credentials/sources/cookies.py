"""Cookies: of a ``cookies.txt`` file, and which of them an origin may see (RFC 6265).

Cookies know hosts and paths, but no ports (RFC 6265, 8.5): so they go only to origins that
a user has named. What an origin sets itself while redirects are followed is a `Jar`'s.
"""

from __future__ import annotations

import re
import time
from http import cookiejar
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.login import Login, Source, is_sendable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datalad_jsdl.fetch.credentials.login import LoginWanted

__all__ = ["SOURCE", "Jar", "cookie_header", "login_of", "make_cookie"]

# what http.cookiejar drops a whole cookie for, and RFC 6265 (5.2.2, 5.2.3) only the attribute
_IDLE = re.compile(
    r";\s*(?:max-age\s*(?:$|;|=(?!\s*-?\d+\s*(?:;|$)))|domain\s*=?\s*\.?\s*(?=;|$)|version\b)[^;]*",
    re.IGNORECASE,
)
_EXPIRES = re.compile(r";\s*expires\s*=\s*([^;]*)", re.IGNORECASE)
_NUMBERS = re.compile(r"[0-9.]+|.*:.*")  # a numeric address
_MOST = 50  # cookies of one jar (RFC 6265, 6.1)
_LONGEST = 4096  # characters of one


def _find(wanted: LoginWanted) -> Login | None:
    """The cookies of the file that a rule names.

    Raises:
        FetchError: the file cannot be read, or has no cookie for the origin.
    """
    file = Path(wanted.argument).expanduser()
    try:
        lines = file.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    except OSError as error:
        raise FetchError(f"cannot read the cookies in {file}: {error.strerror}") from None
    cookies = [cookie for line in lines if (cookie := _parse(line))]
    if not cookies and any(line.strip() for line in lines):
        raise FetchError(f"{file} is not a cookies.txt file in Netscape format")
    return login_of(cookies, wanted, str(file))


def _parse(line: str) -> Cookie | None:
    """A line of seven columns, as Netscape, curl and browsers' add-ons write it.

    The standard library's reader takes no file without its own first line, nor a host without
    a dot in front where the second column says that subdomains are meant.
    """
    columns = line.rstrip("\r").removeprefix("#HttpOnly_").split("\t")
    if len(columns) != 7 or columns[0].startswith("#"):
        return None
    host, subdomains, path, secure, expiry, name, value = columns
    if not re.fullmatch(r"(-?\d{1,15}(\.\d*)?)?", expiry):
        return None
    if subdomains.upper() == "TRUE" and not host.startswith("."):
        host = f".{host}"
    # what is not said to be for http, too, is for https only
    safe = secure.upper() != "FALSE"
    return make_cookie(name, value, host, path, safe, max(0, int(float(expiry or 0))))


def make_cookie(name: str, value: str, host: str, path: str, secure: bool, expiry: int) -> Cookie:
    """A cookie; a *host* that begins with a dot means subdomains, too.

    *expiry* is in seconds since 1970; 0 for when the browser ends.
    """
    return Cookie(
        version=0, name=name, value=value, port=None, port_specified=False,
        domain=host, domain_specified=host.startswith("."),
        domain_initial_dot=host.startswith("."), path=path, path_specified=True,
        secure=secure, expires=expiry or None, discard=False, comment=None,
        comment_url=None, rest={},
    )  # fmt: skip


def login_of(cookies: Iterable[Cookie], wanted: LoginWanted, place: str) -> Login:
    """Those of *cookies* that the origin may see.

    Raises:
        FetchError: there is none.
    """
    now = time.time()
    here = [cookie for cookie in cookies if _is_for_host(cookie, wanted.host)]
    good = [cookie for cookie in here if not (cookie.expires and cookie.expires < now)]
    mine = tuple(c for c in good if wanted.scheme == "https" or not c.secure)
    if not mine:
        what = "that may be sent over http" if good else "that has not expired" if here else ""
        raise FetchError(f"{place} has no cookie for {wanted.host} {what}".strip())
    return Login(f"the cookies of {place}", "cookie", cookies=mine, rule=wanted.rule)


def _is_for_host(cookie: Cookie, host: str) -> bool:
    domain = cookie.domain.lower()
    bare = domain.removeprefix(".")
    # RFC 6265, 5.1.3; a numeric address has no subdomains
    return host == bare or (domain.startswith(".") and host.endswith("." + bare))


def cookie_header(cookies: Iterable[Cookie], url: str) -> str:
    """The header's value for a URL; "" if no cookie is for its path (RFC 6265, 5.4)."""
    path = urlsplit(url).path or "/"
    fitting = [c for c in cookies if _covers(c.path, path)]
    fitting.sort(key=lambda cookie: -len(cookie.path))
    return "; ".join(f"{cookie.name}={cookie.value or ''}" for cookie in fitting)


def _covers(prefix: str, path: str) -> bool:
    # RFC 6265, 5.1.4
    if path == prefix or not prefix:
        return True
    return path.startswith(prefix) and (prefix.endswith("/") or path[len(prefix)] == "/")


class Jar:
    """Cookies that the origins of one scheme and port have set; for one thread.

    The standard library reads them and knows what a domain is; which of them a URL gets is
    decided here, since its own rules know no ports, give ``localhost`` a suffix, and take the end
    of a numeric address for a domain.

    Attributes:
        gone: names of those that were taken back.
    """

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self._kept: dict[tuple[str, str, str], Cookie] = {}

    def copy(self) -> Jar:
        """Another one with the same cookies."""
        other = Jar()
        other.gone, other._kept = set(self.gone), dict(self._kept)
        return other

    def take(self, url: str, headers: Mapping[str, str]) -> bool:
        """Read ``Set-Cookie``, as many as there are; whether anything came of it.

        Args:
            url: that was asked for.
            headers: of the answer; urllib3's, which know of several lines of one name.
        """
        host = urlsplit(url).hostname or ""
        # http.cookiejar reads the URL and the host of the request
        request, parser = Request(url), _Parser()  # noqa: S310 - nothing is opened
        # and asks an answer for nothing but what `_Reply` has
        reply: Any = _Reply(headers)
        for cookie in parser.make_cookies(reply, request):
            if _settle(cookie, host, request):
                self._put(cookie)
        for domain, path, name in parser.cleared:
            self._kept.pop((_domain(domain, host), path, name), None)
            self.gone.add(name)
        return bool(self._kept or self.gone)

    def fitting(self, url: str) -> list[Cookie]:
        """Those for a URL, but for its path (RFC 6265, 5.4)."""
        parts, now = urlsplit(url), time.time()
        host = parts.hostname or ""
        return [
            cookie
            for cookie in self._kept.values()
            if _is_for_host(cookie, host)
            and (parts.scheme == "https" or not cookie.secure)
            and not (cookie.expires and cookie.expires < now)
        ]

    def _put(self, cookie: Cookie) -> None:
        value = cookie.value or ""
        if len(cookie.name) + len(value) > _LONGEST or not is_sendable(cookie.name + value):
            return
        self._kept[cookie.domain, cookie.path, cookie.name] = cookie
        self.gone.discard(cookie.name)
        while len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]


class _Reply:
    """An answer as http.cookiejar wants it."""

    def __init__(self, headers: Any) -> None:
        self._headers = headers  # urllib3's, which know of several lines of one name

    def info(self) -> _Reply:
        return self

    def get_all(self, name: str, default: list[str]) -> list[str]:
        lines: list[str] = self._headers.getlist(name)
        return [_EXPIRES.sub(_readable, _IDLE.sub("", line)) for line in lines] or default


def _readable(expires: re.Match[str]) -> str:
    """The attribute, or nothing where http.cookiejar would warn of its own fault.

    It takes no cookie of the answer then; RFC 6265 (5.2.1) ignores the attribute.
    """
    try:
        when = expires[1].strip().strip('"')
        cookiejar.http2time(when)  # type: ignore[attr-defined]  # public, but not in the stubs
    except (ValueError, OverflowError):
        return ""
    return expires[0]


class _Parser(CookieJar):
    """Reads cookies, and keeps none."""

    def __init__(self) -> None:
        super().__init__(_STRICT)
        self.cleared: list[tuple[str, str, str]] = []

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        """One is taken back."""
        self.cleared.append((domain or "", path or "", name or ""))


_STRICT = DefaultCookiePolicy(strict_domain=True)


def _settle(cookie: Cookie, host: str, request: Request) -> bool:
    """Make a cookie one of RFC 6265 (5.3); False if the host may not set it."""
    if cookie.value is None:
        return False
    if not cookie.path.startswith("/"):
        path = urlsplit(request.full_url).path
        cookie.path = path.rpartition("/")[0] or "/"
    if not cookie.domain_specified or cookie.domain.lstrip(".") == host:
        cookie.domain = _domain(cookie.domain, host) if cookie.domain_specified else host
        return True
    # of the names above it, only what could be somebody's own
    return not _NUMBERS.fullmatch(host) and _STRICT.set_ok(cookie, request)


def _domain(domain: str, host: str) -> str:
    """As it is kept: with a dot in front where subdomains are meant, which numbers have not."""
    if domain.startswith(".") and not (_NUMBERS.fullmatch(host) or "." not in host):
        return domain
    return host


def _keep(argument: str) -> str:
    file = Path(argument).expanduser().absolute()
    if not file.is_file():
        raise ValueError(f"the file {file} does not exist")
    return str(file)


def _refused(_: Login, __: str) -> str:
    return "log in at the portal again and export the file again"


SOURCE = Source(
    "cookies",
    "a ``cookies.txt`` file in Netscape format",
    _find,
    argument="FILE",
    required=True,
    keep=_keep,
    refused=_refused,
)
