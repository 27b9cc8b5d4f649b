"""JSON Lines: on each line one object with ``path``; the form for millions of entries."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.fields import is_web
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.manifest.text import json_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

# Characters; a line without end must not fill the memory.
_LINES_TO_SEE = 20
_BEGINNING = re.compile(r'\s*\{\s*"path"\s*:\s*"')  # of a line that may have content in it
_MAX_LINE = 16 << 20
_decode = json.JSONDecoder().raw_decode


def sniff(head: str) -> bool:
    """One of the first lines is a whole object with a ``path`` that is a string.

    Or there is but the beginning of one, as it has much content.
    """
    if head.lstrip(" \t\r\n").startswith("["):
        return False  # an array, whose items may stand in lines of their own
    if "\n" not in head and _BEGINNING.match(head):
        return True
    return any(_is_entry(line) for line in head.split("\n", _LINES_TO_SEE)[:_LINES_TO_SEE])


def _is_entry(line: str) -> bool:
    try:
        value, _ = json.JSONDecoder().raw_decode(line.lstrip())
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        return False
    # a listing of some API has addresses of pages, of records and of content side by side
    return not any(name.lower().endswith("_url") and is_web(found) for name, found in value.items())


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a line; blank lines are passed over, a broken one is a fault.

    Raises:
        ManifestError: a line does not end.
    """
    for number, line in enumerate(_lines(text), 1):
        if line.strip():
            yield _record(line, f"line {number}")


def _record(line: str, where: str) -> Record:
    try:
        value = _value(line)
    except json.JSONDecodeError as error:
        return Record(None, None, where, f"not JSON: {json_fault(error)} at column {error.colno}")
    except (RecursionError, ValueError):  # ValueError: a number of thousands of digits
        return Record(None, None, where, "not readable JSON")
    if not isinstance(value, dict):
        return Record(None, None, where, "not an object")
    return Record(value.get("path"), value, where)


def _value(line: str) -> Any:
    if line.startswith("{"):  # in two thirds of the time, unless something stands behind it
        value, end = _decode(line)
        if end == len(line):
            return value
    return json.loads(line)


def _lines(text: Iterator[str]) -> Iterator[str]:
    # Only \n ends a line: str.splitlines would also cut at characters that may
    # stand in a JSON string (U+2028 and others).
    rest = ""
    for chunk in text:
        lines = (rest + chunk).split("\n")
        rest = lines.pop()
        yield from lines
        if len(rest) > _MAX_LINE:
            raise ManifestError(f"a line is longer than {_MAX_LINE} characters")
    if rest:
        yield rest
