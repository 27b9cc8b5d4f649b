"""Which addresses may be connected to: git-annex's rules, which it leaves to us.

git-annex enforces annex.security.allowed-url-schemes and allowed-ip-addresses on its
web remote only, not on what a special remote does (git-annex(1)).
"""

from __future__ import annotations

import ipaddress
import math
import re
import socket
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from datalad_jsdl.errors import AddressRefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["AddressPolicy", "connect", "private_text"]

_MOST_NAMED = 10  # hosts in a message

_SETTING = "annex.security.allowed-ip-addresses"
_OLD_SETTING = "annex.security.allowed-http-addresses"
_SCHEMES_SETTING = "annex.security.allowed-url-schemes"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class AddressPolicy:
    """Public addresses only, unless settings say otherwise.

    Attributes:
        schemes: of URLs that may be used.
        allow_all: any address will do.
        allowed: addresses beyond the public ones, each with a port or None for any.
        written: the setting as it is, for the advice in a refusal.
    """

    schemes: frozenset[str] = frozenset({"http", "https"})
    allow_all: bool = False
    allowed: frozenset[tuple[_Address, int | None]] = field(default_factory=frozenset)
    written: str = ""

    @classmethod
    def from_config(cls, config: Mapping[str, str]) -> AddressPolicy:
        """The policy that git config asks for.

        Args:
            config: git config, names in lower case; see `repository.git.settings.git_config`.
        """
        policy = cls()
        if (schemes := config.get(_SCHEMES_SETTING)) is not None:
            policy = replace(policy, schemes=frozenset(schemes.lower().split()))
        written = config.get(_SETTING, config.get(_OLD_SETTING, "")).strip()
        if written == "all":
            return replace(policy, allow_all=True, written=written)
        allowed = frozenset(filter(None, map(_parse, written.split())))
        return replace(policy, allowed=allowed, written=written)

    def allowing_host(self, host: str, port: int) -> AddressPolicy:
        """This policy, and whatever *host* resolves to now, on that port.

        For an address that a user has typed, which is leave enough.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            return self
        named = {(_plain(str(info[4][0])), port) for info in found}
        return replace(self, allowed=self.allowed | named)

    def check_scheme(self, scheme: str) -> None:
        """Raises AddressRefusedError for a scheme that may not be used."""
        if scheme not in self.schemes:
            text = f"{_SCHEMES_SETTING} does not allow {scheme}:"
            raise AddressRefusedError(text, scheme=scheme)

    def permits(self, address: str, port: int) -> bool:
        """Whether a connection to a numeric address may be made."""
        if self.allow_all:
            return True
        plain = _plain(address)
        if (plain, None) in self.allowed or (plain, port) in self.allowed:
            return True
        if isinstance(plain, ipaddress.IPv6Address) and plain not in _UNICAST:
            return False
        return plain.is_global and not plain.is_multicast

    def check_name(self, host: str, port: int) -> None:
        """Check a host that a proxy is to connect to.

        The proxy looks the name up itself; what it means here is all that can be checked.

        Raises:
            AddressRefusedError: an address that it has may not be connected to.
        """
        bare = host.rstrip(".")
        try:
            found = socket.getaddrinfo(bare, port, type=socket.SOCK_STREAM)
        except OSError:
            # only the proxy knows it; but some names are nobody's, and numbers are no names
            last = bare.rpartition(".")[2]
            if not bare or last == "localhost" or re.fullmatch(r"\d+|0x[0-9a-f]*", last):
                raise self.refusal(host, bare) from None
            return
        if not all(self.permits(str(info[4][0]), port) for info in found):
            refused = [str(i[4][0]) for i in found if not self.permits(str(i[4][0]), port)]
            raise self.refusal(host, refused[0])

    def refusal(self, host: str, address: str) -> AddressRefusedError:
        """The error for a connection that may not be made, with the way to allow it."""
        return AddressRefusedError(self.advice([(host, address)]), host=host, address=address)

    def advice(self, refused: Collection[tuple[str, str]]) -> str:
        """What to say of hosts with addresses that may not be connected to, and how to allow all.

        One command for all of them: each would replace what the one before it has set.

        Args:
            refused: hosts, each with its numeric address.
        """
        addresses = dict.fromkeys(address for _, address in refused)
        names = [private_text(host, address) for host, address in refused]
        value = " ".join([*self.written.split(), *addresses])
        if len(names) == 1:
            text = f"{names[0]} is not a public address; to allow it, run in the dataset: "
        else:
            named = ", ".join(names[:_MOST_NAMED])
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            text = f"{named}{more} are not public addresses; to allow them, run in the dataset: "
        return f"{text}git config {_SETTING} '{value}' (before the dataset exists, add --global)"


def private_text(host: str, address: str) -> str:
    """A host with its address, for people."""
    return address if host == address else f"{host} ({address})"


def connect(
    policy: AddressPolicy,
    host: str,
    port: int,
    timeout: float | None,
    options: list[tuple[int, int, int | bytes]],
) -> socket.socket:
    """A TCP connection to an address of *host* that the policy permits.

    The address that is checked is the one that is connected to: no second look-up could
    give another.

    Raises:
        AddressRefusedError: there is no permitted address.
        OSError: no permitted address answers.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    permitted = [info for info in found if policy.permits(str(info[4][0]), port)]
    if not permitted:
        raise policy.refusal(host, str(found[0][4][0]))
    problem: OSError | None = None
    # a name may have a dozen addresses, and none of them may answer
    until = time.monotonic() + 2 * timeout if timeout else math.inf
    for family, kind, protocol, _, address in permitted:
        connection = socket.socket(family, kind, protocol)
        try:
            for option in options:
                connection.setsockopt(*option)
            connection.settimeout(timeout)
            connection.connect(address)
        except OSError as error:
            connection.close()
            problem = error
            if time.monotonic() >= until:
                break
        else:
            return connection
    raise problem or OSError(f"no address for {host}")


# addr, [addr], or [addr]:port
_ITEM = re.compile(r"\[([^\]]+)\](?::(\d+))?|(\S+)")


def _parse(item: str) -> tuple[_Address, int | None] | None:
    match = _ITEM.fullmatch(item)
    if not match:
        return None
    bracketed, port, bare = match.groups()
    try:
        return _plain(bracketed or bare), int(port) if port else None
    except ValueError:
        return None


# the rest is not assigned, or for local use (RFC 4291, 2.4); some of it counts as global
_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _plain(address: str) -> _Address:
    """The address that is meant, behind the forms in which IPv6 carries IPv4."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if inner is None and parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return inner
    return parsed
