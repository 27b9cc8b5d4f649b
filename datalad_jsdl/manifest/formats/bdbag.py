"""The remote file manifest of BDBags: a JSON list of ``url``, ``length``, ``filename``, digests.

Described in the configuration guide of bdbag (https://github.com/fair-research/bdbag,
doc/config.md). URLs of other kinds (``ark:``, ``minid:``, Globus) are refused one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import each, is_array, load, objects, outline
from datalad_jsdl.manifest.formats.fields import digests_in, whole_bytes
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats import Options

__all__ = ["records", "sniff"]

_KEYS = ("url", "length", "filename")


def sniff(head: str) -> bool:
    """A list of objects that have the three keys."""
    return is_array(head) and any(
        item.keys() >= set(_KEYS) for item in objects(outline(head, *_KEYS))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an element.

    Raises:
        ManifestError: the document is not JSON or not a list.
    """
    yield from each(load(text), "", _record)


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    size = whole_bytes(item.get("length"))
    value = {"urls": item.get("url"), "size": size, "digests": digests_in(item)}
    yield Record(item.get("filename"), value, where)
