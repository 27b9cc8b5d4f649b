"""A configuration for ``curl -K``, as Azul gives it for the HCA, AnVIL and LungMAP portals.

Described in curl's manual (``--config``): a ``url`` and an ``output`` a file, in quotation marks
with backslashes for what cannot stand in them. Other options say how to download, and are passed
over; so are comments, where Azul names files that it does not have.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_OPTION = re.compile(r'(?:--)?([a-z][a-z0-9-]*)(?:\s*[=:]\s*|\s+|$)("(?:\\.|[^"\\])*"|\S*)')
_SHORT = re.compile(r'-([A-Za-z])\s*("(?:\\.|[^"\\])*"|\S*)')
# an option with a value in quotation marks that has no escapes, and nothing around it
_is_plain = re.compile(r'(url|output) ?= ?"([^"\\\r\n]*)"\n').fullmatch
_URL = re.compile(r'(?:--)?url\s*[=:\s]\s*"?[a-z]+://')
_NAMES = {"o": "output", "O": "remote-name"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v"}


def sniff(head: str) -> bool:
    """All lines are options or comments, with a URL and an output among them."""
    first = [line.strip() for line in beginning(head)]
    options = [line for line in first if not line.startswith("#")]
    return (
        any(_URL.match(line) for line in options)
        and any(_parsed(line)[0] in ("output", "remote-name") for line in options)
        and all(map(_OPTION_LINE.fullmatch, options))
    )


_OPTION_LINE = re.compile(rf"(?:{_OPTION.pattern}|{_SHORT.pattern})\s*(?:#.*)?")


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a URL; as in curl, the first output is the first URL's, and so on."""
    urls: deque[tuple[str, str]] = deque()
    outputs: deque[str | None] = deque()
    for number, line in lines(text):
        name, value = _parsed(line)
        if name == "url":
            urls.append((value, f"line {number}"))
        elif name in ("output", "remote-name"):
            outputs.append(value if name == "output" else None)
        while urls and outputs:
            yield _record(*urls.popleft(), outputs.popleft())
    for _, where in urls:
        yield Record(None, None, where, "the URL has no output")


def _record(url: str, where: str, output: str | None) -> Record:
    name = name_in_url(url) if output is None else output.removeprefix("./")
    if name is None:
        return Record(None, None, where, "the URL does not end in a file name")
    return file_record(name, url, where)


def _parsed(line: str) -> tuple[str, str]:
    """An option's name, and its value without quotation marks and escapes."""
    if plain := _is_plain(line):
        return plain[1], plain[2]  # as most are
    line = line.strip()
    if not line or line.startswith("#"):
        return "", ""
    match = _SHORT.match(line) if re.match(r"-[A-Za-z]", line) else _OPTION.match(line)
    if match is None:
        return "", ""
    name, value = match.groups()
    if value.startswith('"'):
        value = re.sub(r"\\(.)", lambda e: _ESCAPES.get(e[1], e[1]), value[1:-1])
    return _NAMES.get(name, name), value
