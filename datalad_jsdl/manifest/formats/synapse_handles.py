"""An answer of Synapse for file handles, with signed URLs (JSON).

Described at https://rest-docs.synapse.org (``fileHandle/batch``). The URLs are signed for a quarter
of an hour: they can be downloaded, and are not recorded. Answers without URLs, such as the
children of a folder, are refused with the address to use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig, is_object, load, objects, outline
from datalad_jsdl.manifest.formats.fields import known_time, stated
from datalad_jsdl.manifest.formats.listing import Listing, file_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_HANDLES = Listing((("requestedFiles",),), (("fileHandleId",),))
_TYPES = "org.sagebionetworks.repo.model."
# of answers without URLs: the list, and the field with a type of Synapse's own
_OTHERS = (("page", "type"), ("list", "concreteType"), ("results", "type"))


def sniff(head: str) -> bool:
    """``requestedFiles`` with IDs of file handles, or objects whose type is one of Synapse's."""
    if _HANDLES.sniff(head):
        return True
    if not is_object(head) or _TYPES not in head:
        return False
    document = outline(head, "id")
    return str(dig(document, "concreteType")).startswith(_TYPES) or any(
        str(item.get(field)).startswith(_TYPES)
        for name, field in _OTHERS
        for item in objects(dig(document, name))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file handle.

    Raises:
        ManifestError: the document is not JSON, or has no URLs.
    """
    document = load(text)
    if not isinstance(document, dict) or "requestedFiles" not in document:
        raise ManifestError(
            "this is an answer of Synapse without URLs of files: use the address of the folder, "
            "project, dataset or file, such as synapse:syn123, as the manifest"
        )
    yield from _HANDLES.document_records(document, _record)


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    handle = item.get("fileHandle")
    yield file_record(
        dig(handle, "fileName"),
        item.get("preSignedURL"),
        where,
        size=dig(handle, "contentSize"),
        digests=stated({"md5": dig(handle, "contentMd5")}),
        mtime=known_time(dig(handle, "createdOn")),
    )
