"""Log in to an origin: what it wants is asked for, tried, kept in the keyring, and named once."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import JsdlError, LoginError
from datalad_jsdl.fetch.credentials.keeping import erase, keep, require_keyring
from datalad_jsdl.fetch.credentials.login import (
    LOG_IN,
    Gives,
    Login,
    LoginWanted,
    Rule,
    Source,
    is_sendable,
)
from datalad_jsdl.fetch.credentials.rules import parse_rule
from datalad_jsdl.fetch.login_question import LoginAnswer, ask_which_login
from datalad_jsdl.manifest.portals import is_address
from datalad_jsdl.model.commands import with_commands
from datalad_jsdl.model.urls import normalise_url, origin_of, redact
from datalad_jsdl.operations.engines import open_engine
from datalad_jsdl.operations.login_lines import add_line, free_name, own_lines
from datalad_jsdl.operations.typed_login import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalad_jsdl.operations.typed_login import LoginInput, TypedLogin

__all__ = ["LoggedIn", "NotWanted", "checked_url", "log_in"]

# how a token may be sent where the server does not say how, in the order in which it is tried
_TOKEN_WAYS: tuple[Mapping[str, str], ...] = (
    {},
    {"kind": "header", "header": "Authorization:token"},
    {"kind": "header", "header": "X-API-Key"},
    {"kind": "header", "header": "X-Dataverse-key"},
)
_UNSUPPORTED = frozenset({"digest", "negotiate", "ntlm", "kerberos", "hoba", "mutual", "dpop"})
# its API gives a token for a name and a password, and does not say so
_LORIS = re.compile(r"https?://[^?#]*/api/v[0-9]+(?:\.[0-9]+)+(?:-[a-z]+)?/")
_ACCEPTED = (404, 410, 416)  # by who asks; what is asked for is not there


@dataclass(frozen=True)
class LoggedIn:
    """A login was taken, and is kept.

    Attributes:
        origin: that it is for.
        user: name, or ID of a key; "" for a token.
        how: the server is shown it, in words.
        where: it is kept, in words.
        line: that was added to git config.
    """

    origin: str
    user: str
    how: str
    where: str
    line: str


@dataclass(frozen=True)
class NotWanted:
    """The URL is open to everybody; nothing was asked for or kept.

    Attributes:
        origin: that answered.
        is_page: it is a web page, which may be the one to log in on.
    """

    origin: str
    is_page: bool


def checked_url(url: str) -> str:
    """A URL as it is asked for; a host alone means https.

    Raises:
        LoginError: it is none.
    """
    if is_address(url):
        raise LoginError(f"{url} is a portal's address; give the URL that its download names")
    try:
        return normalise_url(url if "://" in url else f"https://{url}")
    except ValueError as error:
        raise LoginError(f"cannot log in: {error}") from None


def log_in(url: str, entered: LoginInput) -> LoggedIn | NotWanted:
    """Ask for the login that *url* wants, try it, and keep it.

    Nothing is kept that the server has not taken. A login that was kept for the origin before is
    replaced.

    Args:
        url: that wants a login; a manifest or a file that cannot be had without.
        entered: where the login comes from.

    Raises:
        LoginError: none was given, the server does not take it, or it cannot be kept.
        FetchError: the server does not answer.
        DatasetError, SettingError: git config cannot be read or written.
    """
    url = checked_url(url)
    origin = origin_of(url)
    answer = _answer(url)
    if not answer.wanted:
        if answer.gives_content:
            return NotWanted(answer.origin, answer.is_page)
        raise LoginError(f"{redact(url)}: {_status(answer)}, and no login is asked for{_WHICH}")
    _require_own(origin, url, answer)
    keyring = require_keyring(origin)
    _tell_what_is_wanted(answer, entered)
    entered.tell(f"It will be stored in {keyring}.")  # before it is entered: not all want that
    typed, options = _accepted_login(url, answer, entered)
    line, name = _kept(origin, typed, options)
    return LoggedIn(origin, typed.user, _how(options, typed), f"{keyring}, as datalad-{name}", line)


_WHICH = "; give the URL of a file or manifest that needs one"


def _require_own(origin: str, url: str, answer: LoginAnswer) -> None:
    """Raises LoginError if no login would be sent to where it is wanted."""
    if answer.origin != origin:
        text = f"{origin} redirects to {answer.origin}, which requires a login"
        command = f"{LOG_IN} {shlex.quote(answer.origin)}"
        raise LoginError(with_commands(text, "if you trust it with yours, run", [command]))
    if answer.overheard:
        raise LoginError(
            f"{origin} requires a login; none is sent over plain http through a proxy, which "
            "could read it"
        )
    if answer.schemes and answer.schemes <= _UNSUPPORTED:
        raise LoginError(
            f"{origin} requires a login of a kind that is not supported "
            f"({', '.join(sorted(answer.schemes))})"
        )
    with open_engine(None) as engine:
        rules = [rule for rule in engine.settings.credential if rule.covers(origin, url)]
    if any(rule.source.gives is Gives.NOTHING for rule in rules):
        raise LoginError(
            f"git config says that {origin} gets no login (a line with the source none); remove "
            "that line: git config --global --edit"
        )


def _answer(url: str, *rules: Rule) -> LoginAnswer:
    """What the server says with these rules, and with no other login."""
    none = parse_rule(f"{origin_of(url)} none")
    with open_engine(None, rules=(*rules, none), typed=url, reads_only=True) as engine:
        return ask_which_login(url, engine)


def _status(answer: LoginAnswer) -> str:
    said = f" ({answer.said})" if answer.said else ""
    return f"HTTP status {answer.status}{said}"


def _tell_what_is_wanted(answer: LoginAnswer, entered: LoginInput) -> None:
    verb = "requires" if answer.status == 401 else "may require"
    kinds = " or ".join(word.capitalize() for word in sorted(answer.schemes))
    text = f"{answer.origin} {verb} a login" + (f" ({kinds})" if kinds else "")
    if answer.origin.startswith("http:"):
        text += ". It is sent unencrypted"
    entered.tell(f"{text}.")


def _asked(answer: LoginAnswer) -> Asked:
    """What the server wants to be shown."""
    if answer.is_store:
        return Asked.KEYS
    others = answer.schemes - _UNSUPPORTED
    if not others:
        return Asked.TOKEN if answer.headers else Asked.EITHER
    if "basic" not in others:
        return Asked.TOKEN
    return Asked.PASSWORD if others == {"basic"} else Asked.EITHER


def _ways(url: str, answer: LoginAnswer, typed: TypedLogin) -> Iterator[Mapping[str, str]]:
    """How the login may be sent: options of a line."""
    if answer.is_store:
        yield {"kind": "s3"}
    elif typed.user:
        yield {"user": typed.user}
        if not answer.schemes and (match := _LORIS.match(url)):
            endpoint = f"{match[0]}login"
            yield {"kind": "login", "user": typed.user, "token-endpoint": endpoint}
    else:
        yield from ({"kind": "header", "header": name} for name in answer.headers)
        others = answer.schemes - _UNSUPPORTED - {"basic"}
        for scheme in sorted(others):
            header = {"kind": "header", "header": f"Authorization:{scheme}"}
            yield {} if scheme == "bearer" else header
        if not others:
            yield from _TOKEN_WAYS


def _accepted_login(
    url: str, answer: LoginAnswer, entered: LoginInput
) -> tuple[TypedLogin, Mapping[str, str]]:
    """The login that the server takes, and how it takes it."""
    for left in reversed(range(entered.tries)):
        typed = entered.read(_asked(answer))
        said = answer
        for options in _ways(url, answer, typed):
            said = _answer(url, _rule(url, typed, options))
            if not said.wanted:
                if said.gives_content or said.status in _ACCEPTED:
                    return typed, options
                raise LoginError(f"{redact(url)}: {_status(said)}; nothing was stored")
        text = f"{said.origin} rejects this login: {_status(said)}"
        if not left:
            raise LoginError(f"{text}; nothing was stored")
        entered.tell(f"{text}.")
    raise LoginError("no login was entered")


def _rule(url: str, typed: TypedLogin, options: Mapping[str, str]) -> Rule:
    """A rule for what is only in memory."""
    kind = options.get("kind", "basic" if typed.user else "bearer")

    def find(wanted: LoginWanted) -> Login:
        return Login("the login", kind, typed.secret, typed.user, rule=wanted.rule)

    if kind in ("bearer", "header") and not is_sendable(typed.secret):
        raise LoginError("the token has a character that is invalid in a header")
    return Rule(origin_of(url), "", Source("typed", "", find), options=options)


def _kept(origin: str, typed: TypedLogin, options: Mapping[str, str]) -> tuple[str, str]:
    """Keep a login, and name it in git config; the line and the name."""
    lines = own_lines()
    name = free_name(origin, lines)
    keys = options.get("kind") == "s3"
    fields = {"key_id": typed.user, "secret_id": typed.secret} if keys else {"secret": typed.secret}
    more = [shlex.quote(f"{option}={value}") for option, value in options.items()]
    line = " ".join([origin, f"datalad:{name}", *more])
    old = [own for own in lines if own.is_stored and own.rule.origin == origin]
    keep(name, fields, origin)
    if [own.text for own in old] != [line]:
        try:
            add_line(line, old)
        except JsdlError:
            if not any(own.rule.argument == name for own in old):
                erase(name)
            raise
    return line, name


def _how(options: Mapping[str, str], typed: TypedLogin) -> str:
    if options.get("kind") == "s3":
        return "requests signed for S3"
    if typed.user:
        return "user name and password"
    name, _, word = options.get("header", "Authorization:Bearer").partition(":")
    return f"token in the header {name}" + (f" ({word})" if word else "")
