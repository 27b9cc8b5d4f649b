"""Which proxy an origin is reached through, and what is said of one that fails.

A proxy is named by git's settings (git-config(1): ``remote.<name>.proxy``, ``http.proxy``), else by
the usual variables. ``no_proxy`` is read as curl, wget, Go and requests do together: names with
their subdomains, addresses, networks, each with a port or without.
"""

from __future__ import annotations

import base64
import contextlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes
from urllib.request import getproxies_environment, proxy_bypass

import urllib3

from datalad_jsdl.errors import FetchError

if TYPE_CHECKING:
    import ipaddress
    from collections.abc import Iterator, Mapping

    _Network = ipaddress.IPv4Network | ipaddress.IPv6Network

__all__ = ["Proxy", "TrustError", "ViaProxyError", "is_excepted", "proxy_of", "through"]

# git's, the first that is set; an empty one means none
_SETTINGS = {"remote.proxy": "git config remote.jsdl.proxy", "proxy": "git config http.proxy"}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy.

    Attributes:
        url: scheme, host and port, without a login.
        named: the variable or setting that it is from.
        login: for the header Proxy-Authorization, or "".
    """

    url: str
    named: str
    login: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"the proxy {self.url} of {self.named}"


class ViaProxyError(urllib3.exceptions.HTTPError):
    """There was no answer through a proxy; the cause says what happened.

    Attributes:
        proxy: that it was.
    """

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(f"no response through {proxy}")
        self.proxy = proxy


class TrustError(urllib3.exceptions.SSLError):
    """TLS failed with an origin; the cause says how.

    Attributes:
        origin: that it was.
    """

    def __init__(self, origin: str, said: object) -> None:
        super().__init__(str(said))
        self.origin = origin


@contextlib.contextmanager
def through(proxy: Proxy | None, origin: str) -> Iterator[None]:
    """While an answer is waited for: a failure is told with what was on the way.

    Raises:
        ViaProxyError: in the place of what urllib3 raises, if there is a proxy.
        TrustError: in the place of its SSLError, if there is none.
    """
    try:
        yield
    except FetchError:
        raise
    except urllib3.exceptions.SSLError as error:
        if proxy is None:
            raise TrustError(origin, error) from error
        raise ViaProxyError(proxy) from TrustError(origin, error)
    except (OSError, urllib3.exceptions.HTTPError) as error:
        if proxy is None:
            raise
        raise ViaProxyError(proxy) from error


def proxy_of(
    scheme: str, host: str, port: int, settings: Mapping[str, str], system: Mapping[str, str]
) -> Proxy | None:
    """The proxy for an origin, or None.

    Args:
        scheme: ``http`` or ``https``.
        host: a name, or a numeric address without brackets.
        port: number.
        settings: git's, as they hold for the origin; see `pools.Pools`.
        system: what `urllib.request.getproxies` gives.

    Raises:
        FetchError: what is named cannot be a proxy, or is of a kind that is not supported.
    """
    found, named = _named(scheme, settings, system)
    if not found or is_excepted(host, port, system.get("no", "")):
        return None
    # what the system excepts by itself, where no variable says anything (macOS, Windows)
    if not getproxies_environment() and proxy_bypass(host):
        return None
    return _proxy(found, named, f"{scheme}_proxy")


def _named(scheme: str, settings: Mapping[str, str], system: Mapping[str, str]) -> tuple[str, str]:
    """The proxy as it is written, and where."""
    for name, words in _SETTINGS.items():
        if name in settings:
            return settings[name].strip(), words
    for kind in (scheme, "all"):
        for variable in (f"{kind}_proxy", f"{kind}_PROXY".upper()):
            if os.environ.get(variable, "") == system.get(kind):
                return system[kind].strip(), variable
        if kind in system:
            return system[kind].strip(), "your system's settings"
        if os.environ.get(f"{kind}_proxy") == "":  # as curl: none, and no other one
            break
    return "", ""


def _proxy(written: str, named: str, variable: str) -> Proxy:
    text = written if "://" in written else f"http://{written}"
    try:
        parts = urllib3.util.parse_url(text)
    except (ValueError, urllib3.exceptions.HTTPError):  # their texts quote the password
        parts = None
    # a password with a slash in it ends the host too early
    if parts is None or not parts.host or "@" in (parts.request_uri or "") + (parts.fragment or ""):
        raise FetchError(
            f"{named} is not a proxy URL; in its password, percent-encode every character except "
            "letters and digits"
        ) from None
    if parts.scheme not in ("http", "https"):
        raise FetchError(
            f"{named} is a proxy of the kind {parts.scheme}, which is not supported; name an http "
            f"proxy in {variable}, or add this host to no_proxy"
        )
    place = f"{parts.scheme}://{parts.host}" + (f":{parts.port}" if parts.port else "")
    return Proxy(place, named, _login(parts.auth) if parts.auth else "")


def _login(pair: str) -> str:
    """RFC 7617; each half is percent-encoded in the URL."""
    user, _, password = pair.partition(":")
    plain = unquote_to_bytes(user) + b":" + unquote_to_bytes(password)
    return "Basic " + base64.b64encode(plain).decode("ascii")


def is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Whether ``no_proxy`` has a host.

    Args:
        host: a name in IDNA, or a numeric address without brackets.
        port: number.
        exceptions: items with commas or spaces between them.
    """
    host = host.lower().rstrip(".")
    for item in exceptions.lower().replace(",", " ").split():
        name, wanted = _split(item)
        if wanted is not None and wanted != port:
            continue
        if name == "*" or _is_of(host, name):
            return True
    return False


def _split(item: str) -> tuple[str, int | None]:
    """Host or network, and the port if there is one: ``a:80``, ``[::1]:80``, ``::1``."""
    if item.startswith("["):
        name, _, rest = item[1:].partition("]")
        rest, _, length = rest.rpartition("/") if "/" in rest else (rest, "", "")
        name += f"/{length}" if length else ""
        number = rest.removeprefix(":")
    elif item.count(":") == 1:
        name, _, number = item.partition(":")
    else:
        name, number = item, ""
    return name, int(number) if number.isascii() and number.isdigit() else None


def _is_of(host: str, name: str) -> bool:
    """Whether a host is what an item names, or belongs to it."""
    import ipaddress

    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        bare = name.removeprefix("*").strip(".")
        with contextlib.suppress(UnicodeError):
            bare = bare.encode("idna").decode("ascii")
        return bool(bare) and (host == bare or host.endswith("." + bare))
    try:
        network = ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address in network or (mapped is not None and mapped in network)
