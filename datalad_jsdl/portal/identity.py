"""Who asks: whose list and orders a request is about."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ME", "Identity", "NobodyIdentity", "TokenIdentity", "Visitor"]

#: The user of a portal that one person runs for themselves; in routes, whoever asks.
ME = "me"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks.

    Attributes:
        user: whose list and orders these are.
        groups: that the user belongs to.
        shown: the user's name for people.
        is_anonymous: nobody has signed in; the user is one browser.
        session: by which it can be ended; "" if it cannot.
    """

    user: str
    groups: frozenset[str] = frozenset()
    shown: str = ""
    is_anonymous: bool = False
    session: str = field(default="", compare=False, repr=False)


class Identity(Protocol):
    """A way to find out who asks."""

    def visitor(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], client: str
    ) -> Visitor | None:
        """Who asks, or None if that does not show.

        Args:
            headers: of the request; their names in lower case.
            cookies: of the request.
            client: address that the connection is from, or "".
        """


class NobodyIdentity:
    """Where nobody signs in."""

    def visitor(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], client: str
    ) -> Visitor | None:
        """See `Identity`."""
        return None


@dataclass(frozen=True)
class TokenIdentity:
    """One user, known by a token: programs send it, a browser has it exchanged for a cookie.

    Attributes:
        token: the secret.
        cookie: name of the cookie. Browsers send cookies to all ports of a host, so it has the
            port in it.
    """

    token: str = field(repr=False)
    cookie: str

    def visitor(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], client: str
    ) -> Visitor | None:
        """See `Identity`."""
        if self.has_token(headers):
            return Visitor(ME)
        if _is_same(cookies.get(self.cookie, ""), self.cookie_value):
            return Visitor(ME)
        return None

    def has_token(self, headers: Mapping[str, str]) -> bool:
        """Whether a program has sent the token (RFC 6750, 2.1)."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.is_token(given.strip())

    def is_token(self, given: str) -> bool:
        """Whether it is the token; how long that takes tells nothing of it."""
        return _is_same(given, self.token)

    @property
    def cookie_value(self) -> str:
        """What the token is exchanged for."""
        return hmac.new(self.token.encode(), b"cookie", hashlib.sha256).hexdigest()


def _is_same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode())
