"""A file report of the European Nucleotide Archive: ``fastq_ftp``, ``fastq_md5`` and so on.

Described at https://ena-docs.readthedocs.io (File Reports); a table, or with ``format=json`` a list
of objects with the same names.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import csv_table
from datalad_jsdl.manifest.formats.documents import (
    has_keys,
    is_array,
    is_list,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.tables import Row, Table, has_columns
from datalad_jsdl.manifest.formats.values import scheme_of, whole_number
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.urls import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["KINDS", "records", "report_records", "sniff"]

#: As generated from reads, as they were submitted, and in the format of the SRA.
KINDS = ("fastq", "submitted", "sra")


def sniff(head: str) -> bool:
    """The header, or an object, has ``fastq_ftp``, ``submitted_ftp`` or ``sra_ftp``."""
    if is_array(head):
        if not any(has_keys(head, f"{kind}_ftp") for kind in KINDS):
            return False
        rows = objects(outline(head))
        return any(f"{kind}_ftp" in row for row in rows for kind in KINDS)
    return any(has_columns(head, "\t", f"{kind}_ftp") for kind in KINDS)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file, in a folder named by its run."""
    if options.columns:
        yield from csv_table.records(text, options)
        return
    for row in _rows(text):
        if row.fault:
            yield Record(None, None, row.where, row.fault)
        else:
            yield from _row_records(row, KINDS)


def report_records(text: Iterator[str], choice: str) -> Iterator[Record]:
    """The records of a report, of files of one kind only.

    Args:
        text: a table, or a list of objects.
        choice: one of `KINDS`; "" for the first kind that a run has.
    """
    for row in _rows(text):
        there = [kind for kind in KINDS if row.cells.get(f"{kind}_ftp", "").strip()]
        kinds = (choice,) if choice else tuple(there[:1])
        if row.fault:
            yield Record(None, None, row.where, row.fault)
        else:
            yield from _row_records(row, kinds)


def _row_records(row: Row, kinds: Sequence[str]) -> Iterator[Record]:
    """The records of a run's files of these kinds, or a fault if it has none."""
    found = [(kind, urls) for kind in kinds if (urls := _cells(row, f"{kind}_ftp"))]
    if not found:
        run = row.cells.get("run_accession")
        said = excerpt(run) if run else "it"
        yield Record(None, None, row.where, f"{said} has no files")
    for kind, urls in found:
        yield from _files(row, kind, urls)


def _rows(text: Iterator[str]) -> Iterator[Row]:
    start = next(text, "")
    chunks = chain([start], text)
    yield from _objects(chunks) if is_array(start) else Table(chunks, "\t").rows()


def _objects(text: Iterator[str]) -> Iterator[Row]:
    document = load(text)
    if not is_list(document):
        raise ManifestError("the document is not a list")
    for index, item in enumerate(document):
        where = f"[{index}]"
        if not isinstance(item, dict):
            yield Row(where, {}, "not an object")
        elif not all(isinstance(value, str) for value in item.values()):
            yield Row(where, {}, "a value is not a string")
        else:
            yield Row(where, item)


def _cells(row: Row, column: str) -> list[str]:
    """What the cell joins with semicolons; each part is about the file in that place."""
    if not (cell := row.cells.get(column, "").strip()):
        return []
    return [part.strip() for part in cell.split(";")] if ";" in cell else [cell]


def _files(row: Row, kind: str, urls: Sequence[str]) -> Iterator[Record]:
    md5s, sizes = _cells(row, f"{kind}_md5"), _cells(row, f"{kind}_bytes")
    # a digest must not be taken for that of another file
    told = len(md5s) in (0, len(urls)) and len(sizes) in (0, len(urls))
    fault = None if told else f"the numbers of {kind}_md5, {kind}_bytes and {kind}_ftp differ"
    run = row.cells.get("run_accession", "").strip()
    for number, url in enumerate(urls):
        if not url:  # one file of several can be missing, and a list can end in a semicolon
            continue
        name = url.rpartition("/")[2]
        path = f"{run}/{name}" if run else name
        if fault:
            yield Record(path, None, row.where, fault)
            continue
        md5 = md5s[number] if md5s else ""
        value = {
            # the addresses have no scheme; the server answers to https as well as to ftp
            "urls": [url if scheme_of(url) else f"https://{url}"],
            "size": whole_number(sizes[number]) if sizes else None,
            "digests": {"md5": md5} if md5 else {},
        }
        yield Record(path, value, row.where)
