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


def lines(text: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, from 1; a line ends in LF, CR LF or CR, which is kept.

    Raises:
        ManifestError: a line does not end.
    """
    number = 0
    rest = ""
    for chunk in text:
        buffer = rest + chunk
        at = 0
        # a CR at the end of a chunk may be one half of CR LF: it waits for the next
        for end in _END.finditer(buffer):
            number += 1
            yield number, buffer[at : end.end()]
            at = end.end()
        rest = buffer[at:]
        if len(rest) > _MAX_LINE:
            where = f"line {number + 1}"
            raise ManifestError(f"{where} is longer than {_MAX_LINE} characters", where=where)
    if rest:
        yield number + 1, rest


def beginning(head: str) -> list[str]:
    """The first lines of a document that are not blank, without their ends."""
    first = (line.rstrip("\r\n") for _, line in islice(lines(iter([head])), _LINES_TO_SEE))
    return [line for line in first if line.strip()]
