"""Tables without a header: their first line is a row, which is known by a URL in it.

Only columns of URLs and of digests are known by their cells alone. Whether a number is a size or
a subject, whether a word is a path or a group, and which of two digests of one length is an ID,
only a header tells; whether several URLs are of one file, only a header or a digest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.cells import file_name
from datalad_jsdl.model.digests import BY_LENGTH
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["is_row", "known_cells", "names_for", "row_of_list"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+( +\S+)*")
_DIGEST = re.compile("|".join(f"[0-9A-Fa-f]{{{length}}}" for length in sorted(BY_LENGTH)))

# What a row has behind a URL that no URL has for sure: a digest, or another URL (but in a query)
_ROW = re.compile(
    rf"[^\s,;|]+/[^\s]*[,;|] *(?:{_DIGEST.pattern})(?:[,;|].*)?"
    r"|[^?\s]+[,;|] *[A-Za-z][A-Za-z0-9+.-]*://.*"
)
# A file's name, and something behind it
_LIKE_ROW = re.compile(r"[^?\s]*/[^/?\s]*[^./?\s]\.[A-Za-z][A-Za-z0-9]*[,;|] *[^,;|]{2,}.*")


def is_row(cells: Sequence[str]) -> bool:
    """Whether a first line is a row and no header."""
    return any(map(_URL.fullmatch, cells))


def known_cells(cells: Sequence[str]) -> int:
    """How many are URLs or digests, to tell by which delimiter a row is to be split."""
    return sum(_role(cell) in ("url", "digest") for cell in cells) if is_row(cells) else 0


def names_for(cells: Sequence[str]) -> list[str]:
    """Names of the columns, as a header would have them.

    Args:
        cells: of the first row.

    Raises:
        ManifestError: a cell is neither a URL nor a digest, two digests have the same length, or
            there are several URLs without a digest; a header is proposed.
    """
    names: list[str] = []
    roles = list(map(_role, cells))
    for cell, role in zip(cells, roles, strict=True):
        name = BY_LENGTH[len(cell)] if role == "digest" else role
        if role == "digest" and name in names:
            name = "column"
        again = sum(other.rstrip("0123456789") == name for other in names)
        # url, url2, …: several columns of URLs have these names in a header, too
        names.append(f"{name}{again + 1}" if name == "url" and again else name)
    both = zip(cells, roles, strict=True)
    other = next((cell for cell, role in both if role not in ("url", "digest")), None)
    advice = f"add a first line that names the columns, such as {','.join(names)}"
    if other is not None:
        what = f"what column has {redact_text(other[:1000])[:60]!r} cannot be told"
        advice = f"add --format urls if each line is one URL, or {advice}"
    elif "column" in names:
        digits = len(cells[names.index("column")])
        what = f"which of the columns with {digits} hexadecimal digits is a digest cannot be told"
    elif len(roles) > 1 and "digest" not in roles:
        what = "whether the URLs of a row are of one file cannot be told"
        advice = f"put each URL on a line of its own if they are not, or {advice}"
    else:
        return names
    raise ManifestError(f"the table has no header, and {what}; {advice}")


def row_of_list(lines: Sequence[str]) -> bool:
    """Whether lines that begin with a URL are rows: one of them for sure, or all likely."""
    return any(map(_ROW.fullmatch, lines)) or (bool(lines) and all(map(_LIKE_ROW.fullmatch, lines)))


def _role(cell: str) -> str:
    if _URL.fullmatch(cell):
        return "url"
    if _DIGEST.fullmatch(cell):
        return "digest"
    if cell.isdecimal():
        return "size"
    return "path" if file_name(f"/{cell}") else "column"
