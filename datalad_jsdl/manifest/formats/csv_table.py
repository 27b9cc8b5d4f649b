"""CSV or TSV: columns are recognised by their names or cells, or named by ``--column``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.cells import (
    common_folder,
    file_name,
    is_url,
    name_below,
    present,
    urls_in,
)
from datalad_jsdl.manifest.formats.columns import CHECKSUM, Columns, find_columns, well_known
from datalad_jsdl.manifest.formats.headless import is_row, known_cells, names_for
from datalad_jsdl.manifest.formats.plain_row import plain_rows
from datalad_jsdl.manifest.formats.tables import Row, Table
from datalad_jsdl.manifest.formats.values import is_drs, name_in_url, web_urls, whole_number
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import BY_LENGTH, canonical_name
from datalad_jsdl.model.times import parse_mtime

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_ROWS_TO_SEE = 20
# files of one name may be many rows apart
_ROWS_FOR_NAMES = 1000

_ALWAYS = frozenset({"urls", "size", "digests"})

_BETWEEN = re.compile(r"[\s|;,]+")


def sniff(head: str) -> bool:
    """The header has a path and a URL. Or all rows have as many cells as the first line (a header
    or a row), and at least one of these is there: a path in the header, a URL in the header, a URL
    in a row.
    """
    if head.lstrip().startswith(("{", "[", "<")):
        return False
    try:
        table = Table(iter([head]), score=_score, unnamed=_as_they_are)
        header = table.header
        # without a header all cells of the first line stand here
        if len(header) < 2 or not (is_row(header) or all(map(_is_name, header))):
            return False
        known = _score(header)
        rows = table.first_rows(_ROWS_TO_SEE) if known < 2 else []
    except ManifestError:
        return False
    if known >= 2:
        return True
    urls = any(is_url(cell) for row in rows for cell in row.cells.values())
    return bool(rows) and not any(row.fault for row in rows) and (known > 0 or urls)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a row, or one a file where a row has several.

    What several rows say of one file in the same words is one record.

    URLs of a row are of one file if their last parts are the same, or if there is a column of
    paths and they have no other names of files in them; else they are of different files.

    Raises:
        ManifestError: the header and the first rows do not tell which column has what, a
            quotation mark is not closed, or there are addresses of DRS, and nobody may be asked.
    """
    wanted = {*options.columns.values(), *options.mirrors}

    def unnamed(cells: Sequence[str]) -> list[str] | None:
        return names_for(cells) if is_row(cells) and wanted.isdisjoint(cells) else None

    table = Table(
        text,
        score=lambda header: _score(header) + len(wanted.intersection(header)),
        unnamed=unnamed,
    )
    first = table.first_rows(_ROWS_FOR_NAMES)
    columns = find_columns(table.header, options.columns, first, options.mirrors)
    if columns.ignored and options.ignored is not None:
        options.ignored(columns.ignored)
    if options.ask is None and (name := _drs_column(columns, first)):
        raise ManifestError(
            f"the column {name!r} has addresses of DRS: each needs an answer of its server, which "
            "is not asked here; add a column of URLs to the table"
        )
    seen: set[int] = set()
    for found in table.read(plain_rows(table.header, columns)):
        if isinstance(found, Record):  # with a value
            if (said := _said(found)) not in seen:
                seen.add(said)
                yield found
            continue
        for record in _records(found, columns):
            # a file may have a row for each of its samples
            if record.value is None:
                yield record
            elif (said := _said(record)) not in seen:
                seen.add(said)
                yield record


def _drs_column(columns: Columns, rows: Sequence[Row]) -> str | None:
    """A column of nothing but addresses of DRS, where the URLs are expected."""
    for name in columns.urls:
        urls = [url for row in rows if not row.fault for url in urls_in(row.cells[name])]
        if urls and all(map(is_drs, urls)):
            return name
    return None


def _said(record: Record) -> int:
    """Equal for records with the same path and value."""
    value = record.value
    said = (record.path, tuple(value["urls"]), value.get("size"), tuple(value["digests"].items()))
    if len(value) == 3 and "size" in value:
        return hash(said)
    return hash((said, *(pair for pair in value.items() if pair[0] not in _ALWAYS)))


def _score(header: Sequence[str]) -> int:
    known = sum(well_known(header, role) is not None for role in ("path", "url"))
    return known or known_cells(header)


def _as_they_are(cells: Sequence[str]) -> list[str] | None:
    """Names of the columns of a table that is only to be recognised."""
    return list(cells) if is_row(cells) else None


def _is_name(cell: str) -> bool:
    return len(cell) <= 100 and cell.isprintable() and "://" not in cell


def _records(row: Row, columns: Columns) -> Iterator[Record]:
    if row.fault:
        yield Record(None, None, row.where, row.fault)
        return
    path = None if columns.path is None else row.cells[columns.path]
    given = [(name, url) for name in columns.urls for url in urls_in(row.cells[name])]
    if path is None and not given:
        return  # a sample without files
    try:
        urls = web_urls([url for _, url in given])
        where = f"{row.where}, column {given[0][0]!r}" if urls and is_drs(urls[0]) else row.where
        if len(urls) > 1 and is_drs(urls[0]):
            for url in urls:  # each is a file, whose server tells the rest
                yield Record(None, {"urls": [url], "digests": {}}, where)
            return
        if len(urls) < 2 or not _are_different(urls, path):
            column = given[0][0] if given else columns.urls[0]
            yield Record(*_one_file(row, columns, path, urls, column), where)
            return
    except ValueError as error:
        yield Record(path, None, row.where, str(error))
        return
    yield from _files(row, columns, path, [pair for pair in given if pair[1] in urls])


def _are_different(urls: Sequence[str], path: str | None) -> bool:
    """Whether the URLs of a row are of several files."""
    names = {name_in_url(url) if path is None else file_name(url) for url in urls}
    return len(names - {None}) > 1


def _one_file(
    row: Row, columns: Columns, path: str | None, urls: list[str], column: str
) -> tuple[str | None, dict[str, Any]]:
    if path is None and not is_drs(urls[0]):
        path = name_below(urls[0], columns.folder_of(column))
        if path is None:
            raise ValueError("the URL does not end in a file name")
    value: dict[str, Any] = {"urls": urls}
    if columns.size:
        value["size"] = _size(row.cells[columns.size])
    if columns.mtime:
        said = "mtime" in columns.given
        value |= _mtime(present(row.cells[columns.mtime]), None if said else columns.mtime)
    digests = ((present(row.cells[name]), name) for name in columns.digests)
    value["digests"] = _agreeing((cell, columns.digests[name]) for cell, name in digests if cell)
    return path, value


def _files(
    row: Row, columns: Columns, path: str | None, given: list[tuple[str, str]]
) -> Iterator[Record]:
    """One record a name that URLs of the row end in; sizes and digests are those beside them."""
    above = (path or "").rpartition("/")[0]
    shared = common_folder([url for _, url in given])
    files: dict[str, list[tuple[str, str]]] = {}
    for name, url in given:
        files.setdefault(name_in_url(url) or "", []).append((name, url))
    for last, places in files.items():
        urls = [url for _, url in places]
        folder = columns.folder_of(places[0][0]) or shared
        below = name_below(urls[0], folder) if path is None else last
        if not below:
            yield Record(None, None, row.where, "the URL does not end in a file name")
            continue
        value: dict[str, Any] = {"urls": urls}
        try:
            digests = [
                (cell, columns.digests[name])
                for name in columns.digests
                if (cell := _beside(row, columns, name, places))
            ]
            value["digests"] = _agreeing(digests)
            if columns.size:
                value["size"] = _size(_beside(row, columns, columns.size, places))
        except ValueError as error:
            yield Record(below, None, row.where, str(error))
            continue
        yield Record(f"{above}/{below}" if above else below, value, row.where)


def _beside(row: Row, columns: Columns, name: str, places: list[tuple[str, str]]) -> str:
    """What the column has of a file, one of whose URLs stands in the cell that it belongs to."""
    several = len(columns.urls) > 1
    owner = columns.owners.get(name, "") if several else columns.urls[0]
    mine = next((url for column, url in places if column == owner), None)
    if mine is None:
        return ""
    all_urls = urls_in(row.cells[owner])
    cell = present(row.cells[name])
    parts = [cell] if len(all_urls) == 1 else _BETWEEN.split(cell.strip("|;, "))
    return parts[all_urls.index(mine)] if len(parts) == len(all_urls) else ""


def _agreeing(cells: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> dict[str, str]:
    digests: dict[str, str] = {}
    for cell, algorithm in cells:
        named, hexdigest = _digest(cell, algorithm)
        if digests.setdefault(named, hexdigest).lower() != hexdigest.lower():
            raise ValueError(f"two different {named} digests")
    return digests


def _size(cell: str) -> int | str | None:
    # 12.0: where a cell of the column is empty, pandas makes all numbers fractions
    return whole_number(re.sub(r"(?<=[0-9])\.0+\Z", "", present(cell)))


def _mtime(cell: str, guessed: str | None) -> dict[str, Any]:
    """The field of a record; *guessed* is the column's name if only that tells its role."""
    # seconds have nine digits since 1973; eight can be a day without dashes
    mtime = float(cell) if re.fullmatch(r"[0-9]{9,12}(\.[0-9]{1,9})?", cell) else cell
    try:
        parse_mtime(mtime)
    except ValueError:
        # what only a guess takes for a time must not keep the file out, but is told of
        return {guessed or "mtime": mtime} if cell else {}
    return {"mtime": mtime}


def _digest(cell: str, algorithm: str) -> tuple[str, str]:
    prefix, colon, rest = cell.rpartition(":")
    if colon and (named := canonical_name(prefix)):
        return named, rest.strip()
    if algorithm == CHECKSUM:
        algorithm = BY_LENGTH.get(len(cell), CHECKSUM)
    return algorithm, cell
