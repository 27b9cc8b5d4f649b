"""What must not be shown of a text that a server has written: our secrets, and others'."""

from __future__ import annotations

import base64
import binascii
import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from datalad_jsdl.model.secrecy import may_be_secret
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

__all__ = ["secrets_of", "without_secrets"]

_SHORTEST = 4  # characters of a secret that may be a part of a word; shorter ones are in many
_SHORTEST_VALUE = 8  # of a parameter of a URL, whatever it is called
_HIDDEN = "…"

_NO_SECRETS = ("x-amz-date", "x-amz-content-sha256", "x-amz-request-payer", "host")

# of an S3 signature, all but the region, which the server may name
_S3_PART = re.compile(r"(?:Credential=([^/,\s]+)|Signature=(\w+))")
_LIKE_SECRETS = (
    re.compile(r"\b(?:AKIA|ASIA|GOOG)[A-Z0-9]{8,}\b"),
    re.compile(r"\b(?:bearer|basic|token)\s+[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        r"\b[\w-]*(?:token|password|passwd|pwd|secret|signature|api[-_]?key|accesskeyid|credential"
        r"|authorization|cookie|session|x-amz-[a-z-]+|x-goog-[a-z-]+|sig|jwt)"
        r"[\"']?\s*(?:=\s*|:\s*(?=[^\s,;]*\d))[\"']?[^\s\"',;&<>]{4,}",
        re.IGNORECASE,
    ),
    # long words of letters and digits: keys, digests, numbers of requests
    re.compile(r"\b(?=[A-Za-z+]*\d)(?=[0-9+]*[A-Za-z])[A-Za-z0-9+]{32,}={0,2}"),
    re.compile(r"\beyJ[\w-]+\.[\w.-]+"),
)


def secrets_of(headers: Mapping[str, str], *urls: str) -> frozenset[str]:
    """The texts of a request that nobody may be shown.

    Args:
        headers: of a login, and others that a user has given.
        urls: that were asked for.
    """
    found: set[str] = set()
    for name, value in headers.items():
        found |= set(_of_header(name.lower(), value))
    for url in urls:
        query = urlsplit(url).query
        for name, value in parse_qsl(query):
            if len(value) >= _SHORTEST_VALUE or may_be_secret(name):
                found.add(value)
        found.add(query)
    spelt = {
        other
        for text in found
        for other in (text, quote(text, safe=""), unquote(text), escape(text))
    }
    return frozenset(filter(None, spelt))


def _of_header(name: str, value: str) -> Iterator[str]:
    if name in _NO_SECRETS:
        return
    yield value
    scheme, _, rest = value.partition(" ")
    if "Credential=" in value:
        yield from filter(None, (part for match in _S3_PART.findall(value) for part in match))
        return
    if rest and name == "authorization":
        yield rest
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(rest).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            return
        yield from (user, password, f"{user}:{password}")
    elif name == "cookie":
        for pair in value.split(";"):
            yield pair.partition("=")[2].strip()
    elif rest and name.startswith("x-"):
        yield rest


def without_secrets(text: str, secrets: Collection[str] = ()) -> str:
    """*text* with its secrets replaced by an ellipsis, URLs as `redact_text` shows them."""
    for secret in sorted(secrets, key=len, reverse=True):
        if not secret:
            continue
        pattern = re.escape(secret)
        if len(secret) < _SHORTEST:
            pattern = rf"(?<!\w){pattern}(?!\w)"
        text = re.sub(pattern, _HIDDEN, text, flags=re.IGNORECASE)
    text = redact_text(text)
    for likeness in _LIKE_SECRETS:
        text = likeness.sub(_HIDDEN, text)
    return text
