"""A record of Zenodo, or of another InvenioRDM repository, from its REST API (JSON).

Zenodo's form (https://developers.zenodo.org/#records) has a list ``files`` of ``key``, ``size``,
``checksum`` and ``links.self``, which leads to the content; drafts (deposits) have ``filename``,
``filesize``, a bare MD5 and ``links.download``. InvenioRDM's own form
(https://inveniordm.docs.cern.ch/reference/rest_api_drafts_records/) has an object
``files.entries``, or a list ``entries`` in its answer for the files alone; there ``links.self``
leads to the file's description and ``links.content`` to the content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_list,
    is_object,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.fields import named_digest, quoted
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["document_records", "found_files", "records", "sniff"]


def sniff(head: str) -> bool:
    """Files with ``checksum`` and a name, in a list ``files``, or in a list or object
    ``entries``."""
    if not is_object(head):
        return False
    return any(
        "checksum" in item and ("key" in item or "filename" in item)
        for item in objects(found_files(outline(head, "checksum"))[1])
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or has no files (they may be restricted).
    """
    yield from document_records(load(text))


def document_records(document: Any) -> Iterator[Record]:
    """The records of a record's files, or of the answer for its files alone.

    Raises:
        ManifestError: it has no files.
    """
    where, files = found_files(document)
    if files is None:
        raise ManifestError(
            "the document has neither files nor files.entries; "
            "a record lists restricted files only with a login"
        )
    files_link = dig(document, "links", "files")

    def record(item: dict[str, Any], place: str) -> Iterator[Record]:
        name = item.get("key", item.get("filename"))
        urls = _own_urls(item) if where == "files" else _invenio_urls(item, files_link)
        size = item.get("size", item.get("filesize"))
        digests = named_digest(item.get("checksum"))
        yield Record(name, {"urls": urls, "size": size, "digests": digests}, place)

    yield from each(files, where, record)


def found_files(document: Any) -> tuple[str, list[Any] | None]:
    """Where the files are, and their list, or None."""
    files = dig(document, "files")
    if is_list(files):
        return "files", files
    for where, entries in (
        ("files.entries", dig(files, "entries")),
        ("entries", dig(document, "entries")),
    ):
        if isinstance(entries, dict):
            return where, list(entries.values())
        if is_list(entries):
            return where, entries
    return "", None


def _own_urls(item: dict[str, Any]) -> Any:
    links = item.get("links")
    return dig(links, "content") or dig(links, "download") or dig(links, "self")


def _invenio_urls(item: dict[str, Any], files_link: Any) -> Any:
    content, described = dig(item, "links", "content"), dig(item, "links", "self")
    if content:
        return content
    key = item.get("key")
    if not described and isinstance(files_link, str) and isinstance(key, str):
        described = f"{files_link}/{quoted(key)}"
    return f"{described}/content" if isinstance(described, str) else described
