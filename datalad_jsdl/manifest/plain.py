"""Records that are as most are, checked by a few regular expressions; others are for `record`.

Nothing is decided here: what is taken, the full check takes, too, and gives the same `Entry`.
Millions of entries are read four times as fast for it.
"""

from __future__ import annotations

import re
from typing import Any

from datalad_jsdl.model.candidates import PlainCandidates
from datalad_jsdl.model.digests import ALGORITHMS, HexDigests
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.times import parse_mtime
from datalad_jsdl.model.urls import is_plain_url

__all__ = ["plain_entry"]

# ASCII without controls, backslash and tilde; a component neither is empty nor begins with a dot
_FIRST, _LATER = r"[ -\-0-\[\]-}]", r"[ -.0-\[\]-}]"
_is_path = re.compile(f"{_FIRST}{_LATER}*(?:/{_FIRST}{_LATER}*)*").fullmatch
_LONGEST = 255  # characters of a path: no component can be too long then
_LARGEST = (1 << 63) - 1
_HEX_LENGTHS = {name: row.hex_length for name, row in ALGORITHMS.items()}


def plain_entry(path: Any, value: Any, where: str) -> Entry | None:
    """The entry of a record (see `Record`) that needs no closer look; None for all others.

    That is one with a path in ASCII, URLs whose hosts are names and that have no parameters, and
    nothing else but a size, digests in lower case and a modification time.
    """
    if type(path) is not str or len(path) > _LONGEST or not _is_path(path):
        return None
    urls = size = digests = mtime = None
    named: dict[str, Any] = {}
    if type(value) is list:
        urls = value
    elif type(value) is dict:
        for name, given in value.items():
            if name in ("urls", "url"):
                if urls is not None:
                    return None
                urls = given
            elif name == "size":
                size = given
            elif name == "digests":
                digests = given
            elif name == "mtime":
                mtime = given
            elif name in _HEX_LENGTHS:
                named[name] = given
            elif name != "path":
                return None
    if size is not None and not (type(size) is int and 0 <= size <= _LARGEST):
        return None
    lines = _candidates(urls)
    if lines is None or (named and digests):
        return None
    hexdigests = _digests(named if digests is None else digests)
    if hexdigests is None:
        return None
    try:
        time = None if mtime is None else parse_mtime(mtime)
    except ValueError:
        return None
    return Entry.plain(
        path, PlainCandidates.of_lines(lines), size, HexDigests.of_lines(hexdigests), time, where
    )


def _candidates(urls: Any) -> str | None:
    """The URLs, one a line."""
    if type(urls) is str:
        return urls if is_plain_url(urls) else None
    if type(urls) is not list or not urls:
        return None
    for url in urls:
        if type(url) is not str or not is_plain_url(url):
            return None
    if len(urls) == 1:
        return str(urls[0])
    return "\n".join(urls) if len(set(urls)) == len(urls) else None


def _digests(given: Any) -> str | None:
    """Digests as `HexDigests` holds them."""
    if type(given) is not dict:
        return None
    lines = ""
    for name, hexdigest in given.items():
        if type(hexdigest) is not str or len(hexdigest) != _HEX_LENGTHS.get(name):
            return None
        if hexdigest != hexdigest.lower() or not _is_hex(hexdigest):
            return None
        lines += f"\n{name} {hexdigest}"
    return lines


def _is_hex(text: str) -> bool:
    try:
        raw = bytes.fromhex(text)  # in half the time of a regular expression
    except ValueError:
        return False
    return 2 * len(raw) == len(text)  # without white space
