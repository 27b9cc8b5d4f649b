"""The remote file manifest of BDBags: a JSON list of ``url``, ``length``, ``filename``, digests.

Described in the configuration guide of bdbag (https://github.com/fair-research/bdbag,
doc/config.md), or a stream of the same objects, one a line. URLs of other kinds (``ark:``,
``minid:``, Globus) are refused one by one.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    each,
    is_array,
    is_object,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.fields import digests_in, whole_bytes
from datalad_jsdl.manifest.lines import lines
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_KEYS = ("url", "length", "filename")


def sniff(head: str) -> bool:
    """A list of objects with ``url``, ``length`` and ``filename``, or one such object on each
    line."""
    return _is_stream(head) or (
        is_array(head) and any(item.keys() >= set(_KEYS) for item in objects(outline(head, *_KEYS)))
    )


def _is_stream(head: str) -> bool:
    first = head.lstrip(" \t\n\r").partition("\n")[0]
    return is_object(first) and any(
        item.keys() >= set(_KEYS) for item in objects([outline(first, *_KEYS)])
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an element.

    Raises:
        ManifestError: the document is not JSON or not a list, or a line does not end.
    """
    start = next(text, "")
    chunks = chain([start], text)
    if _is_stream(start):
        for number, line in lines(chunks):
            if line.strip():
                yield from _line(line, f"line {number}")
    else:
        yield from each(load(chunks), "", _record)


def _line(line: str, where: str) -> Iterator[Record]:
    try:
        item = json.loads(line)  # in a fifth of the time that `load` takes, which tells the fault
    except (ValueError, RecursionError):
        try:
            item = load(iter([line]))
        except ManifestError as error:
            yield Record(None, None, where, str(error))
            return
    if isinstance(item, dict):
        yield from _record(item, where)
    else:
        yield Record(None, None, where, "not an object")


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    size = whole_bytes(item.get("length"))
    value = {"urls": item.get("url"), "size": size, "digests": digests_in(item)}
    yield Record(item.get("filename"), value, where)
