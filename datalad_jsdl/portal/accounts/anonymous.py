"""Users who are not signed in: each browser is one of its own, which a cookie tells."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.portal.accounts.sealed import opened, sealed
from datalad_jsdl.portal.identity import Visitor

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PREFIX", "AnonymousUsers"]

#: What the names of such users begin with.
PREFIX = "anonymous:"

_SIZE = 16  # random bytes of an id: as hard to guess as a key
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_SECONDS = 365 * 24 * 3600
_SHOWN = "Not signed in"


@dataclass(frozen=True)
class AnonymousUsers:
    """Finds and makes them. Nothing is kept of those who only look.

    Attributes:
        secret: that cookies are sealed with.
        is_secure: whether browsers connect by TLS.
    """

    secret: bytes = field(repr=False)
    is_secure: bool

    @property
    def cookie(self) -> str:
        """Name of the cookie; the prefix has browsers take it from this host alone."""
        return "__Host-jsdl-visitor" if self.is_secure else "jsdl_visitor"

    def known(self, cookies: Mapping[str, str]) -> Visitor | None:
        """Who it is by the cookie; None if there is none that was made here."""
        value = opened(cookies.get(self.cookie, ""), self.secret)
        found = value.get("anonymous") if value else None
        return _visitor(found) if isinstance(found, str) and _ID.fullmatch(found) else None

    def made(self) -> tuple[Visitor, str]:
        """Somebody new, and the value of ``Set-Cookie`` that has the browser say so."""
        name = secrets.token_urlsafe(_SIZE)
        value = sealed({"anonymous": name}, self.secret, _SECONDS)
        secure = "; Secure" if self.is_secure else ""
        cookie = f"{self.cookie}={value}; Path=/; Max-Age={_SECONDS}; HttpOnly; SameSite=Lax"
        return _visitor(name), cookie + secure


def _visitor(name: str) -> Visitor:
    return Visitor(f"{PREFIX}{name}", frozenset(), _SHOWN, is_anonymous=True)
