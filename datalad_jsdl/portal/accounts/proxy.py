"""Users that a proxy in front of the portal has signed in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from starlette.datastructures import Headers

from datalad_jsdl.errors import PortalError
from datalad_jsdl.portal.identity import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ProxyIdentity", "networks_of"]

Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"


@dataclass(frozen=True)
class ProxyIdentity:
    """Takes the user's name from a field of the request, if a trusted proxy has sent it.

    The proxy has to remove the fields from what it receives.

    Attributes:
        trusted: where the proxy is.
        user: name of the field with the user's name, in lower case.
        groups: name of the field with the groups, between commas; "" for none.
    """

    trusted: tuple[Network, ...]
    user: str = "x-remote-user"
    groups: str = ""

    def visitor(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], client: str
    ) -> Visitor | None:
        """See `Identity`."""
        if not self._is_trusted(client):
            return None
        name = headers.get(self.user, "").strip()
        if not name or _is_repeated(headers, self.user) or _is_repeated(headers, self.groups):
            return None
        given = headers.get(self.groups, "") if self.groups else ""
        groups = frozenset(filter(None, (group.strip() for group in given.split(","))))
        return Visitor(name, groups, name)

    def _is_trusted(self, client: str) -> bool:
        try:
            address = ipaddress.ip_address(client)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in self.trusted)


def _is_repeated(headers: Mapping[str, str], name: str) -> bool:
    """Whether a field comes twice: one of them may be the client's own."""
    values = headers.getlist(name) if isinstance(headers, Headers) else ()
    return len(values) > 1


def networks_of(given: Iterable[str]) -> tuple[Network, ...]:
    """Networks, such as ``10.0.0.0/8``; an address alone is one, too.

    Raises:
        PortalError: one cannot be understood.
    """
    found = []
    for item in given:
        try:
            found.append(ipaddress.ip_network(item))
        except ValueError as error:
            raise PortalError(
                f"expected a network such as 10.0.0.0/8, got {item!r}: {error}"
            ) from None
    return tuple(found)
