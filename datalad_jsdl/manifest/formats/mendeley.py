"""The files of a dataset on Mendeley Data, from its public API (JSON).

An answer for a dataset (``/public-api/datasets/ID``), or for the files of one of its folders
(``…/files?folder_id=root``): the API names folders by ids only, which are not taken for names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig
from datalad_jsdl.manifest.formats.fields import known_time, stated
from datalad_jsdl.manifest.formats.listing import Listing, file_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_FILES = Listing(((), ("files",)), (("filename",), ("content_details", "download_url")))

sniff = _FILES.sniff


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or has no list of files.
    """
    return _FILES.records(text, _record)


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    size = dig(item, "content_details", "size")
    yield file_record(
        item.get("filename"),
        dig(item, "content_details", "download_url"),
        where,
        size=item.get("size") if size is None else size,
        digests=stated({"sha256": dig(item, "content_details", "sha256_hash")}),
        mtime=known_time(dig(item, "content_details", "created_date")),
    )
