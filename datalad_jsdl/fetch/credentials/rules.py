"""What a user says about logins: a line for each, without a secret in it.

::

    ORIGIN[/PATH] SOURCE[:ARGUMENT] [OPTION=VALUE ...]
    https://portal.example/api datalad:portal kind=header header=X-API-Key
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.fetch.credentials.login import OPTIONS, Rule, is_straight
from datalad_jsdl.model.urls import normalise_url, origin_of

if TYPE_CHECKING:
    from datalad_jsdl.fetch.credentials.login import Source

__all__ = ["parse_rule"]


def parse_rule(line: str) -> Rule:
    """A rule from its line.

    Raises:
        ValueError: it cannot be understood; the text quotes nothing that may be a secret.
    """
    words = _words(line)
    if len(words) < 2:
        raise ValueError("expected 'ORIGIN SOURCE' in quotes, such as 'https://portal.example git'")
    scope, place, *rest = words
    origin, prefix = _scope(scope)
    source, argument = _source(place)
    options = dict(_option(word) for word in rest)
    _check_options(options, origin)
    return Rule(origin, prefix, source, argument, options, line.strip())


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return list(lexer)
    except ValueError:
        raise ValueError("a closing quote is missing") from None


def _source(word: str) -> tuple[Source, str]:
    """The row of the table, and what it is asked for."""
    from datalad_jsdl.fetch.credentials.sources import SOURCES

    name, colon, argument = word.partition(":")
    name = name.lower()
    known = {source.name: source for source in SOURCES}
    if (source := known.get(name)) is None:
        meant = [s.name for s in SOURCES if name in s.arguments]
        hint = f"; did you mean {meant[0]}:{name}?" if meant else ""
        raise ValueError(f"unknown source; choose from {', '.join(known)}{hint}")
    if source.required and not argument:
        raise ValueError(f"expected {source.usage}")
    if colon and not source.argument:
        raise ValueError(f"{name} takes no argument")
    source.check(argument)
    return source, argument


def _option(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise ValueError(
            f"expected OPTION=VALUE, where OPTION is one of {', '.join(OPTIONS)}; a value with "
            "spaces needs quotes of its own"
        )
    if name not in OPTIONS:
        raise ValueError(f"unknown option; choose from {', '.join(OPTIONS)}")
    return name, value.lower() if name == "kind" else value


def _check_options(options: dict[str, str], origin: str) -> None:
    from datalad_jsdl.fetch.credentials.schemes import EXCHANGED, KINDS

    if options.get("kind", "basic") not in KINDS:
        raise ValueError(f"unknown kind; choose from {', '.join(KINDS)}")
    if options.get("user") == "YOU":
        raise ValueError("replace YOU with your own name")
    if options.get("kind") in EXCHANGED:
        _check_endpoint(origin, options["kind"], options.get("token-endpoint", ""))
    if options.get("request-payer", "requester") != "requester":
        raise ValueError("expected request-payer=requester")
    if not re.fullmatch(r"[A-Za-z0-9-]+(:[!-~]+)?", options.get("header", "X")):
        raise ValueError("header= needs the name of a header")


def _scope(text: str) -> tuple[str, str]:
    if not text.lower().startswith(("http://", "https://")):
        raise ValueError("the origin must begin with http:// or https://")
    try:
        url = normalise_url(text)
    except ValueError as error:
        raise ValueError(f"the origin: {error}") from None
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError("the origin must not have a query or fragment")
    prefix = parts.path.rstrip("/")
    if prefix and not is_straight(prefix):
        raise ValueError("the path must not have empty, . or .. parts")
    return origin_of(url), prefix


def _check_endpoint(origin: str, kind: str, endpoint: str) -> None:
    if not endpoint:
        raise ValueError(f"kind={kind} needs token-endpoint=URL")
    try:
        url = normalise_url(endpoint)
    except ValueError as error:
        raise ValueError(f"token-endpoint: {error}") from None
    if origin.startswith("https:") and not url.startswith("https:"):
        raise ValueError("token-endpoint must be https, like the origin")
