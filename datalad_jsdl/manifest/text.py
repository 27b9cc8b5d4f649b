"""A document's bytes → its text."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.unpacking import unpacked

if TYPE_CHECKING:
    import json
    from collections.abc import Iterator

    from datalad_jsdl.manifest.unpacking import Readable

__all__ = ["decoded", "json_fault"]


def json_fault(error: json.JSONDecodeError) -> str:
    """What Python says is wrong, without the ``at`` that some of its messages end with."""
    return re.sub(r" at$", "", error.msg)


def decoded(stream: Readable, encoding: str = "utf-8") -> Iterator[str]:
    """The text in chunks, without a mark of byte order.

    Args:
        stream: the document, perhaps packed by gzip; only ever read forward.
        encoding: unless a mark of byte order says UTF-16, which is what Windows' PowerShell
            writes.

    Raises:
        ManifestError: it cannot be unpacked or decoded; the byte is named (of what is
            unpacked), from 0.
    """
    chunks = unpacked(stream)
    chunk = b""
    while len(chunk) < 2 and (more := next(chunks, b"")):
        chunk += more
    if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    plain = codecs.lookup(encoding).name == "utf-8"
    decoder = codecs.getincrementaldecoder("utf-8-sig" if plain else encoding)()
    position = 0
    try:
        while chunk:
            position += len(chunk)
            if text := decoder.decode(chunk):
                yield text
            chunk = next(chunks, b"")
        if text := decoder.decode(b"", final=True):
            yield text
    except UnicodeDecodeError as error:
        # the decoder may have held bytes back: count from the end of what it was given
        position -= len(error.object) - error.start
        raise ManifestError(
            f"the manifest is not {encoding.upper()} text: {error.reason} at byte {position}"
        ) from None
    except UnicodeError as error:  # without a place: UTF-16 without a mark of byte order
        raise ManifestError(f"the manifest is not {encoding.upper()} text: {error}") from None
