"""BagIt's ``fetch.txt``: URL, length and path on each line (RFC 8493, 2.2.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.values import scheme_of, web_urls, whole_number
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["escaped", "records", "sniff", "unescaped"]

_LINE = re.compile(r"[ \t]*(\S+)[ \t]+([0-9]+|-)[ \t]+([^ \t].*)")
# a URL whose spaces should be escaped (RFC 8493, 2.2.3), and are not
_LOOSE = re.compile(r"[ \t]*(\S+(?: +\S+)*?)[ \t]+([0-9]+|-)[ \t]+([^ \t].*)")
# only what would break the line, and the character that it is escaped with
_ESCAPED = re.compile("%0A|%0D|%25", re.IGNORECASE)
_PLAIN = {"%0A": "\n", "%0D": "\r", "%25": "%"}
_ESCAPES = str.maketrans({plain: escape for escape, plain in _PLAIN.items()})


def unescaped(name: str) -> str:
    """A path as BagIt's files have it → the path (RFC 8493, 2.1.3)."""
    return _ESCAPED.sub(lambda escape: _PLAIN[escape.group().upper()], name)


def sniff(head: str) -> bool:
    """All the first lines have the form of a ``fetch.txt``, with an absolute URL."""
    first = beginning(head)
    return (
        bool(first)
        and all(scheme_of(line) and _LOOSE.fullmatch(line) for line in first)
        and any(map(_LINE.fullmatch, first))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line; paths keep their ``data/``, if they have it."""
    for number, line in lines(text):
        if line.strip():
            yield _record(line.rstrip("\r\n"), f"line {number}")


def _record(line: str, where: str) -> Record:
    match = _LINE.fullmatch(line) or _LOOSE.fullmatch(line)
    if not match:
        return Record(None, None, where, "not in the form: URL length path")
    url, length, name = match.groups()
    path = unescaped(name)
    try:
        urls = web_urls([url])
    except ValueError as error:
        return Record(path, None, where, str(error))
    size = None if length == "-" else whole_number(length)
    return Record(path, {"urls": urls, "size": size}, where)


def escaped(path: str) -> str:
    """A path as it stands in such a line; nothing else in it is escaped."""
    return path.translate(_ESCAPES)
