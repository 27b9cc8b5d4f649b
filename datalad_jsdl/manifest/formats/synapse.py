"""A manifest of Synapse, such as that of its download cart, or a list of IDs: its API is asked.

It has IDs of files, and no URLs (a ``synapseURL`` leads to a page). Where nobody may be asked it is
refused, unless ``--column url=…`` says what has URLs. A table has the IDs in a column named ``ID``,
``synId``, ``entityId`` or alike, and perhaps their versions in ``versionNumber``; a list has one a
line. Files have the names that they are downloaded by.
"""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import csv_table
from datalad_jsdl.manifest.formats.cells import is_url
from datalad_jsdl.manifest.formats.tables import Table, has_columns
from datalad_jsdl.manifest.lines import beginning, lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

# of the download cart, of a download by its client, and of one for an upload
_COLUMNS = (("ID", "name", "dataFileMD5Hex"), ("path", "parentId", "ID"), ("path", "parent"))
_IDS = ("id", "synid", "synapseid", "entityid")
_ID = re.compile(r"syn[0-9]+(?:\.[0-9]+)?", re.IGNORECASE)
_PAGES = {"www.synapse.org", "synapse.org"}
_AT_ONCE = 1000  # IDs of one address
_NO_URLS = (
    "this is a manifest of Synapse, which has no URLs of files (a synapseURL leads to a "
    "page): Synapse delivers files only through its API, with a login. Use the address of "
    "their folder, such as synapse:syn123, as the manifest, or add a column of URLs to the "
    "table and --column url=NAME"
)


def sniff(head: str) -> bool:
    """The header has columns that only Synapse gives, or a column of IDs with no URLs of files
    beside it; or each line is an ID."""
    if any(has_columns(head, ",\t", *columns) for columns in _COLUMNS):
        return True
    if head.lstrip().startswith(("{", "[", "<")):
        return False
    first = [line.strip() for line in beginning(head) if not line.startswith("#")]
    if first and all(map(_ID.fullmatch, first)):
        return True
    try:
        table = Table(iter([head]), ",\t")
        column = _id_column(table.header)
        rows = table.first_rows(1) if column else []
    except ManifestError:
        return False
    if column is None or not rows or rows[0].fault:
        return False
    cells = rows[0].cells
    urls = [cell for cell in cells.values() if is_url(cell)]
    return bool(_ID.fullmatch(cells[column].strip())) and all(_host(url) in _PAGES for url in urls)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """What each ID leads to; or a table's records, if the user says which column has the URLs.

    Raises:
        ManifestError: nobody may be asked, and the user does not say which column has URLs.
    """
    if "url" in options.columns:
        yield from csv_table.records(text, options)
        return
    if options.ask is None:
        raise ManifestError(_NO_URLS)
    yield from _addresses(_identifiers(text))


def _addresses(found: Iterator[tuple[str, str]]) -> Iterator[Record]:
    """Records with the address of many (see `addressed`); a refusal for what is no ID."""
    identifiers: list[tuple[str, str]] = []
    for identifier, where in found:
        if _ID.fullmatch(identifier):
            identifiers.append((identifier, where))
        else:
            yield Record(None, None, where, "expected an ID of Synapse, such as syn123")
    rest = iter(identifiers)
    while some := list(islice(rest, _AT_ONCE)):
        first, last = some[0][1], some[-1][1]
        # the comma at the end makes a list of a single one, too
        address = f"synapse:{''.join(f'{identifier},' for identifier, _ in some)}"
        yield Record(None, {"urls": [address]}, f"{first} to {last}" if last != first else first)


def _identifiers(text: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Each ID, with its version if there is one, and its place."""
    numbered = lines(text)
    before: list[tuple[int, str]] = []
    for number, line in numbered:
        before.append((number, line))
        if line.strip() and not line.startswith("#"):
            break
    every = chain(before, numbered)
    if before and _ID.fullmatch(before[-1][1].strip()):
        for number, line in every:
            if line.strip() and not line.startswith("#"):
                yield line.strip(), f"line {number}"
        return
    table = Table((line for _, line in every), ",\t")
    column, version = _id_column(table.header), _named(table.header, ("versionnumber", "version"))
    if column is None:
        raise ManifestError(_NO_URLS)
    for row in table.rows():
        identifier = row.cells[column].strip() if not row.fault else ""
        pinned = row.cells[version].strip() if version and not row.fault else ""
        marked = "." not in identifier and pinned.isdecimal()
        yield (f"{identifier}.{pinned}" if marked else identifier), row.where


def _host(url: str) -> str:
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


def _id_column(header: Sequence[str]) -> str | None:
    return _named(header, _IDS)


def _named(header: Sequence[str], names: tuple[str, ...]) -> str | None:
    plain = {re.sub(r"[\W_]+", "", name.lower()): name for name in reversed(header)}
    return next((plain[name] for name in names if name in plain), None)
