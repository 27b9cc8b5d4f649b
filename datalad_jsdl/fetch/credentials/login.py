"""A login, and the question for one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.cookiejar import Cookie

    from datalad_jsdl.fetch.credentials.rules import Rule

__all__ = ["GIVE", "Login", "Wanted", "is_sendable"]

#: Before a line that says where a login is.
GIVE = "git config --global --add datalad.jsdl.credential"


@dataclass(frozen=True, slots=True, eq=False)
class Login:
    """What shows a server who somebody is.

    Attributes:
        place: where it is from, in words for messages.
        kind: a name of `kinds.KINDS`.
        secret: password, token, or secret key.
        user: name, or ID of the key.
        session: session token that goes with an S3 key.
        cookies: for the kind ``cookie``, those that may be sent to the origin.
        keys: botocore's object for keys that are renewed as they expire, or None.
        renew: keeps a secret that takes this one's place; None where that cannot be done.
        rule: that named it, or None if it was found by itself.
        source: a name of `sources.SOURCES`.
        stored: the name that DataLad's credential store has for it, or "".
    """

    place: str
    kind: str
    secret: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    session: str = field(default="", repr=False)
    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    keys: Any = field(default=None, repr=False)
    renew: Callable[[str], None] | None = field(default=None, repr=False)
    rule: Rule | None = None
    source: str = ""
    stored: str = ""

    def option(self, name: str, default: str = "") -> str:
        """An option of its rule."""
        return self.rule.options.get(name, default) if self.rule else default


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a source is asked for.

    Attributes:
        scheme: ``http`` or ``https``.
        host: without port; lower case.
        port: number, or None for the scheme's own.
        origin: all three, as `origins.origin_of` writes it.
        argument: what a rule says after the source's name; "" if no rule does.
        rule: that asks, or None.
        config: git config; names of settings in lower case, those of credentials as written.
    """

    scheme: str
    host: str
    port: int | None
    origin: str
    argument: str
    rule: Rule | None
    config: Mapping[str, str]

    @property
    def kind(self) -> str:
        """The kind that the rule names, or "" where the login itself shows it."""
        return self.rule.options.get("kind", "") if self.rule else ""

    @property
    def user(self) -> str:
        """The name that the rule gives, or "" where it stands beside the secret."""
        return self.rule.options.get("user", "") if self.rule else ""


def is_sendable(text: str) -> bool:
    """Whether a secret can stand in a header: no line could be added to a request by it."""
    return bool(text) and all(0x20 <= ord(c) != 0x7F and ord(c) < 0x100 for c in text)
