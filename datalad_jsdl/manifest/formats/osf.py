"""A listing of files of the Open Science Framework, from its API (JSON:API).

Described at https://developer.osf.io (``/v2/nodes/ID/files/PROVIDER/``). A listing is of one
folder: folders in it are passed over, and their files are in listings of their own. The API gives
ten files a page if not asked for more; where there is another page, that is said as a fault.
Providers other than OSF's own storage have digests that are null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_object,
    load,
    objects,
    one_page,
    outline,
)
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["file_record", "records", "sniff"]


def sniff(head: str) -> bool:
    """``data`` with ``attributes`` that have ``kind`` and ``materialized_path``."""
    if not is_object(head):
        return False
    data = dig(outline(head, "data", "attributes", "kind"), "data")
    return any(
        isinstance(attributes := item.get("attributes"), dict)
        and attributes.keys() >= {"kind", "materialized_path"}
        for item in objects([data] if isinstance(data, dict) else data)
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file, and a fault if there are more pages.

    Raises:
        ManifestError: the document is not JSON, or its ``data`` are no list.
    """
    document = load(text)
    data = dig(document, "data")
    yield from each([data] if isinstance(data, dict) else data, "data", file_record)
    yield from one_page(dig(document, "links", "next"), "links.next")


def file_record(item: dict[str, Any], where: str) -> Iterator[Record]:
    """The record of one file; none of a folder."""
    attributes = item.get("attributes")
    if not isinstance(attributes, dict):
        yield Record(None, None, where, "attributes is not an object")
        return
    if attributes.get("kind") == "folder":
        return
    path = attributes.get("materialized_path") or attributes.get("name")
    if isinstance(path, str):
        path = path.removeprefix("/")  # from the storage's root
    hashes = dig(attributes, "extra", "hashes")
    value = {
        "urls": dig(item, "links", "download"),
        "size": attributes.get("size"),
        "digests": stated(hashes) if isinstance(hashes, dict) else hashes,
        "mtime": attributes.get("date_modified"),
    }
    yield Record(path, value, where)
