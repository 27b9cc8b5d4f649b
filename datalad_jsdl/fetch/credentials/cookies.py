"""Cookies: of a ``cookies.txt`` file, and which of them an origin may see (RFC 6265).

Cookies know hosts and paths, but no ports (RFC 6265, 8.5): so they go only to origins that
a user has named.
"""

from __future__ import annotations

import re
import time
from http.cookiejar import Cookie
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.credentials.values import Login

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalad_jsdl.fetch.credentials.values import Wanted

__all__ = ["cookie_header", "find", "login_of", "make_cookie"]


def find(wanted: Wanted) -> Login | None:
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
        raise FetchError(f"{file} is no cookies.txt in Netscape's format")
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


def login_of(cookies: Iterable[Cookie], wanted: Wanted, place: str) -> Login:
    """Those of *cookies* that the origin may see.

    Raises:
        FetchError: there is none.
    """
    now = time.time()
    here = [cookie for cookie in cookies if _is_for_host(cookie, wanted.host)]
    good = [cookie for cookie in here if not (cookie.expires and cookie.expires < now)]
    mine = tuple(c for c in good if wanted.scheme == "https" or not c.secure)
    if not mine:
        what = "that may be sent by http" if good else "that has not expired" if here else ""
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
