"""The bitstreams of an item in a DSpace 7 repository, from its REST API (JSON, HAL).

Described at https://github.com/DSpace/RestContract (bitstreams.md). A page has 20 bitstreams if not
asked for more: of one that is not the last, a refusal says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.formats.listing import Listing, file_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_FILES = Listing(
    (("_embedded", "bitstreams"),),
    (("name",), ("sizeBytes",), ("_links", "content")),
    (("_links", "next", "href"),),
)

sniff = _FILES.sniff


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a bitstream, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, or has no list of bitstreams.
    """
    return _FILES.records(text, _record)


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    algorithm = dig(item, "checkSum", "checkSumAlgorithm")
    digest = dig(item, "checkSum", "value")
    yield file_record(
        item.get("name"),
        dig(item, "_links", "content", "href"),
        where,
        size=item.get("sizeBytes"),
        digests=stated({algorithm: digest} if isinstance(algorithm, str) else {}),
    )
