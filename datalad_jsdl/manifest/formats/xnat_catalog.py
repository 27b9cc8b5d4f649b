"""A catalog of XNAT (XML): files relative to an archive's folder, which has no URL; refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.xml_root import root_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_NAMESPACE = "nrg.wustl.edu/catalog"


def sniff(head: str) -> bool:
    """The root has the namespace of such catalogs."""
    return _NAMESPACE in root_tag(head, "DCMCatalog", "Catalog", "catalog")


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """None: the files' URLs are those of the server's API.

    Raises:
        ManifestError: always.
    """
    raise ManifestError(
        "this is a catalog of XNAT, whose files have no URLs: use the list of its API, "
        "https://SERVER/data/experiments/ID/scans/ALL/files?format=json, as the manifest"
    )
