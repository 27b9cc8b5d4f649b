"""Names of files and folders: shown to people, and sent forth and back, whatever is in them."""

from __future__ import annotations

from unicodedata import category
from urllib.parse import parse_qsl, quote, unquote

from markupsafe import Markup, escape

__all__ = ["is_utf8", "isolated", "packed", "parsed_query", "query_of", "shown", "unpacked"]

# what would break a line, or make text run the other way and look like another name
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp", "Cn", "Co"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MOST = 20_000  # fields of a form or a query


def shown(name: str) -> str:
    """A name on one line, with nothing in it that cannot be seen."""
    return "".join(map(_shown, name))


def _shown(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    if "\udc80" <= char <= "\udcff":  # a byte that is no UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    if char in _DIRECTIONS or category(char) in _HIDDEN:
        return f"\\u{{{ord(char):x}}}"
    return char


def is_utf8(name: str) -> bool:
    """Whether a name is UTF-8 as a whole; no archive can have another one."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


def isolated(name: str) -> Markup:
    """A name as HTML; what direction it runs in touches nothing around it."""
    return Markup("<bdi>{}</bdi>").format(escape(shown(name)))


def packed(name: str) -> str:
    """A name as a value of a form: browsers would change line ends in it."""
    return quote(name.encode("utf-8", "surrogateescape"), safe="/ ,+=@~()[]{}'!")


def unpacked(value: str) -> str:
    """The name that was packed."""
    return unquote(value, errors="surrogateescape")


def query_of(**values: str | int | None) -> str:
    """A query for an address, with its question mark; "" if no value is given."""
    parts = [
        f"{name}={quote(str(value).encode('utf-8', 'surrogateescape'), safe='/')}"
        for name, value in values.items()
        if value not in (None, "")
    ]
    return f"?{'&'.join(parts)}" if parts else ""


def parsed_query(text: str) -> dict[str, list[str]]:
    """The fields of a query or a form, each with its values.

    Raises:
        ValueError: there are too many.
    """
    found: dict[str, list[str]] = {}
    pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=_MOST)
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
