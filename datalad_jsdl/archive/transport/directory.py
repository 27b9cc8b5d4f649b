"""The end of a zip, and its central directory, as anybody may have written them.

Field names are those of PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16 and 4.5.3. Nothing
is taken for true: a member is left out that could not be where it is said to be.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.archive.zip.members import MAX32
from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DEFLATED",
    "LOCAL_HEADER",
    "STORED",
    "TAIL",
    "UNREADABLE",
    "Directory",
    "End",
    "Place",
    "find_directory",
]

STORED, DEFLATED = 0, 8
UNREADABLE = 0x2041  # flags: encrypted, strongly encrypted, masked headers
LOCAL_HEADER = 30  # bytes, without name and extra field
TAIL = 22 + 0xFFFF  # bytes; the end record and the longest comment

_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_EXTRA = struct.Struct("<HH")
_END_MARK, _LOCATOR_MARK, _END64_MARK = b"PK\5\6", b"PK\6\7", b"PK\6\6"
_CENTRAL_MARK = b"PK\1\2"
_ZIP64_EXTRA = 1
_LOCAL_SLACK = 64  # bytes by which a local extra field may exceed the central one


class Place(NamedTuple):
    """Where a member is.

    Attributes:
        start: offset of its local header.
        stop: offset after all that may belong to it.
        method: of compression.
        stored: bytes of its data.
        size: bytes of its content.
    """

    start: int
    stop: int
    method: int
    stored: int
    size: int


@dataclass(frozen=True, slots=True)
class End:
    """What the end of a zip says of its central directory."""

    count: int
    offset: int
    size: int


def find_directory(tail: bytes | bytearray, total: int) -> End:
    """Where the central directory is.

    Args:
        tail: the last bytes of the zip; `TAIL` are enough.
        total: bytes of the zip.

    Raises:
        ArchiveError: it is no zip, not all of it, or says what cannot be.
    """
    begin = total - len(tail)
    at = tail.rfind(_END_MARK)
    while at >= 0 and not _is_end(tail, at):
        at = tail.rfind(_END_MARK, 0, at)
    if at < 0:
        raise ArchiveError("it has no end record of a zip")
    _, disk, first_disk, here, count, size, offset, _ = _END.unpack_from(tail, at)
    limit = begin + at
    wide = at - _LOCATOR.size
    if wide >= 0 and tail.startswith(_LOCATOR_MARK, wide):
        _, _, position, _ = _LOCATOR.unpack_from(tail, wide)
        place = position - begin
        if not 0 <= place <= wide - _END64.size or not tail.startswith(_END64_MARK, place):
            raise ArchiveError("its zip64 end record is not where it should be")
        _, _, _, _, disk, first_disk, here, count, size, offset = _END64.unpack_from(tail, place)
        limit = position
    if disk or first_disk or here != count:
        raise ArchiveError("it is one part of several")
    if offset + size != limit or count * _CENTRAL.size > size:
        raise ArchiveError("its central directory is not where it should be")
    return End(count, offset, size)


def _is_end(tail: bytes | bytearray, at: int) -> bool:
    if at + _END.size > len(tail):
        return False
    comment = int.from_bytes(tail[at + 20 : at + 22], "little")
    return at + _END.size + comment == len(tail)


class Directory:
    """The members of a zip that can be read, by name.

    Args:
        data: the central directory.
        end: where it is.

    Raises:
        ArchiveError: *data* are not the headers of *end.count* members.
    """

    def __init__(self, data: bytes | bytearray, end: End) -> None:
        self._places: dict[bytes, Place] = {}
        starts: list[int] = []
        found: list[tuple[bytes, int, int, int, int, int]] = []
        for name, flags, method, stored, size, extra, start in _headers(data, end.count):
            starts.append(start)
            if not flags & UNREADABLE:
                found.append((name, method, stored, size, extra, start))
        starts.sort()
        for name, method, stored, size, extra, start in found:
            least = start + LOCAL_HEADER + len(name) + stored
            after = bisect_right(starts, start)
            following = starts[after] if after < len(starts) else end.offset
            # a second one at the same place, or one inside of this, is somebody's trick
            alone = after < 2 or starts[after - 2] != start
            if alone and least <= following <= end.offset and method in (STORED, DEFLATED):
                stop = min(following, least + extra + _LOCAL_SLACK)
                self._places[name] = Place(start, stop, method, stored, size)

    def __len__(self) -> int:
        return len(self._places)

    def get(self, name: bytes) -> Place | None:
        """Where a member is; None if the zip lacks it, or it cannot be read."""
        return self._places.get(name)


def _headers(
    data: bytes | bytearray, count: int
) -> Iterator[tuple[bytes, int, int, int, int, int, int]]:
    """Of each member: name, flags, method, bytes stored, size, bytes of extra field, offset."""
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > len(data) or not data.startswith(_CENTRAL_MARK, at):
            raise ArchiveError("its central directory is damaged")
        fields = _CENTRAL.unpack_from(data, at)
        flags, method, stored, size = fields[3], fields[4], fields[8], fields[9]
        name_length, extra_length, comment, offset = *fields[10:13], fields[16]
        name = bytes(data[at + _CENTRAL.size : at + _CENTRAL.size + name_length])
        at += _CENTRAL.size + name_length
        if MAX32 in (size, stored, offset):
            wide = [size, stored, offset]
            _widen(wide, data[at : at + extra_length])
            size, stored, offset = wide
        at += extra_length + comment
        if at > len(data):
            raise ArchiveError("its central directory is damaged")
        yield name, flags, method, stored, size, extra_length, offset
    if at != len(data):
        raise ArchiveError("its central directory is damaged")


def _widen(values: list[int], extra: bytes | bytearray) -> None:
    """Take those that are too large for 32 bits from the zip64 extra field (4.5.3)."""
    at = 0
    while at + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if kind == _ZIP64_EXTRA:
            for number, value in enumerate(values):
                if value == MAX32 and length >= 8 and at + 8 <= len(extra):
                    values[number] = int.from_bytes(extra[at : at + 8], "little")
                    at, length = at + 8, length - 8
            return
        at += length
