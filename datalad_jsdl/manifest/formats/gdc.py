"""A manifest of the NCI's Genomic Data Commons: ``id filename md5 size state``, without URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.manifest.formats import csv_table
from datalad_jsdl.manifest.formats.tables import Row, Table, has_columns
from datalad_jsdl.manifest.formats.values import whole_number
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_COLUMNS = ("id", "filename", "md5", "size", "state")
_DATA = "https://api.gdc.cancer.gov/data/"  # the GDC's API: GET /data/<id>
_ID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def sniff(head: str) -> bool:
    """The header has the columns ``id``, ``filename``, ``md5``, ``size`` and ``state``."""
    return has_columns(head, "\t", *_COLUMNS)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a row, in a folder named by its id, as the GDC's own client puts it."""
    if options.columns:
        yield from csv_table.records(text, options)
        return
    table = Table(text, "\t")
    for row in table.rows():
        yield Record(None, None, row.where, row.fault) if row.fault else _record(row)


def _record(row: Row) -> Record:
    identifier, name, md5, size = (row.cells.get(column, "").strip() for column in _COLUMNS[:4])
    if not _ID.fullmatch(identifier):
        return Record(name, None, row.where, "the id is not a UUID")
    value = {
        "urls": [_DATA + identifier],
        "size": whole_number(size),
        "digests": {"md5": md5} if md5 else {},
    }
    return Record(f"{identifier}/{name}", value, row.where)
