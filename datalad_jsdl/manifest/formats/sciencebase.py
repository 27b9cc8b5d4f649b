"""The files of an item of the USGS's ScienceBase, from its API (JSON).

Described at https://www.sciencebase.gov (``/catalog/item/ID?format=json``). Files of an item's
facets, such as the parts of a shapefile, are listed with those facets.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig, each, is_object, load, objects, outline
from datalad_jsdl.manifest.formats.fields import known_time, stated
from datalad_jsdl.manifest.formats.listing import file_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

# what its files have and no others': how they are kept, or a checksum that is an object
_TRAITS = (("pathOnDisk",), ("downloadUri",), ("checksum", "value"))


def sniff(head: str) -> bool:
    """Files with ``name``, ``url``, and a field that only ScienceBase has."""
    if not is_object(head):
        return False
    document = outline(head, "files", "name", "url")
    files = chain(
        objects(dig(document, "files")),
        *(objects(facet.get("files")) for facet in objects(dig(document, "facets"))),
    )
    return any(
        item.keys() >= {"name", "url"} and any(dig(item, *trait) for trait in _TRAITS)
        for item in files
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file of the item or of its facets.

    Raises:
        ManifestError: the document is not JSON, or has no list of files.
    """
    document = load(text)
    facets = objects(dig(document, "facets"))
    if not facets or dig(document, "files") is not None:
        yield from each(dig(document, "files"), "files", _record)
    for number, facet in enumerate(facets):
        if "files" in facet:
            yield from each(facet["files"], f"facets[{number}].files", _record)


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    algorithm = dig(item, "checksum", "type")
    digest = dig(item, "checksum", "value")
    yield file_record(
        item.get("name"),
        item.get("downloadUri") or item.get("url"),
        where,
        size=item.get("size"),
        digests=stated({algorithm: digest} if isinstance(algorithm, str) else {}),
        mtime=known_time(item.get("dateUploaded")),
    )
