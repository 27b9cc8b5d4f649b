"""A manifest of Synapse, which has no URLs of files: read only with ``--column url=…``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats import csv_table
from datalad_jsdl.manifest.formats.tables import has_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

# of the download cart, of a download by its client, and of one for an upload
_COLUMNS = (("ID", "name", "dataFileMD5Hex"), ("path", "parentId", "ID"), ("path", "parent"))


def sniff(head: str) -> bool:
    """The header has columns that only Synapse gives."""
    return any(has_columns(head, ",\t", *columns) for columns in _COLUMNS)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """A table's records, if the user says which column has the URLs.

    Raises:
        ManifestError: the user does not.
    """
    if "url" not in options.columns:
        raise ManifestError(
            "this is a manifest of Synapse, which has no URLs of files (a synapseURL leads to a "
            "page): Synapse delivers files only through its API, with a login. Use the address of "
            "their folder, such as synapse:syn123, as the manifest, or add a column of URLs to the "
            "table and --column url=NAME"
        )
    return csv_table.records(text, options)
