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

# of the download cart; of what sync_from_synapse writes, in its newer and its older form
_HEADERS = (
    ("ID", "name", "dataFileMD5Hex"),
    ("path", "parentId", "ID"),
    ("path", "parent", "synapseStore"),
)


def sniff(head: str) -> bool:
    """The header has columns that only Synapse gives, in a cart or for a synchronised folder."""
    return any(has_columns(head, ",\t", *names) for names in _HEADERS)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """A table's records, if the user says which column has the URLs.

    Raises:
        ManifestError: the user does not.
    """
    if "url" not in options.columns:
        raise ManifestError(
            "this is a manifest of Synapse, whose synapseURL leads to a web page, not to the file: "
            "Synapse delivers files only through its API, with a login. Use the address of the "
            "folder, such as synapse:syn123, as the manifest, or add a column of URLs to the "
            "table and --column url=NAME"
        )
    return csv_table.records(text, options)
