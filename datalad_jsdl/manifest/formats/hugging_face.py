"""The tree of a repository on the Hugging Face Hub, from its API (JSON).

Described in the Hub's API (https://huggingface.co/docs/hub/api, ``/api/datasets/NAME/tree/main``).
``lfs.oid`` is the SHA-256 of the content; ``oid`` is git's name of the blob, made of a header and
the content, and says nothing of the content alone. There is no URL: it is
``resolve/main/PATH``, relative to the repository's page, which has to be given as base URL
(``https://huggingface.co/datasets/NAME/``, with the slash). Directories are passed over, so the
tree has to be asked for with ``recursive=true``; above 1,000 entries it comes in pages, which shows
in the answer's header only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig, each, is_array, load, objects, outline
from datalad_jsdl.manifest.formats.fields import quoted, stated
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats import Options

__all__ = ["file_record", "records", "sniff"]

_KEYS = ("type", "path", "oid")


def sniff(head: str) -> bool:
    """A list of objects with ``path``, ``oid`` and the ``type`` of a file or directory."""
    return is_array(head) and any(
        item.keys() >= set(_KEYS) and item["type"] in ("file", "directory")
        for item in objects(outline(head, *_KEYS))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON or not a list.
    """
    yield from each(load(text), "", file_record)


def file_record(
    item: dict[str, Any], where: str, resolved: str = "resolve/main/"
) -> Iterator[Record]:
    """The record of one file, which has its path behind *resolved* as URL; none of a directory."""
    if item.get("type") == "directory":
        return
    path, lfs = item.get("path"), item.get("lfs")
    value = {
        "urls": f"{resolved}{quoted(path)}" if isinstance(path, str) else None,
        # without LFS both are of the blob, which is the content
        "size": dig(lfs, "size") if isinstance(lfs, dict) else item.get("size"),
        "digests": stated({"sha256": dig(lfs, "oid")}),
    }
    yield Record(path, value, where)
