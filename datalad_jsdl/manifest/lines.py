"""What formats share that are read line by line."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["beginning", "lines"]

# Not str.splitlines: it also cuts at U+2028 and others, which may stand in a name.
_END = re.compile(r"\r\n|\n|\r(?=.)", re.DOTALL)

# Characters; a line without end must not fill the memory.
_MAX_LINE = 16 << 20
_LINES_TO_SEE = 1000
_PORTION = 1 << 16  # characters


def lines(text: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, from 1; a line ends in LF, CR LF or CR, which is kept.

    Raises:
        ManifestError: a line does not end.
    """
    number = 0
    rest = ""
    for chunk in _portions(text):
        if "\n" not in chunk and "\r" not in chunk and not rest.endswith("\r"):
            rest += chunk  # in place: a long line is not copied for each portion
            _check_length(rest, number)
            continue
        buffer = rest + chunk
        if buffer.count("\r") == buffer.count("\r\n"):  # faster, and what most have
            *whole, rest = buffer.split("\n")
            for line in whole:
                number += 1
                yield number, line + "\n"
        else:
            at = 0
            # a CR at the end of a chunk may be one half of CR LF: it waits for the next
            for end in _END.finditer(buffer):
                number += 1
                yield number, buffer[at : end.end()]
                at = end.end()
            rest = buffer[at:]
        _check_length(rest, number)
    if rest:
        yield number + 1, rest


def _check_length(rest: str, number: int) -> None:
    if len(rest) > _MAX_LINE:
        where = f"line {number + 1}"
        raise ManifestError(f"{where} is longer than {_MAX_LINE} characters", where=where)


def _portions(text: Iterator[str]) -> Iterator[str]:
    """The same in pieces of which few are wasted on one who wants but the first lines."""
    for chunk in text:
        # without a line feed in the first there is one long line, which need not be copied
        if len(chunk) <= _PORTION or chunk.find("\n", 0, _PORTION) < 0:
            yield chunk
        else:
            yield from (chunk[at : at + _PORTION] for at in range(0, len(chunk), _PORTION))


def beginning(head: str) -> list[str]:
    """The first lines of a document that are not blank, without their ends."""
    first = (line.rstrip("\r\n") for _, line in islice(lines(iter([head])), _LINES_TO_SEE))
    return [line for line in first if line.strip()]
