"""Rows of a table that are as most are, read by a few regular expressions; others are for
`csv_table`, which would make the same `Record` of these."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.columns import CHECKSUM
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import BY_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datalad_jsdl.manifest.formats.columns import Columns

__all__ = ["plain_rows"]

_WEB = ("http://", "https://")
_MAY_HIDE_NAME = re.compile("[?#;]")
_SHORTEST = 32  # digits of a digest
_MOST_DIGITS = 19  # of a size


def plain_rows(
    header: Sequence[str], columns: Columns
) -> Callable[[list[str], str], Record | None]:
    """What makes a record of a row's cells and its place, or None, for `Table.read`.

    It does of rows that have a path, and URLs of that in one cell.

    Args:
        header: of the table.
        columns: their roles.
    """
    if columns.path is None or len(columns.urls) != 1 or columns.mtime is not None:
        return lambda cells, where: None
    path, url = header.index(columns.path), header.index(columns.urls[0])
    size = None if columns.size is None else header.index(columns.size)
    algorithms = [(header.index(name), algorithm) for name, algorithm in columns.digests.items()]

    def read(cells: list[str], where: str) -> Record | None:
        cell = cells[url]
        if " " not in cell:
            # one URL for sure, with nothing around it
            if not cell.startswith(_WEB) or not cell[-1].isalnum() or cell.count("://") != 1:
                return None
            urls = [cell]
        elif (several := _urls(cell)) is None:
            return None
        else:
            urls = several
        digests: dict[str, str] = {}
        for column, algorithm in algorithms:
            digest = cells[column]
            if len(digest) < _SHORTEST or not digest.isalnum():
                return None
            if algorithm == CHECKSUM:
                algorithm = BY_LENGTH.get(len(digest), CHECKSUM)
            if digests.setdefault(algorithm, digest) != digest:
                return None
        value: dict[str, Any] = {"urls": urls}
        if size is not None:
            number = cells[size]
            if not number.isdecimal() or not number.isascii() or len(number) > _MOST_DIGITS:
                return None
            value["size"] = int(number)
        value["digests"] = digests
        return Record(cells[path], value, where)

    return read


def _urls(cell: str) -> list[str] | None:
    """The several URLs of a cell, if there are no others in them and all have the same name."""
    if _MAY_HIDE_NAME.search(cell):
        return None
    urls = cell.split(" ")
    name = cell.rpartition("/")[2]
    for url in urls:
        if not _is_one(url) or url.rpartition("/")[2] != name:
            return None
    return urls


def _is_one(url: str) -> bool:
    """Whether it is one URL for sure, with nothing around it."""
    return url.startswith(_WEB) and url[-1].isalnum() and url.count("://") == 1
