"""Hosts of a manifest that nothing can be downloaded from until the user allows them."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.repository.git.settings import git_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datalad_jsdl.model.entry import Entry

__all__ = ["private_hosts"]


def private_hosts(
    entries: Iterable[Entry], manifest: str, config: Mapping[str, str] | None
) -> list[str]:
    """What to say of the hosts whose addresses are not public and not allowed: one text, or none.

    Names are not looked up, as that may take long; but for the one that the manifest is from,
    which was connected to just now since the user has typed it.

    Args:
        entries: of the manifest.
        manifest: its URL, or anything else.
        config: git config of the dataset; None where there is none yet.
    """
    if config is None:
        config = git_config(r"^annex\.security\.")
    policy = AddressPolicy.from_config(config)
    if policy.allow_all:
        return []
    # not urlsplit: there may be millions
    places = {c.url.split("/", 3)[2] for e in entries if not e.inline for c in e.candidates}
    own = urlsplit(manifest).hostname
    found: dict[str, tuple[str, str]] = {}
    for place in sorted(places):
        parts = urlsplit(f"//{place}")
        host = parts.hostname or ""
        address = _address(host, looked_up=host == own)
        if address and not policy.permits(address, parts.port or 443):
            found.setdefault(address, (host, address))
    return [policy.advice(found.values())] if found else []


def _address(host: str, *, looked_up: bool) -> str:
    """The address of a host; "" if that is not to be looked up, or there is none."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not looked_up and host.rpartition(".")[2] != "localhost":
        return ""
    try:
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        return ""
