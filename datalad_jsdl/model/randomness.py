"""Whether a value of a URL's query looks like a secret: long, and made by chance."""

from __future__ import annotations

import re

__all__ = ["is_known_token", "is_mixed", "is_random", "is_time"]

# A JSON Web Token (RFC 7519); keys of AWS, Google, GitHub, GitLab, Hugging Face, Slack and OpenAI,
# which all begin with a mark of their own.
_KNOWN = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}(\.[\w-]*)?|(AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}"
    r"|gh[pousr]_\w{30,}|github_pat_\w{30,}|glpat-[\w-]{20,}|hf_\w{30,}|xox[a-z]-[\w-]{10,}"
    r"|sk-[\w-]{20,}"
)
_UUID = re.compile(r"\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?", re.IGNORECASE)
# ISO 8601 in its basic form has as many changes as a token
_DATE = re.compile(r"(19|20)\d\d-?\d\d-?\d\d([T_-]?\d\d[:.-]?\d\d([:.-]?\d\d)?(\.\d+)?Z?)?")
_EPOCH = re.compile(r"1\d{9}(\d{3})?")
_CHUNK = re.compile(r"[A-Za-z0-9]+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}", re.IGNORECASE)
_BIT = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")

_SHORTEST = 16  # characters of a secret in all
_SHORTEST_RUN = 10  # of its longest part without separators
_CHANGES = 0.24  # of a letter to a digit, or to a capital, per character; words have fewer


def is_known_token(value: str) -> bool:
    """Whether the value says of itself that it is a token or key."""
    return _KNOWN.fullmatch(value) is not None


def is_time(value: str) -> bool:
    """Whether it is a date, or seconds or milliseconds since 1970."""
    return _DATE.fullmatch(value) is not None or _EPOCH.fullmatch(value) is not None


def is_mixed(value: str) -> bool:
    """Whether it is random and has capitals, small letters and digits: no digest, no UUID."""
    return is_random(value) and all(re.search(kind, value) for kind in ("[a-z]", "[A-Z]", "[0-9]"))


def is_random(value: str) -> bool:
    """Whether the value looks as if made by chance.

    Short ones, words, numbers, dates, versions, paths and names made of these do not.
    """
    value = value.strip().rstrip("=")
    if _UUID.fullmatch(value) or is_known_token(value):
        return True
    if len(value) < _SHORTEST or is_time(value):
        return False
    chunk = max(_CHUNK.findall(value), key=len, default="")
    if len(chunk) < _SHORTEST_RUN or _DATE.fullmatch(chunk) or chunk.isdigit():
        return False
    if len(chunk) >= _SHORTEST and _HEX.fullmatch(chunk) and not chunk.isalpha():
        return True
    if not any(c.isdigit() for c in chunk) and (chunk.islower() or chunk.isupper()):
        return _CONSONANTS.search(chunk) is not None
    return len(_BIT.findall(chunk)) >= max(3, _CHANGES * len(chunk))
