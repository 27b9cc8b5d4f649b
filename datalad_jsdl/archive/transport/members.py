"""One member's content out of bytes of a zip, if it is the right one."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from datalad_jsdl.archive.transport.directory import DEFLATED, LOCAL_HEADER, UNREADABLE
from datalad_jsdl.fetch.file.verification import Verifier

if TYPE_CHECKING:
    from datalad_jsdl.archive.transport.directory import Place
    from datalad_jsdl.model.content import Expected

__all__ = ["content_of"]

_LOCAL = struct.Struct("<4s5H3I2H")  # APPNOTE.TXT 6.3.10, section 4.3.7
_MARK = b"PK\3\4"


def content_of(
    data: memoryview, place: Place, name: bytes, expected: Expected
) -> bytes | memoryview | None:
    """A member's content, verified; None if what is there is not what was expected.

    Args:
        data: all bytes of the member's place.
        place: where it is.
        name: of the member.
        expected: size and digest of the content.
    """
    if len(data) < LOCAL_HEADER:
        return None
    mark, _, flags, method, *_, name_length, extra_length = _LOCAL.unpack_from(data)
    begin = LOCAL_HEADER + name_length + extra_length
    if mark != _MARK or flags & UNREADABLE or method != place.method:
        return None
    if data[LOCAL_HEADER : LOCAL_HEADER + name_length] != name:
        return None
    content: bytes | memoryview = data[begin : begin + place.stored]
    if len(content) != place.stored:
        return None
    if method == DEFLATED:
        try:
            # no more than is right, whatever it would come to
            content = zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, place.size + 1)
        except zlib.error:
            return None
    verifier = Verifier(expected)
    verifier.update(content)
    return content if verifier.fault() is None else None
