"""What a user is told when an origin wants a login: what it wants, and how to give it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from datalad_jsdl.fetch.credentials.login import Gives, Hint, Missing
from datalad_jsdl.model.secrecy import DEFAULT, is_harmless_name, may_be_secret
from datalad_jsdl.model.urls import origin_of, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.fetch.credentials.login import Login
    from datalad_jsdl.fetch.credentials.place import Place

__all__ = ["advice", "schemes_of"]

# the scheme of a challenge: a word that is not the name of a parameter (RFC 9110, 11.3)
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]{0,19})(?=\s|,|$)(?!\s*=)")

_PLAIN = re.compile(r"[a-z-]{0,20}|\d{1,6}")

_MORE = '(other ways: "The portal wants me to log in" in the documentation)'


def schemes_of(challenge: str) -> frozenset[str]:
    """The schemes that WWW-Authenticate offers, in lower case."""
    bare = re.sub(r'"[^"]*"', '""', challenge)
    return frozenset(match[1].lower() for match in _SCHEME.finditer(bare))


def advice(
    place: Place,
    url: str,
    status: int,
    challenge: str,
    denied: Iterable[Login],
    overheard: bool,
    *,
    again: bool = False,
    store: bool = False,
    beside: str = "",
) -> Hint:
    """Which origin wants what, and how to give it; one sentence, in full only once.

    Args:
        place: the origin.
        url: that was asked for.
        status: 401, or 403 where it may be something else that is missing.
        challenge: the header WWW-Authenticate.
        denied: logins that were refused.
        overheard: none was sent, since a proxy would have seen it.
        again: in full each time, and that does not count: it may not be shown.
        store: it is an object store that speaks S3.
        beside: what is to be said of git-annex's headers.
    """
    schemes = schemes_of(challenge)
    requires = "requires" if status == 401 else "may require"
    text = f"{place.origin} {requires} a login"
    if schemes:
        text += f" ({' or '.join(word.capitalize() for word in sorted(schemes))})"
    if overheard:
        return Hint(f"{text}; none is sent over plain http through a proxy, which could read it")
    refused = {f"{login.place} ({_sent(login)})": login for login in denied}
    if refused:
        text += f" and rejects {' and '.join(refused)}"
    if place.advised and not again:
        return Hint(f"{text} (see above)")
    place.advised = place.advised or not again
    if why := list(dict.fromkeys(filter(None, [*place.problems, beside, *_near(place, url)]))):
        text += f" ({'; '.join(why)})"
    if refused:
        text += f"; {_replace([*refused.values()][-1], place.origin, status)} {_MORE}"
        return Hint(text, _login_url(place.origin, url))
    more = _give(Missing(place.origin, schemes, store))
    return Hint(f"{text}; {more} {_MORE}" if more else text, _login_url(place.origin, url))


def _replace(login: Login, origin: str, status: int) -> str:
    """How to replace a login that is rejected."""
    text = login.source.refused(login, origin) if login.source else ""
    if login.kind == "s3" and status == 403 and not login.option("request-payer"):
        text += (
            "; if the requester pays there and you agree to pay: add request-payer=requester to "
        )
        text += f"the line for {origin}"
    return text


def _login_url(origin: str, url: str) -> str:
    """The URL to log in at: the one that was asked for, without what may be a secret."""
    shown, _, query = url.partition("#")[0].partition("?")
    if redact(shown) != shown or origin_of(shown) != origin:
        return origin
    if not query or DEFAULT.is_signed(url):
        return shown
    pairs = parse_qsl(query, keep_blank_values=True)
    return f"{shown}?{query}" if all(_is_plain(*pair) for pair in pairs) else shown


def _is_plain(name: str, value: str) -> bool:
    """Whether a parameter of a URL can be shown: it is an identifier, a number or a word."""
    known = is_harmless_name(name) or _PLAIN.fullmatch(value)
    return bool(known) and not may_be_secret(name)


def _give(missing: Missing) -> str:
    """What the first source says that has a way of its own to give a login."""
    from datalad_jsdl.fetch.credentials.sources import SOURCES

    hints = filter(None, (source.missing(missing) for source in SOURCES))
    return next((hint.text for hint in hints), "")


def _near(place: Place, url: str) -> Iterator[str]:
    """Rules that somebody may have thought to be for this URL."""
    host = urlsplit(place.origin).hostname
    for rule in place.rules:
        shown = rule.origin + rule.prefix
        if rule.covers(place.origin, url):
            if rule.source.gives is Gives.NOTHING:
                yield f"your credential for {shown} is set to {rule.source.name}"
        elif rule.origin == place.origin:
            yield f"your credential is for URLs below {shown} only"
        elif urlsplit(rule.origin).hostname == host:
            same = urlsplit(rule.origin).scheme == urlsplit(place.origin).scheme
            yield f"your credential is for {shown}, a different {'port' if same else 'scheme'}"


def _sent(login: Login) -> str:
    """How a login was shown."""
    if login.kind == "basic":
        return f"sent as user {login.user!r} with password"
    if login.kind == "header":
        return f"sent as {login.option('header', 'X-API-Key')}"
    if login.kind == "cookie":
        return "sent as cookies"
    return "signed for S3" if login.kind == "s3" else "sent as Authorization: Bearer"
