"""Members in, canonical zip out, into a file that can be sought in.

A member that fails is taken back as if it had never been begun.
"""

from __future__ import annotations

import zlib
from typing import IO, TYPE_CHECKING

from datalad_jsdl.archive.layout import BLOCK, Kind, Layout, Member, local_length
from datalad_jsdl.archive.records import (
    block_header,
    central_header,
    descriptor,
    end_records,
    local_header,
)
from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["MemberSink", "ZipWriter"]


class ZipWriter:
    """Writes members in the order in which they are given.

    Raises:
        ArchiveError: names are not in the order of their bytes, or one comes twice.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._layout = Layout()
        self._central: list[tuple[Member, int, int]] = []

    def begin(self, member: Member) -> MemberSink:
        """Write the header of a member with content to come; see `end`."""
        self._check_order(member)
        self._file.seek(self._layout.central_offset)
        self._file.truncate()
        self._file.write(local_header(member))
        return MemberSink(self._file, self._layout.central_offset + local_length(member), member)

    def end(self, sink: MemberSink) -> None:
        """Finish the member whose content *sink* has.

        Without this call the member never was: the next one takes its place.

        Raises:
            ArchiveError: the content has not the size that was announced.
        """
        member = sink.member
        _require_size(member, sink.position())
        if member.size:
            self._file.write(descriptor(member, sink.crc))
        self._central.append((member, self._layout.add(member), sink.crc))

    def add_symlink(self, member: Member, target: bytes) -> None:
        """Write a symlink.

        Raises:
            ArchiveError: the target has not the size that was announced.
        """
        self._check_order(member)
        _require_size(member, len(target))
        crc = zlib.crc32(target)
        self._file.seek(self._layout.central_offset)
        self._file.truncate()
        self._file.write(local_header(member, crc) + target)
        self._central.append((member, self._layout.add(member), crc))

    def finish(self) -> int:
        """Write the central directory; returns the length of the archive in bytes."""
        self._file.seek(self._layout.central_offset)
        self._file.truncate()
        for member, offset, crc in self._central:
            self._file.write(central_header(member, offset, crc))
        self._file.write(end_records(self._layout))
        length = self._file.tell()
        if length != self._layout.total:
            raise ArchiveError(f"wrote {length} bytes where the layout has {self._layout.total}")
        return length

    def _check_order(self, member: Member) -> None:
        if self._central and member.name <= self._central[-1][0].name:
            raise ArchiveError(f"{member.name.decode()}: the name is out of order or a duplicate")


def _require_size(member: Member, size: int) -> None:
    if size != member.size:
        raise ArchiveError(f"{member.name.decode()}: expected {member.size} bytes, got {size}")


class MemberSink:
    """Takes a member's content in sequence and frames it as stored deflate blocks.

    Attributes:
        member: whose content it is.
        crc: CRC-32 of the content so far.
    """

    def __init__(self, file: IO[bytes], start: int, member: Member) -> None:
        if member.kind is Kind.SYMLINK:
            raise ArchiveError(f"{member.name.decode()}: a symlink has no content to stream")
        self.member = member
        self.crc = 0
        self._file = file
        self._start = start
        self._position = 0

    def position(self) -> int:
        """Content bytes so far."""
        return self._position

    def write(self, chunk: bytes) -> None:
        """The next bytes of the content.

        Raises:
            ArchiveError: there are more than were announced.
        """
        if self._position + len(chunk) > self.member.size:
            raise ArchiveError(
                f"{self.member.name.decode()}: more than the {self.member.size} bytes expected"
            )
        self._file.writelines(self._framed(memoryview(chunk)))
        self.crc = zlib.crc32(chunk, self.crc)

    def restart(self) -> None:
        """Forget all bytes."""
        self._file.seek(self._start)
        self._file.truncate()
        self._position = 0
        self.crc = 0

    def _framed(self, view: memoryview) -> Iterable[bytes | memoryview]:
        while view:
            within = self._position % BLOCK
            if within == 0:
                left = self.member.size - self._position
                yield block_header(min(left, BLOCK), last=left <= BLOCK)
            part = view[: BLOCK - within]
            yield part
            self._position += len(part)
            view = view[len(part) :]
