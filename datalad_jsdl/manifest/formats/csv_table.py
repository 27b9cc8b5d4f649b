"""CSV or TSV with a header: columns are known by their names, or as ``--column`` says."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.columns import CHECKSUM, Columns, find_columns, well_known
from datalad_jsdl.manifest.formats.tables import Row, Table
from datalad_jsdl.manifest.formats.values import scheme_of, web_urls, whole_number
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import ALGORITHMS, canonical_name
from datalad_jsdl.model.times import parse_mtime

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_ROWS_TO_SEE = 20

# What programs write into a cell that has nothing.
_NOTHING = frozenset({"", "-", "na", "n/a", "nan", "null", "none"})

# Only before what is a URL for sure: all of these may stand in one. The look behind keeps
# the search linear in a cell of nothing but spaces.
_BETWEEN_URLS = re.compile(r"(?<![\s|;])[\s|;]+(?=[A-Za-z][A-Za-z0-9+.-]{1,19}://)")

# Digests by their length; of those that share one, what portals use.
_BY_LENGTH = {ALGORITHMS[name].hex_length: name for name in ("md5", "sha1", "sha256", "sha512")}


def sniff(head: str) -> bool:
    """Path and URL stand in the header; or one of them does, or a row has a URL, and all
    rows are as long as the header."""
    if head.lstrip().startswith(("{", "[", "<")):
        return False
    try:
        table = Table(iter([head]), score=_score)
        header = table.header
        if len(header) < 2 or not all(map(_is_name, header)):
            return False
        known = _score(header)
        rows = list(islice(table.rows(), _ROWS_TO_SEE)) if known < 2 else []
    except ManifestError:
        return False
    if known == 2:
        return True
    cells = [cell for row in rows for cell in row.cells.values()]
    urls = any(scheme_of(cell) in ("http", "https") for cell in cells)
    return bool(rows) and not any(row.fault for row in rows) and (known > 0 or urls)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a row.

    Raises:
        ManifestError: the header does not tell which column has what, or a quotation
            mark is not closed.
    """
    wanted = set(options.columns.values())
    table = Table(text, score=lambda header: _score(header) + len(wanted.intersection(header)))
    columns = find_columns(table.header, options.columns)
    for row in table.rows():
        yield Record(None, None, row.where, row.fault) if row.fault else _record(row, columns)


def _score(header: Sequence[str]) -> int:
    return sum(well_known(header, role) is not None for role in ("path", "url"))


def _is_name(cell: str) -> bool:
    return len(cell) <= 100 and cell.isprintable() and "://" not in cell


def _record(row: Row, columns: Columns) -> Record:
    path = row.cells[columns.path]
    value: dict[str, Any] = {}
    try:
        value["urls"] = web_urls([u for name in columns.urls for u in _urls(row.cells[name])])
    except ValueError as error:
        return Record(path, None, row.where, str(error))
    if columns.size:
        value["size"] = _size(row.cells[columns.size])
    if columns.mtime:
        said = "mtime" in columns.given
        value |= _mtime(_present(row.cells[columns.mtime]), None if said else columns.mtime)
    digests: dict[str, str] = {}
    for name, algorithm in columns.digests.items():
        if digest := _present(row.cells[name]):
            named, hexdigest = _digest(digest, algorithm)
            if digests.setdefault(named, hexdigest).lower() != hexdigest.lower():
                fault = f"two different {named} digests"
                return Record(path, None, row.where, fault)
    return Record(path, value | {"digests": digests}, row.where)


def _present(cell: str) -> str:
    cell = cell.strip()
    return "" if cell.lower() in _NOTHING else cell


def _urls(cell: str) -> list[str]:
    *others, last = _BETWEEN_URLS.split(_present(cell).strip("|;"))
    return [url for url in (*(other.rstrip(",") for other in others), last) if url]


def _size(cell: str) -> int | str | None:
    # 12.0: where a cell of the column is empty, pandas makes all numbers fractions
    return whole_number(re.sub(r"(?<=[0-9])\.0+\Z", "", _present(cell)))


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
        algorithm = _BY_LENGTH.get(len(cell), CHECKSUM)
    return algorithm, cell
