"""What visitors see of a folder: a row for each name, in pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

__all__ = ["Page", "Row", "Sort", "View", "folder_row", "page_of"]

_MOST = 10_000  # rows on a page


class Sort(Enum):
    """What rows are sorted by; folders come first, but by size and number."""

    NAME = "name"
    SIZE = "size"
    FILES = "files"
    TIME = "mtime"


@dataclass(frozen=True, slots=True)
class View:
    """What is to be seen of a folder.

    Attributes:
        folder: its path, without slashes around it; "" for all that is served.
        search: part of the names of files and folders, in any case; then the rows are from the
            folders below, too. "" for what is directly in the folder.
        sort: by what.
        descending: from the last to the first.
        number: of the page, from 1 on.
        size: rows on a page, at most 10,000.
    """

    folder: str = ""
    search: str = ""
    sort: Sort = Sort.NAME
    descending: bool = False
    number: int = 1
    size: int = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One name in a folder.

    Attributes:
        name: in its folder.
        path: in what is served.
        is_folder: whether others are in it. A subdataset is a folder.
        size: bytes; None if that is not known. Of a folder: of all files below whose size is
            known.
        files: of a folder: the number of files below.
        unsized: of a folder: how many of those are of unknown size.
        mtime: as recorded, in UTC; None if nothing is, and for folders.
        missing: the subdatasets that are not here, in it and below, or it itself: what is in them
            is neither shown nor counted.
    """

    name: str
    path: str
    is_folder: bool = False
    size: int | None = None
    files: int = 0
    unsized: int = 0
    mtime: datetime | None = None
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a folder.

    Attributes:
        folder: with what is in it and below.
        rows: on this page.
        number: of the page, from 1 on.
        pages: how many there are, at least 1.
        total: of rows on all of them.
    """

    folder: Row
    rows: tuple[Row, ...]
    number: int
    pages: int
    total: int


def folder_row(path: str, files: int, size: int, unsized: int, missing: int = 0) -> Row:
    """The row of a folder."""
    name = path.rpartition("/")[2]
    return Row(name, path, True, size, files, unsized, missing=missing)


def page_of(folder: Row, rows: list[Row], view: View) -> Page:
    """The page that a view is of; one behind the last is empty."""
    size = max(1, min(view.size, _MOST))
    # twice, so that equal ones are in the order of their names, whatever the direction
    rows = sorted(rows, key=_by_name)
    if view.sort is Sort.NAME:
        rows.sort(key=_by_name, reverse=view.descending)
        rows.sort(key=lambda row: not row.is_folder)
    else:
        key = _KEYS[view.sort]
        known = [row for row in rows if key(row) is not None]
        known.sort(key=lambda row: key(row) or 0, reverse=view.descending)
        rows = known + [row for row in rows if key(row) is None]
    number = max(1, view.number)
    shown = tuple(rows[(number - 1) * size : number * size])
    return Page(folder, shown, number, max(1, -(-len(rows) // size)), len(rows))


def _by_name(row: Row) -> tuple[bool, str, str]:
    return not row.is_folder, row.path.casefold(), row.path


def _bytes(row: Row) -> float | None:
    return row.size


def _files(row: Row) -> float | None:
    return row.files if row.is_folder else None


def _seconds(row: Row) -> float | None:
    return None if row.mtime is None else row.mtime.timestamp()


_KEYS = {Sort.SIZE: _bytes, Sort.FILES: _files, Sort.TIME: _seconds}
