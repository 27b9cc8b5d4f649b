"""A release's ``manifest.json`` of the Allen Institute's Brain Cell Atlas (JSON).

Described in https://github.com/AllenInstitute/abc_atlas_access. Files stand at the ends of
``file_listing``, each with ``relative_path``, ``url``, ``size`` and ``file_hash``, an MD5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig, is_object, load, outline
from datalad_jsdl.manifest.formats.listing import file_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_DEEPEST = 20


def sniff(head: str) -> bool:
    """A ``file_listing`` with objects that have ``relative_path`` and ``url``."""
    if not is_object(head):
        return False
    document = outline(head, "file_listing", "relative_path", "url")
    return any(True for _ in _files(dig(document, "file_listing"), "file_listing"))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or has no ``file_listing``.
    """
    listing = dig(load(text), "file_listing")
    if not isinstance(listing, dict):
        raise ManifestError("file_listing is not an object")
    for item, where in _files(listing, "file_listing"):
        digest = item.get("file_hash")
        yield file_record(
            item["relative_path"],
            item["url"],
            where,
            size=item.get("size"),
            checksum=digest if isinstance(digest, str) else None,
        )


def _files(value: Any, where: str, depth: int = _DEEPEST) -> Iterator[tuple[dict[str, Any], str]]:
    if not isinstance(value, dict) or not depth:
        return
    if {"relative_path", "url"} <= value.keys():
        yield value, where
        return
    for name, inner in value.items():
        yield from _files(inner, f"{where}.{name}", depth - 1)
