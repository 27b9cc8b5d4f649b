"""Which encoding the text of a document is in, where its server says one (RFC 9110, 8.3.2)."""

from __future__ import annotations

import codecs
from email.message import Message
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["charset_of", "text_encoding"]


def charset_of(content_type: str) -> str:
    """The ``charset`` of a Content-Type, as Python knows it; "" if there is none that it knows."""
    head = Message()
    head["Content-Type"] = content_type
    named = head.get_content_charset("")
    try:
        b"".decode(named)  # no other codec but one of text
        return codecs.lookup(named).name
    except (LookupError, ValueError):
        return ""


def text_encoding(chunks: Iterable[bytes], charset: str) -> str:
    """The encoding of a document: UTF-8 wherever it can be that, whatever its server says.

    Servers say ISO-8859-1 of all that they have, UTF-8 and JSON (RFC 8259, 8.1) included.

    Args:
        chunks: of the document; only as many are taken as it needs.
        charset: that the server says, as of `charset_of`; "" for none.
    """
    chunks = filter(None, chunks)
    first = next(chunks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-32" if first.startswith(codecs.BOM_UTF32_LE) else "utf-16"
    if charset in ("", "utf-8", "ascii"):
        return "utf-8"
    if charset.startswith(("utf-16", "utf-32")) and b"\0" in first[:4]:
        # without a mark: a document begins with a plain character
        order = "be" if first[0] == 0 else "le"
        return charset if charset[-2:] in ("be", "le") else f"{charset}-{order}"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chain([first], chunks):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return charset
    return "utf-8"
