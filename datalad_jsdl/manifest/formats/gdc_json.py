"""Files of the NCI's Genomic Data Commons, from its API or the "JSON" button of its portal.

Described at https://docs.gdc.cancer.gov (API, ``/files``). Files have an id and no URL, which is
made of it; they go into a folder named by the id, as the GDC's own client puts them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig, load, one_page
from datalad_jsdl.manifest.formats.fields import known_time, stated
from datalad_jsdl.manifest.formats.listing import Listing, file_record
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_FILES = Listing(((), ("data", "hits")), (("file_id",), ("file_name",), ("md5sum",)))
_DATA = "https://api.gdc.cancer.gov/data/"
_ID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

sniff = _FILES.sniff


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, or has no list of files.
    """
    document = load(text)
    yield from _FILES.document_records(document, _record)
    total, count = (dig(document, "data", "pagination", key) for key in ("total", "count"))
    if isinstance(total, int) and isinstance(count, int) and total > count:
        yield from one_page(total, "data.pagination")


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    identifier, name = item.get("file_id"), item.get("file_name")
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        yield Record(name, None, where, "the id is not a UUID")
        return
    yield file_record(
        f"{identifier}/{name}" if isinstance(name, str) else name,
        _DATA + identifier,
        where,
        size=item.get("file_size"),
        digests=stated({"md5": item.get("md5sum")}),
        mtime=known_time(item.get("updated_datetime")),
    )
