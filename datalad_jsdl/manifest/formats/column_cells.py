"""What the first rows of a table have in its columns, for `columns`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats.cells import (
    common_folder,
    file_name,
    folder_for,
    is_page,
    is_url,
    present,
    urls_in,
)
from datalad_jsdl.manifest.formats.values import is_drs, name_in_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalad_jsdl.manifest.formats.tables import Row

__all__ = ["Cells", "folders_of"]

_SITE = re.compile(r"https?://[^/?#]+/?", re.IGNORECASE)
_DIGEST = re.compile(r"(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{128})")


class Cells:
    """What the first rows have in each column."""

    def __init__(self, header: Sequence[str], rows: Sequence[Row]) -> None:
        self._rows = [row for row in rows if not row.fault]
        self._cells = {
            name: [cell for row in self._rows if (cell := present(row.cells[name]))]
            for name in header
        }
        self.url_columns = tuple(name for name in header if self.are_urls(name))
        self.telling_columns = tuple(
            name for name in header if name in self.url_columns or self._are_digests(name)
        )

    def are_urls(self, column: str) -> bool:
        cells = self._cells.get(column, [])
        return bool(cells) and all(map(is_url, cells))

    def _are_digests(self, column: str) -> bool:
        cells = self._cells[column]
        return bool(cells) and all(map(_DIGEST.fullmatch, cells))

    def name_files(self, column: str) -> bool:
        """Whether the cells are names of files, with a folder or an extension."""
        return all(map(_names_file, self._cells.get(column, [])))

    def name_a_file(self, column: str) -> bool:
        """Whether one of them is, at least."""
        return any(map(_names_file, self._cells.get(column, [])))

    def _urls(self, columns: Sequence[str]) -> list[str]:
        return [url for name in columns for cell in self._cells[name] for url in urls_in(cell)]

    def end_in_names(self, columns: Sequence[str]) -> bool:
        """Whether most of the URLs end in the name of a file, not of a page or in nothing.

        What an address of DRS leads to has a name.
        """
        urls = self._urls(columns)
        named = sum(file_name(url) is not None or is_drs(url) for url in urls)
        return bool(urls) and 2 * named > len(urls)

    def have_names_of_their_own(self, columns: Sequence[str]) -> bool:
        """Whether each of the URLs ends in the name of a file, and no two in the same."""
        names = [file_name(url) for url in set(self._urls(columns))]
        return bool(names) and None not in names and len(set(names)) == len(names)

    def have_pages(self, columns: Sequence[str]) -> bool:
        """Whether one of the URLs is of a web page."""
        return any(map(is_page, self._urls(columns)))

    def are_sites(self, columns: Sequence[str]) -> bool:
        """Whether most of the URLs have no path, as those of organisations."""
        urls = self._urls(columns)
        return 2 * sum(map(bool, map(_SITE.fullmatch, urls))) > len(urls)

    def are_drs(self, column: str) -> bool:
        """Whether all of its URLs are addresses of DRS."""
        return all(map(is_drs, self._urls([column])))

    def agree(self, column: str, other: str) -> bool:
        """Whether the URLs of both end in the same names, row by row."""
        pairs = [(urls_in(row.cells[column]), urls_in(row.cells[other])) for row in self._rows]
        names = [
            ({name_in_url(url) for url in a}, {name_in_url(url) for url in b})
            for a, b in pairs
            if a and b
        ]
        return bool(names) and all(a == b for a, b in names)


def folders_of(columns: Sequence[str], rows: Sequence[Row]) -> tuple[str, ...]:
    """Of each column of URLs that below which files are named; all are "" if that need not be.

    Mirrors have the same names below their folders, whatever else they have before those.
    """
    pairs = [[urls_in(row.cells[name]) for name in columns] for row in rows if not row.fault]
    first = folder_for(url for urls in pairs for url in urls[0])
    if not first:
        return ("",) * len(columns)
    found = [first]
    for at in range(1, len(columns)):
        below = [
            (urls[0][0].removeprefix(first), urls[at][0])
            for urls in pairs
            if urls[0] and urls[at] and urls[0][0].startswith(first)
        ]
        same = {url.removesuffix(name) for name, url in below if url.endswith(f"/{name}")}
        others = [url for urls in pairs for url in urls[at]]
        found.append(same.pop() if len(same) == 1 else common_folder(others))
    return tuple(found)


def _names_file(cell: str) -> bool:
    return "/" in cell or file_name(f"/{cell}") is not None
