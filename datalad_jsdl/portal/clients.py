"""Where a request is from: what clients say counts for nothing, what trusted proxies say does."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import Scope

    from datalad_jsdl.portal.accounts.proxy import Network

__all__ = ["address_of"]


def address_of(scope: Scope, trusted: tuple[Network, ...]) -> str:
    """Where a request is from: an address, or a network that one visitor has all of (RFC 6177).

    Args:
        scope: of ASGI.
        trusted: proxies, of whom each adds whom it was asked by to ``X-Forwarded-For``.
    """
    client = (scope.get("client") or ("", 0))[0]
    hops = [hop.strip() for hop in _forwarded(scope).split(",")]
    while hops and _is_in(client, trusted) and _address(hops[-1]):
        client = hops.pop()
    found = _address(client)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return str(found or client)


def _forwarded(scope: Scope) -> str:
    return ", ".join(Headers(scope=scope).getlist("x-forwarded-for"))


def _is_in(client: str, networks: tuple[Network, ...]) -> bool:
    found = _address(client)
    return found is not None and any(found in network for network in networks)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
