"""The list that nginx's mod_zip reads: CRC-32, size, location and name on each line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.values import web_urls, whole_number
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_LINE = re.compile(r"(-|[0-9A-Fa-f]{1,8}) +([0-9]+|-) +(\S+) +(\S.*)")
_DIRECTORY = "@directory"
_PLACES = ("/", "http://", "https://", _DIRECTORY)


def sniff(head: str) -> bool:
    """All the first lines have CRC-32, size, location and name; a location is a path from ``/``, a
    web URL or ``@directory``."""
    first = [_LINE.fullmatch(line) for line in beginning(head)]
    return bool(first) and all(match and match[3].startswith(_PLACES) for match in first)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line; empty folders, which git does not have, are passed over."""
    for number, line in lines(text):
        match = _LINE.fullmatch(line.rstrip("\r\n"))
        if match and match[3] == _DIRECTORY:
            continue
        if match:
            yield _record(match, f"line {number}")
        elif line.strip():
            fault = "not in the form: CRC-32, size, location, name"
            yield Record(None, None, f"line {number}", fault)


def _record(match: re.Match[str], where: str) -> Record:
    crc, length, location, path = match.groups()
    try:
        urls = web_urls([location])
    except ValueError as error:
        return Record(path, None, where, str(error))
    size = None if length == "-" else whole_number(length)
    digests = {} if crc == "-" else {"crc32": crc}
    return Record(path, {"urls": urls, "size": size, "digests": digests}, where)
