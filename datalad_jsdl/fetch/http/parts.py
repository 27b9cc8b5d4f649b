"""Which bytes of a file an answer has: RFC 9110, sections 14.4 and 15.3.7.

Servers answer requests for a part with the whole, with a part that begins earlier or ends
sooner, or with one part as one of several; and requests for the whole with a part.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.fetch.http.answers import content_range, total_size
from datalad_jsdl.fetch.http.heads import HeadError, read_fields

if TYPE_CHECKING:
    from datalad_jsdl.fetch.transport import Response
    from datalad_jsdl.model.content import Expected

__all__ = ["Body", "BodyPart", "part_of"]

_MOST = 16 << 10  # bytes before the content of a part
_CHUNK = 4 << 10  # bytes
_BOUNDARY = re.compile(r'multipart/byteranges\s*;.*?boundary="?([^";,\s]+)', re.IGNORECASE)


class Body(Protocol):
    """Bytes, as they come."""

    def read(self, limit: int, /) -> bytes:
        """Some bytes; b"" at the end."""


@dataclass(frozen=True)
class BodyPart:
    """What an answer gives.

    Attributes:
        body: its bytes.
        first: offset of the first of them in the file.
        end: offset after the last, or None for where the body ends.
        size: of the whole file in bytes, if it tells.
    """

    body: Body
    first: int
    end: int | None
    size: int | None


def part_of(
    response: Response, *, ranged: bool, expected: Expected | None = None
) -> BodyPart | None:
    """Which bytes a good answer has; None if it does not say which.

    Args:
        response: the answer, none of whose body was read.
        ranged: a part was asked for.
        expected: what is known of the content, if anything.

    Raises:
        urllib3.exceptions.HTTPError, OSError: the transfer broke off.
    """
    headers = response.headers
    found, length = content_range(headers), total_size(200, headers)
    size = expected.size if expected else None
    sized = size is not None and length == size
    # what is asked for as a whole, and can be told from half of it, may be called anything
    by_digest = size is None and expected is not None and expected.verifiable
    told = not ranged and (sized or by_digest)
    multipart = _BOUNDARY.match(headers.get("Content-Type", ""))
    if response.status == 206:
        says = headers.get("Content-Range", "").strip()
        silent = not ranged and (not says or (length is not None and says == f"bytes */{length}"))
        whole = not multipart and ((silent or told) if found is None else told and sized)
    else:
        # some send parts so, whose bytes are counted as the part's are
        counted = found is not None and length == found[1] + 1 - found[0] != found[2]
        named = found is not None and (ranged or found[2] is not None)
        whole = told or not (counted and named)
    if whole:
        return BodyPart(response, 0, None, length)
    body: Body = response
    if found is None and multipart:
        body, found = _one_of(response, multipart[1].encode("latin-1"))
    return BodyPart(body, found[0], found[1] + 1, found[2]) if found else None


def _one_of(response: Response, boundary: bytes) -> tuple[Body, tuple[int, int, int | None] | None]:
    """The first part of several (RFC 9110, section 14.6), and what its Content-Range says."""
    begun = b""
    while len(begun) < _MOST and (chunk := response.read(_CHUNK)):
        begun += chunk
        _, mark, after = begun.partition(b"--" + boundary)
        lines = io.BytesIO(after)
        lines.readline()
        try:
            fields = read_fields(lines.readline)
        except HeadError:  # its head has not come as a whole
            continue
        if mark and (found := content_range({n.title(): value for n, value in fields})):
            return _Limited(lines.read(), response, found[1] + 1 - found[0]), found
    return response, None


class _Limited:
    """So many bytes: those that were read already, then those that follow."""

    def __init__(self, begun: bytes, response: Response, count: int) -> None:
        self._begun = begun
        self._response = response
        self._left = count

    def read(self, limit: int) -> bytes:
        """Some bytes; b"" at the end."""
        limit = min(limit, self._left)
        if self._begun:
            data, self._begun = self._begun[:limit], self._begun[limit:]
        else:
            data = self._response.read(limit) if limit else b""
        self._left -= len(data)
        return data
