"""Who may have a file, and where to ask for it: what a manifest says as ``access``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.urls import excerpt, normalise_url

if TYPE_CHECKING:
    from datalad_jsdl.model.secrecy import Secrecy

__all__ = ["FIELDS", "MOST_TEXT", "Restriction", "RestrictionKind"]

#: Characters of a text.
MOST_TEXT = 500

#: The members of the object.
FIELDS = frozenset({"kind", "url", "text"})

# Controls, what ends a line, lone surrogates, and what would turn the text around it
_NO_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_URL_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,19}://[^\s<>\"]+")


class RestrictionKind(Enum):
    """What a user needs for a file; the value is that of the manifest."""

    LOGIN = "login"
    TERMS = "terms"  # to be accepted
    REQUEST = "request"  # somebody decides who gets it


@dataclass(frozen=True, slots=True)
class Restriction:
    """That a file is not for everybody. Nothing is refused for it: the mirror decides.

    Attributes:
        kind: what a user needs.
        url: page where to log in, read the terms or ask; a normalised http(s) URL, or "".
        text: one line for the user, at most `MOST_TEXT` characters, or "".
    """

    kind: RestrictionKind
    url: str = ""
    text: str = ""

    @classmethod
    def parse(cls, value: object, base_url: str | None = None) -> Restriction:
        """What a manifest, or a dataset's record, has as ``access``.

        Args:
            value: an object with ``kind`` and perhaps ``url`` and ``text``; other members are
                passed over.
            base_url: what a relative URL is resolved against.

        Raises:
            ValueError: it is something else; the text names the field.
        """
        if not isinstance(value, dict):
            raise ValueError("access is not an object with a kind")
        kind, url, text = (value.get(name) for name in ("kind", "url", "text"))
        if kind not in (known := [kind.value for kind in RestrictionKind]):
            expected = f"{', '.join(known[:-1])} or {known[-1]}"
            raise ValueError(f"access: expected the kind {expected}, got {excerpt(kind)}")
        return cls(RestrictionKind(kind), _url(url, base_url), _text(text))

    def to_json(self) -> dict[str, str]:
        """The object that `parse` reads."""
        fields = {"kind": self.kind.value, "url": self.url, "text": self.text}
        return {name: value for name, value in fields.items() if value}

    def public(self, secrecy: Secrecy) -> Restriction:
        """The same without a URL or text that has a login, signature or token in it."""
        url = "" if _is_secret(self.url, secrecy) else self.url
        secret = any(_is_secret(found, secrecy) for found in _URL_IN_TEXT.findall(self.text))
        return replace(self, url=url, text="" if secret else self.text)


def _is_secret(url: str, secrecy: Secrecy) -> bool:
    authority = re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]
    return "@" in authority or secrecy.is_signed(url)


def _url(value: Any, base_url: str | None) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("access: the url is not a string")
    try:
        return normalise_url(value, base_url)
    except ValueError as error:
        raise ValueError(f"access: {error}") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("access: the text is not a string")
    if _NO_TEXT.search(value):
        raise ValueError("access: the text has a line break or control character in it")
    text = value.strip()
    if len(text) > MOST_TEXT:
        raise ValueError(f"access: the text is longer than {MOST_TEXT} characters")
    return text
