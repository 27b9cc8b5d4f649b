"""What a user is told when an origin wants a login: what it wants, and how to give it."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.fetch.credentials.login import GIVE
from datalad_jsdl.model.urls import store_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.fetch.credentials.login import Login
    from datalad_jsdl.fetch.credentials.session import Place

__all__ = ["advice", "schemes_of"]

# the scheme of a challenge: a word that is not the name of a parameter (RFC 9110, 11.3)
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]{0,19})(?=\s|,|$)(?!\s*=)")

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
) -> str:
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
    """
    schemes = sorted(schemes_of(challenge))
    wants = "wants" if status == 401 else "may want"
    text = f"{place.origin} {wants} a login"
    if schemes:
        text += f" ({' or '.join(word.capitalize() for word in schemes)})"
    if overheard:
        return f"{text}, and none is sent by plain http through a proxy, which would see it"
    refused = {f"{login.place} ({_sent(login)})": login for login in denied}
    if refused:
        text += f" and does not take {' nor '.join(refused)}"
    if place.advised and not again:
        return f"{text}, as said above"
    place.advised = place.advised or not again
    if why := list(dict.fromkeys([*place.problems, *_near(place, url)])):
        text += f" [{'; '.join(why)}]"
    if refused:
        last = list(refused.values())[-1]
        mend = _mend(last, place.origin)
        if last.kind == "s3" and status == 403 and not last.option("request-payer"):
            mend += "; if who asks has to pay there, and you agree: add request-payer=requester to "
            mend += f"the line for {place.origin}"
        return f"{text}; {mend} {_MORE}"
    if store:
        return (
            f"{text}; if your AWS keys may read it: {GIVE} '{place.origin} aws'; where who asks "
            f"has to pay, and you agree: '{place.origin} aws request-payer=requester' {_MORE}"
        )
    return f"{text}; {_give(place.origin, schemes)} {_MORE}"


def _near(place: Place, url: str) -> Iterator[str]:
    """Rules that somebody may have thought to be for this URL."""
    host = urlsplit(place.origin).hostname
    for rule in place.rules:
        shown = rule.origin + rule.prefix
        if rule.covers(place.origin, url):
            if rule.source == "none":
                yield f"your line for {shown} says none"
        elif rule.origin == place.origin:
            yield f"your line for {shown} is for URLs below that only"
        elif urlsplit(rule.origin).hostname == host:
            yield f"your line for {shown} is for another port or scheme"


def _sent(login: Login) -> str:
    """How a login was shown."""
    if login.kind == "basic":
        return f"sent as name {login.user!r} and password"
    if login.kind == "header":
        return f"sent as {login.option('header', 'X-API-Key')}"
    if login.kind == "cookie":
        return "sent as cookies"
    return "signed for S3" if login.kind == "s3" else "sent as Authorization: Bearer"


def _mend(login: Login, origin: str) -> str:
    """How to replace a login that is not taken."""
    ways = {
        "git": "replace it with: git credential reject, then git credential approve",
        "netrc": "correct its line there",
        "cookies": "log in at the portal again and export the file anew",
        "browser": "log in at the portal again",
        "env": "correct the variable, or the kind in your line",
        "aws": "see: aws sts get-caller-identity",
    }
    stored = shlex.quote(f"datalad-{login.stored}")
    return ways.get(
        login.source,
        f"enter the secret anew when this asks: keyring set {stored} secret; or correct "
        f"the line for {origin}: git config --global --edit (in the dataset without --global)",
    )


def _give(origin: str, schemes: list[str]) -> str:
    """How to give one where there is none."""
    name = store_name(origin)
    options = " user=NAME" if "basic" in schemes else ""
    if not schemes:
        ask = "a token (or with user=NAME added, a password)"
    else:
        ask = "your password" if options else "your token"
    return (
        f"to give {ask}, enter it when this asks: keyring set datalad-{name} secret; and then: "
        f"{GIVE} '{origin} datalad:{name}{options}'"
    )
