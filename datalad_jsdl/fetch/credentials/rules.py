"""What a user says about logins: a line for each, without a secret in it.

::

    ORIGIN[/PATH] SOURCE[:ARGUMENT] [OPTION=VALUE ...]
    https://portal.example/api datalad:portal kind=header header=X-API-Key
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from datalad_jsdl.model.urls import normalise_url, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ANNEX_HEADERS", "BROWSERS", "OPTIONS", "OTHER_BROWSERS", "Rule", "parse_rule"]

#: The source that is git-annex's setting for headers; see `annex_headers`.
ANNEX_HEADERS = "annex-headers"

#: Browsers that the extra ``browser`` reads.
OTHER_BROWSERS = ("chrome", "chromium", "brave")

#: All that are known.
BROWSERS = ("firefox", *OTHER_BROWSERS)

#: Option → what it means, for the documentation.
OPTIONS = {
    "kind": "how the login is shown to the server; see the table of kinds",
    "header": "of the kind ``header``: its name, ``X-API-Key`` if not given; "
    "``Authorization:token`` puts the word ``token`` before the secret",
    "user": "name, where the source has a password only",
    "region": "of the kind ``s3``; else it is taken from the host, or is ``us-east-1``; one that "
    "the server names goes before it",
    "request-payer": "of the kind ``s3``: ``requester``, for buckets where who asks has to pay; "
    "then you pay for what you fetch",
    "token-endpoint": "of the kind ``oauth``: where access tokens are given out",
    "client-id": "of the kind ``oauth``: the application that the login was made for",
}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One line.

    Attributes:
        origin: scheme, host and port.
        prefix: path without a slash at its end; "" for all of the origin.
        source: a name of `sources.SOURCES`.
        argument: what that source is asked for.
        options: names of `OPTIONS` to values.
        line: as it was given.
    """

    origin: str
    prefix: str
    source: str
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
        if not _is_straight(path):
            return False
        return path == self.prefix or path.startswith(self.prefix + "/")


# what is no UTF-8, and the spelling of characters that only some servers know
_ODD = re.compile("\ufffd|%u[0-9a-f]{4}", re.IGNORECASE)


def _is_straight(path: str) -> bool:
    """Whether no server could take a path for another one, as it may ``/api/..;/x`` for ``/x``."""
    plain = path
    while (once := unquote(plain)) != plain:
        plain = once
    parts = plain.replace("\\", "/").split("/")[1:]
    names = [re.sub(r"[\s\x00-\x20\x7f]", "", part.partition(";")[0]) for part in parts]
    if any(name in (".", "..") for name in names) or "" in parts[:-1]:
        return False
    return plain.isprintable() and not _ODD.search(plain)


def parse_rule(line: str) -> Rule:
    """A rule from its line.

    Raises:
        ValueError: it cannot be understood; the text quotes nothing that may be a secret.
    """
    from datalad_jsdl.fetch.credentials.schemes import KINDS
    from datalad_jsdl.fetch.credentials.sources import SOURCES

    words = _words(line)
    if len(words) < 2:
        raise ValueError("expected 'ORIGIN SOURCE' in quotes, such as 'https://portal.example git'")
    scope, source, *rest = words
    origin, prefix = _scope(scope)
    known = {s.name: s for s in SOURCES}
    name, colon, argument = source.partition(":")
    name = name.lower()
    if name not in known:
        hint = "; did you mean browser:firefox?" if name in BROWSERS else ""
        raise ValueError(f"the source is none of {', '.join(known)}{hint}")
    if known[name].needs and not argument:
        raise ValueError(f"expected {name}:{known[name].needs}")
    if colon and not known[name].needs and not known[name].may:
        raise ValueError(f"{name} takes no argument")
    if name == "env" and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", argument):
        raise ValueError("after env: comes the name of a variable, without $, and not its value")
    if name == "datalad" and argument.startswith("datalad-"):
        raise ValueError("after datalad: comes the credential's name without datalad-")
    options = dict(_option(word) for word in rest)
    if options.get("kind", "basic") not in KINDS:
        raise ValueError(f"kind is none of {', '.join(KINDS)}")
    if options.get("user") == "YOU":
        raise ValueError("put your own name in the place of YOU")
    if options.get("kind") == "oauth":
        _check_endpoint(origin, options.get("token-endpoint", ""))
    if options.get("request-payer", "requester") != "requester":
        raise ValueError("expected request-payer=requester")
    if not re.fullmatch(r"[A-Za-z0-9-]+(:[!-~]+)?", options.get("header", "X")):
        raise ValueError("header is not the name of one")
    return Rule(origin, prefix, name, argument, options, line.strip())


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
    try:
        return list(lexer)
    except ValueError:
        raise ValueError("a quote is not closed") from None


def _option(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise ValueError(
            f"expected OPTION=VALUE, with one of {', '.join(OPTIONS)}; what has a space in it goes "
            "in quotes of its own"
        )
    if name not in OPTIONS:
        raise ValueError(f"the option is none of {', '.join(OPTIONS)}")
    return name, value.lower() if name == "kind" else value


def _scope(text: str) -> tuple[str, str]:
    if not text.lower().startswith(("http://", "https://")):
        raise ValueError("the origin does not begin with http:// or https://")
    try:
        url = normalise_url(text)
    except ValueError as error:
        raise ValueError(f"the origin: {error}") from None
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError("the origin has a query or fragment")
    prefix = parts.path.rstrip("/")
    if prefix and not _is_straight(prefix):
        raise ValueError("the path has an empty or dotted part")
    return origin_of(url), prefix


def _check_endpoint(origin: str, endpoint: str) -> None:
    if not endpoint:
        raise ValueError("kind=oauth needs token-endpoint=URL")
    try:
        url = normalise_url(endpoint)
    except ValueError as error:
        raise ValueError(f"token-endpoint: {error}") from None
    if origin.startswith("https:") and not url.startswith("https:"):
        raise ValueError("token-endpoint is not https, as the origin is")
