"""HTTP as the engine needs it: requests, redirects hop by hop, a login for each hop's origin.

RFC 9110. Transport is urllib3, the cheapest client measured; connections are pooled.
"""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.fetch.addresses import AddressPolicy
from datalad_jsdl.fetch.credentials.keeper import Credentials
from datalad_jsdl.fetch.pools import Pools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalad_jsdl.fetch.pools import Door

__all__ = ["Response", "Web"]

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
_MAX_HOPS = 10
_WORTH_READING = 64 << 10  # bytes; more costs longer than a new connection
_REST_SECONDS = 1.0
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_ANSWERED = 1 << 20  # bytes, of an answer that is not a file

# as False, which urllib3 would make into this for every request
_NO_RETRIES = urllib3.Retry.from_int(False, redirect=False)

# A server may compress only if asked to: what counts are the bytes of the file.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "datalad-jsdl"}

# what a caller may ask for and every hop may see
_PASSED_ON = frozenset({"Range", "If-Range"})


@dataclass(frozen=True, eq=False)
class Response:
    """The answer of the last hop; to be closed.

    Attributes:
        status: of HTTP.
        headers: names in any case.
        advice: where a login is wanted, which origin wants what and how to give it.
        url: that was asked last, after all redirects; it may have a signature in its query.
    """

    status: int
    headers: Mapping[str, str]
    _raw: urllib3.BaseHTTPResponse
    advice: str = ""
    url: str = ""

    def read(self, limit: int) -> bytes:
        """Some bytes, as soon as there are any; b"" at the end.

        Raises:
            urllib3.exceptions.HTTPError, OSError: the transfer broke off.
        """
        # read1, not read: a chunk cut off by a reset would take what came of it along
        data = self._raw.read1(limit, decode_content=False)
        return data or b""

    def abort(self) -> None:
        """End the transfer from another thread: its `read` fails, or finds the end."""
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # it has ended already
            self._raw.shutdown()

    def close(self) -> None:
        """Give the connection back if little of the body is left, else drop it."""
        left = getattr(self._raw, "length_remaining", None)
        if left is None or left > _WORTH_READING or not self._read_rest():
            self._raw.close()

    def _read_rest(self) -> bool:
        """Read what is left, if that is soon done: it may drip."""
        until = time.monotonic() + _REST_SECONDS
        try:
            while time.monotonic() < until:
                if not self._raw.read1(_WORTH_READING, decode_content=False):
                    return True
        except (OSError, ValueError, urllib3.exceptions.HTTPError):
            pass
        return False


class Web:
    """Connections for one address policy; safe to be used by several threads.

    Args:
        policy: which addresses may be connected to.
        credentials: logins; None for none.
        http_settings: see `pools.Pools`.
        connect_seconds: until a connection has to stand.
        read_seconds: without data until a connection is given up.
        connections: to one origin that are kept.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        credentials: Credentials | None = None,
        *,
        http_settings: Callable[[str], Mapping[str, str]] | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        connections: int = 16,
    ) -> None:
        self._credentials = credentials or Credentials(search=False)
        options: dict[str, Any] = {
            "timeout": urllib3.Timeout(connect=connect_seconds, read=read_seconds),
            "maxsize": connections,
            "num_pools": 1000,  # a pool that is thrown out would be closed under its users
        }
        self._connect_seconds = connect_seconds
        self._pools = Pools(policy or AddressPolicy(), options, http_settings)

    def open(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        document: bytes | None = None,
        read_seconds: float | None = None,
        advise_again: bool = False,
    ) -> Response:
        """Ask for *url* and follow redirects.

        The headers of each hop are made anew: those given, as far as they may be passed on
        (Range, If-Range), and the login of that hop's own origin. A *document* is JSON that is
        sent along; then redirects are not followed. *read_seconds* is another limit than the
        usual one, for answers that take their time. Advice on a login is given in full once for
        an origin, unless it is *advise_again*: for an answer that may not be shown.

        Raises:
            AddressRefusedError: a hop leads where the policy does not allow.
            FetchError: the redirects lead nowhere.
            urllib3.exceptions.HTTPError, OSError: no answer.
        """
        passed_on = {k: v for k, v in (headers or {}).items() if k in _PASSED_ON}
        for _ in range(_MAX_HOPS):
            url = _plain(url)
            response = self._ask(method, url, passed_on, document, read_seconds, advise_again)
            target = response.headers.get("Location")
            if response.status not in _REDIRECTS or not target or document is not None:
                return replace(response, url=url)
            response.close()
            hop, url = url, _plain(_joined(url, target))
            if urlsplit(hop).scheme == "https" and urlsplit(url).scheme == "http":
                raise FetchError("redirected from https to http, which is not followed")
        raise FetchError(f"redirected more than {_MAX_HOPS} times")

    def post(self, url: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        """Send a form to *url*, without a login and without following redirects.

        Returns:
            The status and at most 1 MiB of the body.

        Raises:
            AddressRefusedError: the policy does not allow it.
            FetchError: a proxy would see the form.
            urllib3.exceptions.HTTPError, OSError: no answer.
        """
        door = self._pools.door(_plain(url))
        if door.overheard:
            raise FetchError("what is secret is not sent by plain http through a proxy")
        headers = _HEADERS | {"Content-Type": "application/x-www-form-urlencoded"}
        response = self._send(door, "POST", url, headers, urlencode(form).encode())
        try:
            body = b""
            while len(body) < _MOST_ANSWERED and (chunk := response.read(_MOST_ANSWERED)):
                body += chunk
        finally:
            response.close()
        return response.status, body

    def close(self) -> None:
        """Close idle connections."""
        self._pools.close()

    def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        document: bytes | None,
        read_seconds: float | None,
        advise_again: bool,
    ) -> Response:
        """One hop, with each login for its origin until one is taken."""
        if document is not None:
            headers = {**headers, "Content-Type": "application/json"}
        door = self._pools.door(url)
        attempt = self._credentials.attempt(door.origin, url, overheard=door.overheard)
        while True:
            with attempt.turn():
                target, login = attempt.sign(method, url, self.post)
                sent = {**_HEADERS, **headers, **login}
                response = self._send(door, method, target, sent, document, read_seconds)
                if response.status not in (401, 403):
                    attempt.accepted()
                    return response
                challenge = response.headers.get("WWW-Authenticate", "")
                again = attempt.refused(response.status, challenge)
            if not again:
                said = attempt.advice(response.status, challenge, again=advise_again)
                return replace(response, advice=said)
            response.close()

    def _send(
        self,
        door: Door,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        read_seconds: float | None = None,
    ) -> Response:
        target = url if door.whole else _target(url)
        limits: dict[str, Any] = {}
        if read_seconds is not None:
            limits["timeout"] = urllib3.Timeout(connect=self._connect_seconds, read=read_seconds)
        try:
            raw = door.pool.urlopen(
                method,
                target,
                body=body,
                headers=headers,
                redirect=False,
                retries=_NO_RETRIES,
                preload_content=False,
                decode_content=False,
                **limits,
            )
        except urllib3.exceptions.NewConnectionError as error:
            if isinstance(error.__cause__, AddressRefusedError):
                raise error.__cause__ from None
            raise
        return Response(raw.status, raw.headers, raw)


def _plain(url: str) -> str:
    """The URL without its fragment; characters that readers pass over must not be in it."""
    url = url.strip(" ").replace(" ", "%20")
    if _CONTROL.search(url):
        raise FetchError("the URL has a control character")
    return url.partition("#")[0]


def _target(url: str) -> str:
    """What is asked of the origin: path and query."""
    rest = url.partition("://")[2]
    place, slash, path = rest.partition("/")
    if "?" in place:  # a query without a path
        return "/?" + rest.partition("?")[2]
    return slash + path or "/"


def _joined(url: str, target: str) -> str:
    """Where a redirect leads; servers write UTF-8 where only ASCII may be."""
    try:
        return urljoin(url, target.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        return urljoin(url, target)
    except ValueError:
        raise FetchError("redirected to a URL that cannot be") from None
