"""A login, what a user says about one, and what a place that keeps logins is.

A `Rule` is a user's line. A `Source` is a row of the table `sources.SOURCES`; it is asked a
`LoginWanted`, and answers with a `Login`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.cookiejar import Cookie

__all__ = [
    "GIVE",
    "LOG_IN",
    "OPTIONS",
    "Gives",
    "Hint",
    "Login",
    "LoginWanted",
    "Missing",
    "Rule",
    "Source",
    "correct_line",
    "is_sendable",
    "is_straight",
]

#: Before a URL that wants a login: asks for it, tries and keeps it.
LOG_IN = "datalad jsdl-login"

#: Before a line that says where a login is.
GIVE = "git config --global --add datalad.jsdl.credential"

#: Option → what it means, for the documentation.
OPTIONS = {
    "kind": "how the login is sent to the server; see the table of kinds",
    "header": "for the kind ``header``: the header's name, by default ``X-API-Key``; "
    "``Authorization:token`` puts the word ``token`` before the secret",
    "user": "user name, where the source has only a password",
    "region": "for the kind ``s3``; by default that of the host name, or ``us-east-1``; a region "
    "that the server names takes precedence",
    "request-payer": "for the kind ``s3``: ``requester``, for requester-pays buckets; "
    "then you pay for your downloads",
    "token-endpoint": "for the kinds ``oauth`` and ``login``: the URL that issues tokens",
    "client-id": "for the kind ``oauth``: the application that the login was issued to",
}


class Gives(Enum):
    """What a rule adds to a request, by its source.

    Attributes:
        LOGIN: a login.
        HEADERS: git-annex's headers, beside a login.
        NOTHING: nothing; no further rule or source is asked.
    """

    LOGIN = "login"
    HEADERS = "headers"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One line.

    Attributes:
        origin: scheme, host and port.
        prefix: path without a slash at its end; "" for all of the origin.
        source: that has the login.
        argument: what that source is asked for.
        options: names of `OPTIONS` to values.
        line: as it was given.
    """

    origin: str
    prefix: str
    source: Source
    argument: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    line: str = ""

    def covers(self, origin: str, url: str) -> bool:
        """Whether a URL of that origin lies in the rule's scope."""
        if origin != self.origin:
            return False
        if not self.prefix:
            return True
        path = urlsplit(url).path
        if not is_straight(path):
            return False
        return path == self.prefix or path.startswith(self.prefix + "/")


# what is no UTF-8, and the spelling of characters that only some servers know
_ODD = re.compile("\ufffd|%u[0-9a-f]{4}", re.IGNORECASE)


def is_straight(path: str) -> bool:
    """Whether no server could take a path for another one, as it may ``/api/..;/x`` for ``/x``."""
    plain = path
    while (once := unquote(plain)) != plain:
        plain = once
    parts = plain.replace("\\", "/").split("/")[1:]
    names = [re.sub(r"[\s\x00-\x20\x7f]", "", part.partition(";")[0]) for part in parts]
    if any(name in (".", "..") for name in names) or "" in parts[:-1]:
        return False
    return plain.isprintable() and not _ODD.search(plain)


@dataclass(frozen=True, slots=True, eq=False)
class Login:
    """What shows a server who somebody is.

    Attributes:
        place: where it is from, in words for messages.
        kind: a name of `schemes.KINDS`.
        secret: password, token, or secret key.
        user: name, or ID of the key.
        session: session token that goes with an S3 key.
        cookies: for the kind ``cookie``, those that may be sent to the origin.
        keys: botocore's object for keys that are renewed as they expire, or None.
        renew: keeps a secret that takes this one's place; None where that cannot be done.
        rule: that named it, or None if it was found by itself.
        source: that found it; None before a `Place` has it.
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
    source: Source | None = field(default=None, repr=False)
    stored: str = ""

    @property
    def source_name(self) -> str:
        """Of its source, for the log: a name of the table of sources, and no secret."""
        return self.source.name if self.source else "(unknown)"

    def option(self, name: str, default: str = "") -> str:
        """An option of its rule."""
        return self.rule.options.get(name, default) if self.rule else default


@dataclass(frozen=True, slots=True)
class LoginWanted:
    """What a source is asked for.

    Attributes:
        scheme: ``http`` or ``https``.
        host: without port; lower case.
        port: number, or None for the scheme's own.
        origin: all three, as `model.urls.origin_of` writes it.
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


@dataclass(frozen=True, slots=True)
class Missing:
    """An origin that wants a login, where there is none.

    Attributes:
        origin: scheme, host and port.
        schemes: that the challenge offers (RFC 9110, 11.6.1), in lower case.
        store: it is an object store that speaks S3.
    """

    origin: str
    schemes: frozenset[str]
    store: bool


@dataclass(frozen=True, slots=True)
class Hint:
    """How to give a login.

    Attributes:
        text: for the user.
        login: the URL to log in at, for a command of its own (`LOG_IN`); "" if that is of no
            use, or was said before.
    """

    text: str
    login: str = ""


def _nothing(_: LoginWanted) -> None:
    return None


def _anything(_: str) -> None:
    pass


def _no_hint(_: Missing) -> None:
    return None


def correct_line(_: Login, origin: str) -> str:
    """The way that is left where a source has no better one; see `Source.refused`."""
    return (
        f"correct the line for {origin}: git config --global --edit "
        "(in the dataset, without --global)"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A place where logins are kept: a row of `sources.SOURCES`.

    Only a name and a meaning are needed; all else has a default.

    Attributes:
        name: as a rule writes it, in lower case.
        meaning: one sentence, for the documentation.
        find: the login, or None; raises `FetchError` with the reason if it fails.
        argument: stands for what a rule may say after the name, in the help; "" if nothing.
        required: a rule has to say it.
        arguments: some that a user may take for names of sources.
        unnamed: it is searched for origins that no rule is for, too.
        gives: what a rule of it adds to a request.
        check: raises `ValueError` for an argument that cannot be. Its text does not quote the
            argument, which may be a secret.
        keep: the argument as a dataset's git config is to have it, where it would mean something
            else in another folder; raises `ValueError` if there is no such thing. None to keep it
            as it is.
        missing: how to give a login of this source to an origin, besides `LOG_IN`; None if that
            is not for it.
        refused: how to replace a login of it that the origin (the second argument) refuses.
    """

    name: str
    meaning: str
    find: Callable[[LoginWanted], Login | None] = _nothing
    argument: str = ""
    required: bool = False
    arguments: tuple[str, ...] = ()
    unnamed: bool = False
    gives: Gives = Gives.LOGIN
    check: Callable[[str], None] = _anything
    keep: Callable[[str], str] | None = None
    missing: Callable[[Missing], Hint | None] = _no_hint
    refused: Callable[[Login, str], str] = correct_line

    @property
    def usage(self) -> str:
        """How a rule writes it, such as ``env:VARIABLE`` or ``aws[:PROFILE]``."""
        if not self.argument:
            return self.name
        return f"{self.name}:{self.argument}" if self.required else f"{self.name}[:{self.argument}]"


def is_sendable(text: str) -> bool:
    """Whether a secret can stand in a header: no line could be added to a request by it."""
    return bool(text) and all(0x20 <= ord(c) != 0x7F and ord(c) < 0x100 for c in text)
