"""The files of an item of the Internet Archive, from its metadata API (JSON).

Described at https://archive.org/developers (``/metadata/ITEM``). The list of files itself,
``ITEM_files.xml``, has no fixed content and is passed over. Files that the archive keeps to itself
(``private``) are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig, each, is_object, load, objects, outline
from datalad_jsdl.manifest.formats.fields import digests_in, known_time, quoted
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_DOWNLOAD = "https://archive.org/download/"


def sniff(head: str) -> bool:
    """The item's identifier or server (``d1``), and files with ``name`` and ``source``."""
    if not is_object(head):
        return False
    document = outline(head, "files", "name", "source")
    has_id = dig(document, "metadata", "identifier") is not None or dig(document, "d1") is not None
    return has_id and any(
        item.keys() >= {"name", "source"} for item in objects(dig(document, "files"))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or lacks the item's identifier or its files.
    """
    document = load(text)
    item = dig(document, "metadata", "identifier")
    if not isinstance(item, str):
        raise ManifestError("the document does not name the item (metadata.identifier)")

    def record(file: dict[str, Any], where: str) -> Iterator[Record]:
        name = file.get("name")
        if name == f"{item}_files.xml":
            return
        if not isinstance(name, str):
            yield Record(name, None, where, "the name is missing or not a string")
        elif file.get("private") in ("true", True):
            yield Record(name, None, where, "the archive does not give this file away (private)")
        else:
            yield file_record(
                name,
                f"{_DOWNLOAD}{quoted(item)}/{quoted(name)}",
                where,
                size=file.get("size"),
                digests=digests_in(file),
                mtime=_seconds(file.get("mtime")),
            )

    yield from each(dig(document, "files"), "files", record)


def _seconds(mtime: Any) -> Any:
    """Seconds since 1970, which are written as text."""
    digits = isinstance(mtime, str) and mtime.isascii() and mtime.isdecimal() and len(mtime) < 12
    return known_time(int(mtime) if digits else mtime)
