"""Connections to origins: pooled, checked by the address policy, through proxies, with TLS.

Proxies, certificates and keys are those of the usual variables and of git's ``http.*``
settings (git-config(1)), which may name a URL that they are for.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import urllib3

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.http.address_policy import connect
from datalad_jsdl.fetch.http.proxies import Proxy, proxy_of
from datalad_jsdl.fetch.http.trust import Trust, tls_context, trust_of
from datalad_jsdl.fetch.http.wire import PlainConnection, PlainPool, TlsConnection, TlsPool
from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool

    from datalad_jsdl.fetch.http.address_policy import AddressPolicy

__all__ = ["Door", "Pools"]

_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class _Network:
    """How an origin is reached.

    Attributes:
        proxy: with its login, or None.
        trust: in its certificate.
    """

    proxy: Proxy | None = None
    trust: Trust = field(default_factory=Trust)


@dataclass(frozen=True, slots=True)
class Door:
    """The way to one origin.

    Attributes:
        origin: scheme, host and port (RFC 6454), as `model.urls.origin_of` writes it.
        pool: connections to it, or those of a proxy.
        before: stands before the target of a request: "", or scheme, host and port for a
            proxy that is asked for whole URLs (RFC 9112, section 3.2.2).
        overheard: others on the way see what is sent (plain HTTP through a proxy).
        proxy: that is on the way, or None.
    """

    origin: str
    pool: HTTPConnectionPool
    before: str = ""
    overheard: bool = False
    proxy: Proxy | None = None


class Pools:
    """All connections of a process.

    Args:
        policy: which addresses may be connected to.
        options: of urllib3's pools.
        http_settings: git's ``http.*`` settings for a URL: the name after ``http.`` in lower
            case to its value; ``remote.proxy`` goes before ``proxy``.
        certificates: whether servers that ask for it are shown the user's certificate.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        options: dict[str, Any],
        http_settings: Callable[[str], Mapping[str, str]] | None = None,
        *,
        certificates: bool = True,
    ) -> None:
        self._certificates = certificates
        self._policy = policy
        self._options = options
        self._http_settings = http_settings
        self._managers: dict[tuple[str, _Network], urllib3.PoolManager] = {}
        self._doors: dict[tuple[str, str], Door] = {}
        self._proxies = getproxies()

    def door(self, url: str) -> Door:
        """The way to the URL's origin.

        Raises:
            AddressRefusedError: the policy forbids it, as far as that can be told.
            FetchError: the URL cannot be.
        """
        scheme, _, rest = url.partition("://")
        place = rest.partition("/")[0]
        door = self._doors.get((scheme, place))
        if door is None:
            door = self._make_door(url)
            if "?" not in place and "#" not in place:
                self._doors[scheme, place] = door
        return door

    def close(self) -> None:
        """Close idle connections."""
        for manager in list(self._managers.values()):
            manager.clear()

    def _make_door(self, url: str) -> Door:
        scheme, host, port = _place(url)
        self._policy.check_scheme(scheme)
        if scheme not in _DEFAULT_PORTS:
            raise FetchError(f"{scheme}: URLs are not supported")
        origin = origin_of(url)
        network = self._network(f"{origin}/", scheme, host, port)
        manager = self._manager(scheme, network)
        pool = manager.connection_from_url(f"{origin}/")
        if network.proxy:
            self._policy.check_name(host, port)
            if scheme == "http":
                place = f"[{host}]" if ":" in host else host
                return Door(origin, pool, f"http://{place}:{port}", True, network.proxy)
        return Door(origin, pool, proxy=network.proxy)

    def _network(self, origin: str, scheme: str, host: str, port: int) -> _Network:
        settings = self._http_settings(origin) if self._http_settings else {}
        proxy = proxy_of(scheme, host, port, settings, self._proxies)
        if scheme != "https" and not (proxy and proxy.url.startswith("https:")):
            return _Network(proxy)

        return _Network(proxy, trust_of(settings, certificates=self._certificates))

    def _manager(self, scheme: str, network: _Network) -> urllib3.PoolManager:
        known = self._managers.get((scheme, network))
        if known is not None:
            return known
        # the system's certificates take as long to read as all modules together
        safe = scheme == "https" or (network.proxy and network.proxy.url.startswith("https:"))
        options = self._options | ({"ssl_context": tls_context(network.trust)} if safe else {})
        if network.proxy:
            login = {"Proxy-Authorization": network.proxy.login} if network.proxy.login else None
            manager: urllib3.PoolManager = urllib3.ProxyManager(
                network.proxy.url,
                proxy_headers=login,
                proxy_ssl_context=options.get("ssl_context"),
                **options,
            )
            manager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
        else:
            manager = urllib3.PoolManager(**options)
            manager.pool_classes_by_scheme = _guarded_pools(self._policy)
        return self._managers.setdefault((scheme, network), manager)


def _place(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; refuses what two readers could read in two ways.

    What a login and a proxy are chosen for, and an address is checked of, has to be what is
    connected to: by urllib3, which reads URLs in its own way.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode("ascii").lower()
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise FetchError("the URL's host or port is invalid") from None
    if "@" in parts.netloc:
        raise FetchError("the URL contains a login")
    if parts.scheme in _DEFAULT_PORTS:
        try:
            # of the authority alone: in a path, much is allowed that it takes for a fault
            other = urllib3.util.parse_url(f"{parts.scheme}://{parts.netloc}/")
        except urllib3.exceptions.HTTPError:
            raise FetchError("the URL's host or port is invalid") from None
        seen = (other.scheme, (other.host or "").strip("[]"), other.port or port)
        if seen != (parts.scheme, host, port) or not _HOST.fullmatch(host):
            raise FetchError("the URL's host or port is invalid")
    return parts.scheme, host, port


def _guarded_pools(policy: AddressPolicy) -> dict[str, Any]:
    """urllib3's pools, with connections that ask the policy for leave."""

    class Plain(PlainConnection):
        def _new_conn(self) -> socket.socket:
            return _guarded(policy, self)

    class Tls(TlsConnection):
        def _new_conn(self) -> socket.socket:
            return _guarded(policy, self)

    class GuardedPlainPool(PlainPool):
        ConnectionCls = Plain

    class GuardedTlsPool(TlsPool):
        ConnectionCls = Tls

    return {"http": GuardedPlainPool, "https": GuardedTlsPool}


def _guarded(policy: AddressPolicy, connection: HTTPConnection) -> socket.socket:
    timeout = connection.timeout
    seconds = timeout if isinstance(timeout, (int, float)) else None
    options = list(connection.socket_options or [])
    try:
        return connect(policy, connection.host, connection.port or 0, seconds, options)
    except TimeoutError as error:
        raise urllib3.exceptions.ConnectTimeoutError(connection, str(error)) from error
    except OSError as error:
        raise urllib3.exceptions.NewConnectionError(connection, str(error)) from error
