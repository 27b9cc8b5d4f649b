"""One chain of redirects: its cookies, where it may lead, and what is kept of it.

Cookies that an origin sets on the way go back to that origin (RFC 6265), for as long as the chain
lasts, in memory only. They are kept apart by scheme and port, which RFC 6265 does not: only
what was set by http on port 80 goes to https on port 443, too, since portals begin there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.http.statuses import gives_content
from datalad_jsdl.model.secrecy import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from http.cookiejar import Cookie

    from datalad_jsdl.fetch.credentials.sources.cookies import Jar

__all__ = ["Chain", "Sessions"]

_MOST = 20  # redirects, as wget follows; curl follows 50
_SAME = 2  # times that one question may be asked: some servers redirect until all is ready
_PORTS = {"http": 80, "https": 443}
_PLAIN, _SAFE = ("http", 80), ("https", 443)
# answers that another session may change: not what is no matter of who asks
_NOT_OF_SESSIONS = (408, 416, 429)


class Chain:
    """What is known while redirects are followed from one URL; for one thread.

    Attributes:
        resumed: it began with the cookies of an earlier chain.

    Args:
        session: these cookies.
    """

    def __init__(self, session: Session | None = None) -> None:
        self.resumed = session is not None
        self._jars: dict[tuple[str, int], Jar] = session.jars() if session else {}
        # cookies of a login are as secret as the login
        self._secret = self._login = self.resumed
        self._news = False
        self._seen: dict[tuple[str, str], int] = {}
        self._count = 0
        self._shown = ""

    def headers(self, url: str, login: Mapping[str, str]) -> dict[str, str]:
        """The headers of a login together with the chain's cookies.

        Of a cookie that both have, the chain's is the newer one.
        """
        headers = dict(login)
        if headers:
            self._secret = self._login = True
        if self._jars:
            own = next((name for name in headers if name.lower() == "cookie"), "Cookie")
            if cookies := self._cookies(url, headers.pop(own, "")):
                headers[own] = cookies
        self._shown = headers.get("Cookie", "")
        return headers

    def learn(self, url: str, headers: Mapping[str, str]) -> None:
        """Take the cookies of an answer."""
        if "Set-Cookie" in headers:
            from datalad_jsdl.fetch.credentials.sources.cookies import Jar  # most servers set none

            jar = self._jars.setdefault(_place(url), Jar())
            self._news = jar.take(url, headers) or self._news

    def step(self, url: str, target: str) -> str:
        """A redirect from one URL to another, which is returned.

        Raises:
            FetchError: it is not to be followed.
        """
        self._count += 1
        if self._count > _MOST:
            raise FetchError(f"redirected more than {_MOST} times")
        question = url, self._shown
        self._seen[question] = self._seen.get(question, 0) + 1
        if self._seen[question] > _SAME:
            raise FetchError("redirected in a circle")
        self._secret = self._secret or DEFAULT.is_signed(url)
        down = urlsplit(url).scheme == "https" and urlsplit(target).scheme == "http"
        if down and (self._secret or DEFAULT.is_signed(target)):
            raise FetchError(
                "a redirect from https to http is not followed with a login or a signed URL"
            )
        return target

    def session(self, status: int) -> Session | None:
        """What the next chain may begin with: cookies that a login has brought, or None."""
        if gives_content(status) and self._login and self._news and self._count:
            return Session(self._jars)
        return None

    def is_stale(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether its first cookies may be why an answer is no file."""
        if not self.resumed:
            return False
        page = gives_content(status) and "html" in headers.get("Content-Type", "").lower()
        return page or (400 <= status < 500 and status not in _NOT_OF_SESSIONS)

    def _cookies(self, url: str, own: str) -> str:
        """The header's value: the user's *own* cookies, and then the chain's."""
        from datalad_jsdl.fetch.credentials.sources.cookies import cookie_header

        place = _place(url)
        fitting: dict[str, Cookie] = {}
        gone: set[str] = set()
        for source in (_PLAIN, _SAFE) if place == _SAFE else (place,):
            if jar := self._jars.get(source):
                gone |= jar.gone
                fitting |= {f"{c.name};{c.path};{c.domain}": c for c in jar.fitting(url)}
        newer = gone | {cookie.name for cookie in fitting.values()}
        kept = [pair for pair in own.split("; ") if pair and pair.partition("=")[0] not in newer]
        return "; ".join(filter(None, [*kept, cookie_header(fitting.values(), url)]))


class Session:
    """Cookies of a chain that has led to a file by way of a login; they never change."""

    def __init__(self, jars: Mapping[tuple[str, int], Jar]) -> None:
        self._jars = {place: jar.copy() for place, jar in jars.items()}

    def jars(self) -> dict[tuple[str, int], Jar]:
        """Copies of its own for a chain."""
        return {place: jar.copy() for place, jar in self._jars.items()}


class Sessions:
    """The sessions of a process, by who began them; safe for threads."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Session] = {}

    def __bool__(self) -> bool:
        return bool(self._known)

    def get(self, place: Hashable) -> Session | None:
        """The session to begin with there, or None."""
        return self._known.get(place)

    def keep(self, place: Hashable, session: Session) -> None:
        """Begin with this one from now on."""
        self._known[place] = session


def _place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.port or _PORTS.get(parts.scheme, 0)
