"""HTTP as the engine needs it: GET and HEAD, redirects hop by hop, addresses checked.

RFC 9110. Transport is urllib3, the cheapest client measured; connections are pooled.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from datalad_jsdl.errors import AddressRefusedError, FetchError
from datalad_jsdl.fetch.addresses import AddressPolicy, connect

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

__all__ = ["Response", "Web"]

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
_MAX_HOPS = 10
_WORTH_READING = 64 << 10  # bytes; more costs longer than a new connection
_REST_SECONDS = 1.0
_REDIRECTS = (301, 302, 303, 307, 308)

# A server may compress only if asked to: what counts are the bytes of the file.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "datalad-jsdl"}


@dataclass(frozen=True, eq=False)
class Response:
    """The answer of the last hop; to be closed.

    Attributes:
        status: of HTTP.
        headers: names in any case.
    """

    status: int
    headers: Mapping[str, str]
    _raw: urllib3.BaseHTTPResponse

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
    """Connections for one address policy; safe to be used by several threads."""

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        connections: int = 16,
    ) -> None:
        self.policy = policy or AddressPolicy()
        timeout = urllib3.Timeout(connect=connect_seconds, read=read_seconds)
        self._options: dict[str, Any] = {
            "timeout": timeout,
            "maxsize": connections,
            "num_pools": 1000,  # a pool that is thrown out would be closed under its users
        }
        self._direct: dict[str, urllib3.PoolManager] = {}  # by scheme
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}
        self._by_proxy: dict[str, urllib3.PoolManager] = {}
        self._proxies = getproxies()

    def open(
        self, url: str, headers: Mapping[str, str] | None = None, *, method: str = "GET"
    ) -> Response:
        """Ask for *url* and follow redirects.

        Raises:
            AddressRefusedError: a hop leads where the policy does not allow.
            FetchError: the redirects lead nowhere.
            urllib3.exceptions.HTTPError, OSError: no answer.
        """
        for _ in range(_MAX_HOPS):
            parts = _split(url)
            self.policy.check_scheme(parts.scheme)
            if "@" in parts.netloc:
                raise FetchError("redirected to a URL with a login in it")
            response = self._ask(method, url.partition("#")[0], headers or {})
            target = response.headers.get("Location")
            if response.status not in _REDIRECTS or not target:
                return response
            response.close()
            url = _joined(url, target)
            if parts.scheme == "https" and urlsplit(url).scheme == "http":
                raise FetchError("redirected from https to http")
        raise FetchError(f"redirected more than {_MAX_HOPS} times")

    def _ask(self, method: str, url: str, headers: Mapping[str, str]) -> Response:
        try:
            pool, target = self._pool(url)
            raw = pool.urlopen(
                method,
                target,
                headers={**_HEADERS, **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
        except urllib3.exceptions.NewConnectionError as error:
            if isinstance(error.__cause__, AddressRefusedError):
                raise error.__cause__ from None
            raise
        return Response(raw.status, raw.headers, raw)

    def close(self) -> None:
        """Close idle connections."""
        for manager in (*self._direct.values(), *self._by_proxy.values()):
            manager.clear()

    def _pool(self, url: str) -> tuple[HTTPConnectionPool, str]:
        """The connections to the URL's origin, and what to ask of them."""
        scheme, _, rest = url.partition("://")
        place, slash, path = rest.partition("/")
        known = self._pools.get((scheme, place)) if "?" not in place else None
        if known is not None:
            return known, slash + path
        manager = self._manager(url)
        if manager not in self._direct.values():
            return cast(
                "HTTPConnectionPool", manager
            ), url  # it makes of a URL what its proxy wants
        pool = manager.connection_from_url(url)
        if slash and "?" not in place:
            self._pools[scheme, place] = pool
        return pool, urllib3.util.parse_url(url).request_uri

    def _manager(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = self._proxies.get(parts.scheme) or self._proxies.get("all")
        if not proxy or proxy_bypass(parts.hostname or ""):
            return self._direct_manager(parts.scheme)
        self._check_behind_proxy(parts.hostname or "", parts.port or 0)
        if proxy not in self._by_proxy:
            options = {**self._options, "ssl_context": _tls()}
            self._by_proxy[proxy] = _proxy_manager(proxy, options)
        return self._by_proxy[proxy]

    def _direct_manager(self, scheme: str) -> urllib3.PoolManager:
        if scheme not in self._direct:
            # the system's certificates take as long to read as all modules together
            options = self._options | ({"ssl_context": _tls()} if scheme == "https" else {})
            manager = urllib3.PoolManager(**options)
            manager.pool_classes_by_scheme = _guarded_pools(self.policy)
            self._direct.setdefault(scheme, manager)
        return self._direct[scheme]

    def _check_behind_proxy(self, host: str, port: int) -> None:
        # The proxy resolves names, and what it can reach is its owner's affair; a
        # numeric address is plain to see.
        try:
            permitted = self.policy.permits(host, port)
        except ValueError:
            permitted = host != "localhost" or self.policy.permits("127.0.0.1", port)
        if not permitted:
            raise self.policy.refusal(host, host)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError where it is none
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise FetchError("the URL has a host or port that cannot be") from None
    return parts


def _joined(url: str, target: str) -> str:
    """Where a redirect leads; servers write UTF-8 where only ASCII may be."""
    try:
        return urljoin(url, target.encode("latin-1").decode("utf-8"))
    except UnicodeError:
        return urljoin(url, target)
    except ValueError:
        raise FetchError("redirected to a URL that cannot be") from None


def _proxy_manager(proxy: str, options: dict[str, Any]) -> urllib3.PoolManager:
    if "://" not in proxy:
        proxy = "http://" + proxy
    if not proxy.startswith(("http://", "https://")):
        raise FetchError("the proxy of your environment is neither http nor https")
    parts = urllib3.util.parse_url(proxy)
    login = urllib3.make_headers(proxy_basic_auth=parts.auth) if parts.auth else None
    return urllib3.ProxyManager(proxy, proxy_headers=login, **options)


def _tls() -> ssl.SSLContext:
    """The system's certificates and certifi's, or those the environment names."""
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    context = ssl.create_default_context()
    if bundle and os.path.isdir(bundle):
        context.load_verify_locations(capath=bundle)
    else:
        context.load_verify_locations(cafile=bundle or certifi.where())
    return context


def _guarded_pools(policy: AddressPolicy) -> dict[str, Any]:
    """urllib3's pools, with connections that ask the policy for leave."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _guarded(policy, self)

    class Tls(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _guarded(policy, self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}


def _guarded(policy: AddressPolicy, connection: HTTPConnection) -> socket.socket:
    timeout = connection.timeout
    seconds = timeout if isinstance(timeout, (int, float)) else CONNECT_SECONDS
    options = list(connection.socket_options or [])
    try:
        return connect(policy, connection.host, connection.port or 0, seconds, options)
    except TimeoutError as error:
        raise urllib3.exceptions.ConnectTimeoutError(connection, str(error)) from error
    except OSError as error:
        raise urllib3.exceptions.NewConnectionError(connection, str(error)) from error
