"""Rows of a table that are as most are, read by a few regular expressions; others are for
`csv_table`, which would make the same `Record` of these."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.columns import CHECKSUM
from datalad_jsdl.manifest.formats.values import WEB
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import BY_LENGTH
from datalad_jsdl.model.stores import plain_web_form
from datalad_jsdl.model.times import usual_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from datalad_jsdl.manifest.formats.columns import Columns

__all__ = ["plain_rows"]

# One URL or address of an object for sure, and its last part: nothing in it is encoded. Some
# buckets are closed to https (`stores.web_form`).
_NAME = "(?:[A-Za-z0-9_-][A-Za-z0-9._-]*)?[A-Za-z0-9]"
_web_file = re.compile(rf"https?://[^\s|;?#]+/({_NAME})").fullmatch
_BUCKET = "[a-z0-9][a-z0-9-]{1,60}[a-z0-9](?<!-protected)"
_BELOW = f"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*({_NAME})"
_object = re.compile(rf"(?:s3|gs)://{_BUCKET}/{_BELOW}").fullmatch
_ftp_file = re.compile(f"ftp://?[a-z0-9.-]+/{_BELOW}").fullmatch
_is_below = re.compile(_BELOW).fullmatch
_MAY_HIDE_NAME = re.compile("[?#;]")
_SHORTEST = 32  # digits of a digest
_MOST_DIGITS = 19  # of a size


def plain_rows(
    header: Sequence[str], columns: Columns
) -> Callable[[list[str], str], Record | None]:
    """What makes a record of a row's cells and its place, or None, for `Table.read`.

    It does of rows that have URLs of one file, and a path or names in the URLs.

    Args:
        header: of the table.
        columns: their roles.
    """
    if any(columns.folders) and len(columns.folders) > 1:
        return lambda cells, where: None
    folder = "".join(columns.folders)
    path = None if columns.path is None else header.index(columns.path)
    url, *others = map(header.index, columns.urls)
    size = None if columns.size is None else header.index(columns.size)
    mtime = None if columns.mtime is None else header.index(columns.mtime)
    algorithms = [(header.index(name), algorithm) for name, algorithm in columns.digests.items()]

    def read(cells: list[str], where: str) -> Record | None:
        cell = cells[url]
        if others or path is None:
            if (several := _one_each([cell, *(cells[other] for other in others)])) is None:
                return None
            urls = several
        elif " " not in cell:
            # one URL for sure, with nothing around it
            if not _is_one(cell) and plain_web_form(cell) is None:
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
        if mtime is not None:
            time = cells[mtime]
            if usual_time(time) is None:
                return None
            value["mtime"] = time
        value["digests"] = digests
        if path is not None:
            return Record(cells[path], value, where)
        if not folder:
            return Record(urls[0].rpartition("/")[2], value, where)
        name = urls[0].removeprefix(folder)
        return Record(name, value, where) if len(urls) == 1 and _is_below(name) else None

    return read


def _one_each(cells: Sequence[str]) -> list[str] | None:
    """The URLs, one a cell or none, if all end in the same plain name."""
    urls = [cell for cell in cells if cell]
    name = None
    for url in urls:
        found = _web_file(url) or _object(url)
        if found is None and plain_web_form(url):
            found = _ftp_file(url)
        if found is None or url.count(":/") != 1 or found[1] != (name := name or found[1]):
            return None
    return urls or None


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
    return url.startswith(WEB) and url[-1].isalnum() and url.find("://", 8) < 0
