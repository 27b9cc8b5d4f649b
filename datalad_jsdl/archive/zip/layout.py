"""Where every structure of the canonical zip lies: arithmetic, no content needed."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.archive.zip.members import (
    MAX32,
    Kind,
    Member,
    extents,
    lengths,
)
from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Layout", "Part", "Structure", "measure"]

_KINDS = tuple(Kind)
_NO_TIME = -(1 << 63)  # stands for None
_FARTHEST = 1 << 62  # seconds; what is beyond the years of DOS times all looks the same


class Structure(Enum):
    """What a byte of the archive belongs to."""

    MEMBER = "local header, data and data descriptor, all of them"
    LOCAL = "local header"
    DATA = "data: the content in its blocks"
    DESCRIPTOR = "data descriptor"
    CENTRAL = "central header"
    END = "end of central directory"


_OF_A_MEMBER = (Structure.LOCAL, Structure.DATA, Structure.DESCRIPTOR)


class Part(NamedTuple):
    """Bytes *start* to *stop* (exclusive) of one structure.

    Attributes:
        structure: which one.
        number: of the member, from 0; -1 for the end of the central directory.
        start: counted from the structure's own first byte.
        stop: likewise.
        length: of the whole structure in bytes.
    """

    structure: Structure
    number: int
    start: int
    stop: int
    length: int


class Layout:
    """An archive's geometry, built member by member; 41 bytes each and its name.

    Attributes:
        central_offset: where the central directory begins: after the last member.
        central_size: bytes of the central directory.

    Raises:
        ArchiveError: names are not in the order of their bytes, or one comes twice.
    """

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self.central_offset = 0
        self.central_size = 0
        self._names = bytearray()
        self._last = b""
        self._name_starts = array("Q")
        self._sizes = array("Q")
        self._mtimes = array("q")
        self._kinds = bytearray()
        self._offsets = array("Q")
        self._centrals = array("Q")  # offsets in the central directory
        for member in members:
            self.add(member)

    def __len__(self) -> int:
        """Number of members."""
        return len(self._offsets)

    def add(self, member: Member) -> int:
        """Append a member; returns the offset of its local header in bytes."""
        name, mtime, offset = member.name, member.mtime, self.central_offset
        if name <= self._last:
            said = name.decode(errors="replace")
            raise ArchiveError(f"{said}: the name is out of order or a duplicate")
        self._name_starts.append(len(self._names))
        self._names += name
        self._last = name
        self._sizes.append(member.size)
        known = mtime is not None
        self._mtimes.append(min(max(mtime or 0, -_FARTHEST), _FARTHEST) if known else _NO_TIME)
        self._kinds.append(member.kind.code)
        self._offsets.append(offset)
        self._centrals.append(self.central_size)
        length, central = extents(member, offset)
        self.central_size += central
        self.central_offset = offset + length
        return offset

    def pop(self) -> None:
        """Take the last member back."""
        self.central_offset = self._offsets.pop()
        self.central_size = self._centrals.pop()
        del self._names[self._name_starts.pop() :]
        self._sizes.pop()
        self._mtimes.pop()
        self._kinds.pop()
        self._last = bytes(self._names[self._name_starts[-1] :]) if self._offsets else b""

    def member(self, index: int) -> Member:
        """The member as it was added."""
        starts = self._name_starts
        end = starts[index + 1] if index + 1 < len(starts) else len(self._names)
        mtime = self._mtimes[index]
        return Member(
            bytes(self._names[starts[index] : end]),
            self._sizes[index],
            None if mtime == _NO_TIME else mtime,
            _KINDS[self._kinds[index]],
        )

    def offset(self, index: int) -> int:
        """Of the member's local header, in bytes."""
        return self._offsets[index]

    @property
    def zip64_end(self) -> bool:
        """Whether the end of central directory needs its zip64 form."""
        return _needs_zip64_end(len(self), self.central_offset, self.central_size)

    @property
    def end_offset(self) -> int:
        """Where the end of central directory begins, in its zip64 form if there is one."""
        return self.central_offset + self.central_size

    @property
    def total(self) -> int:
        """Bytes of the whole archive."""
        return self.end_offset + _end_length(len(self), self.central_offset, self.central_size)

    def parts(self, start: int = 0, stop: int | None = None) -> Iterator[Part]:
        """What lies in the bytes *start* to *stop* (exclusive; None for the end), in order.

        The first is found in a time that grows with the logarithm of the number of members.
        """
        stop = self.total if stop is None else min(stop, self.total)
        base = self.central_offset
        for index, offset, following in _overlapping(self._offsets, base, start, stop):
            if start <= offset and following <= stop:
                length = following - offset
                yield Part(Structure.MEMBER, index, 0, length, length)
            else:
                yield from self.parts_of(index, start, stop)
        first, last, size = start - base, stop - base, self.central_size
        for index, offset, following in _overlapping(self._centrals, size, first, last):
            yield from _cut(Structure.CENTRAL, index, offset, following - offset, first, last)
        end = self.end_offset
        yield from _cut(Structure.END, -1, end, self.total - end, start, stop)

    def parts_of(self, index: int, start: int = 0, stop: int | None = None) -> Iterator[Part]:
        """What lies in the bytes *start* to *stop* of one member, by its structures."""
        stop = self.total if stop is None else stop
        member, offset = self.member(index), self._offsets[index]
        for structure, length in zip(_OF_A_MEMBER, lengths(member), strict=True):
            yield from _cut(structure, index, offset, length, start, stop)
            offset += length


def measure(members: Iterable[Member]) -> int:
    """Bytes of the archive of some members; nothing is kept of them."""
    count = offset = central = 0
    for member in members:
        length, more = extents(member, offset)
        central += more
        offset += length
        count += 1
    return offset + central + _end_length(count, offset, central)


def _needs_zip64_end(count: int, offset: int, size: int) -> bool:
    """Of a central directory of *count* headers in *size* bytes at *offset*."""
    return count >= 0xFFFF or max(offset, size) >= MAX32


def _end_length(count: int, offset: int, size: int) -> int:
    return 98 if _needs_zip64_end(count, offset, size) else 22


def _overlapping(
    starts: array[int], end: int, start: int, stop: int
) -> Iterator[tuple[int, int, int]]:
    """What has bytes from *start* to *stop*: its index, its first byte and the one after it.

    Args:
        starts: of structures that follow each other.
        end: of the last of them.
        start: offset of the first byte asked for.
        stop: of the one after the last.
    """
    for index in range(max(bisect_right(starts, start) - 1, 0), bisect_left(starts, stop)):
        yield index, starts[index], starts[index + 1] if index + 1 < len(starts) else end


def _cut(
    structure: Structure, index: int, offset: int, length: int, start: int, stop: int
) -> Iterator[Part]:
    """The part of a structure at *offset* that lies in *start* to *stop*, if any does."""
    first, last = max(start - offset, 0), min(stop - offset, length)
    if first < last:
        yield Part(structure, index, first, last, length)
