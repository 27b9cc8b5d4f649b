"""Layout + content → the bytes of the archive, any range of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.archive.readers import ChunkReader, content_of
from datalad_jsdl.archive.zip.crc32 import Crcs, crc32
from datalad_jsdl.archive.zip.framing import FEW_BLOCKS, Frames, content_range
from datalad_jsdl.archive.zip.layout import Structure
from datalad_jsdl.archive.zip.members import BLOCK, Kind
from datalad_jsdl.archive.zip.structures import (
    block_header,
    central_header,
    descriptor,
    end_records,
    local_header,
)
from datalad_jsdl.errors import ArchiveError, DatasetError, FetchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.archive.readers import Reader
    from datalad_jsdl.archive.zip.layout import Layout, Part
    from datalad_jsdl.archive.zip.members import Member

__all__ = ["MemberSource", "Ranges", "is_one_block", "one_block"]

_RECORDS = 256  # central headers in a chunk


class MemberSource(Protocol):
    """Where the content of members is."""

    def open(self, index: int, start: int, stop: int, /) -> Reader:
        """The bytes *start* to *stop* of a member's content.

        Raises:
            ArchiveError: they are not right.
            FetchError: they are unavailable.
        """


def is_one_block(member: Member) -> bool:
    """Whether its data are one stored block, or nothing; see `one_block`."""
    return member.size <= BLOCK and member.kind is not Kind.SYMLINK


def one_block(member: Member, reader: Reader) -> tuple[bytes, int]:
    """A member of one block with its headers, and the CRC-32 of its content.

    Raises:
        ArchiveError: the content is not what it has to be.
        FetchError: it is unavailable.
    """
    size = member.size
    content = reader.read(size)
    reader.finish()
    if not size:
        return local_header(member), 0
    crc = crc32(content)
    head = local_header(member) + block_header(size, last=True)
    return b"".join((head, content, descriptor(member, crc))), crc


class Ranges:
    """The bytes of the canonical zip of some members.

    Its methods may be used by several threads at once, if those of *source* may.

    Args:
        layout: of the members.
        source: of their content.
        crcs: the CRC-32 of members, as far as they are known; more are added as they
            become known. Without one, a range that holds it needs the member's whole
            content to be read.
        blocks: in a buffer of a large member.
    """

    def __init__(
        self,
        layout: Layout,
        source: MemberSource,
        crcs: Crcs | None = None,
        blocks: int = FEW_BLOCKS,
    ) -> None:
        self.layout = layout
        self.crcs = crcs if crcs is not None else Crcs()
        self._source = source
        self._blocks = blocks
        self._spare: list[Frames] = []

    def range(self, start: int = 0, stop: int | None = None) -> Iterator[bytes | memoryview]:
        """The bytes *start* to *stop* (exclusive; None for the end) of the archive.

        A content that is read from its first byte to its last is verified before anything
        that follows it is given away. Of one that is read in part only the size is certain.

        Yields:
            Chunks, each valid until the next one is asked for.

        Raises:
            ArchiveError: a content is not what it has to be; it names the member.
            FetchError: a content is unavailable.
        """
        return self._render(self.layout.parts(start, stop))

    def _render(self, parts: Iterable[Part]) -> Iterator[bytes | memoryview]:
        frames = self._spare.pop() if self._spare else Frames(self._blocks)
        records: list[bytes] = []  # central headers leave some at a time
        try:
            for part in parts:
                structure = part.structure
                if structure is Structure.CENTRAL:
                    record = self._record(structure, part.number)
                    records.append(record[part.start : part.stop])
                    if len(records) == _RECORDS:
                        yield b"".join(records)
                        records.clear()
                    continue
                if records:
                    yield b"".join(records)
                    records.clear()
                if structure is Structure.MEMBER:
                    member = self.layout.member(part.number)
                    if is_one_block(member):
                        yield self._small(part.number, member)
                    else:
                        yield from self._large(part.number, frames)
                elif structure is Structure.DATA:
                    yield from self._data(part, frames)
                else:
                    record = self._record(structure, part.number)
                    yield record[part.start : part.stop]
            if records:
                yield b"".join(records)
        finally:
            self._spare.append(frames)

    def _small(self, index: int, member: Member) -> bytes:
        """A member of one block, whole."""
        try:
            reader = self._source.open(index, 0, member.size)
            try:
                chunk, crc = one_block(member, reader)
            finally:
                reader.close()
        except (ArchiveError, DatasetError, FetchError) as error:
            error.member = member.name.decode("utf-8", "replace")
            raise
        if member.size:
            self.crcs.put(index, crc)
        return chunk

    def _large(self, index: int, frames: Frames) -> Iterator[bytes | memoryview]:
        """Any other member, whole."""
        for part in self.layout.parts_of(index):
            if part.structure is Structure.DATA:
                yield from self._data(part, frames)
            else:
                yield self._record(part.structure, index)

    def _record(self, structure: Structure, index: int) -> bytes:
        if structure is Structure.END:
            return end_records(self.layout)
        member = self.layout.member(index)
        if structure is Structure.LOCAL:
            link = member.kind is Kind.SYMLINK
            return local_header(member, self._crc(index, member) if link else 0)
        crc = self._crc(index, member)
        if structure is Structure.DESCRIPTOR:
            return descriptor(member, crc)
        return central_header(member, self.layout.offset(index), crc)

    def _data(self, part: Part, frames: Frames) -> Iterator[bytes | memoryview]:
        index, start, stop = part.number, part.start, part.stop
        member = self.layout.member(index)
        size = member.size
        link = member.kind is Kind.SYMLINK
        first, last = (start, stop) if link else content_range(size, start, stop)
        with self._opened(index, member, first, last) as reader:
            if link:
                yield from content_of(reader, last - first)
                return
            crc = yield from frames.of(reader, size, start, stop)
            if stop == part.length:
                reader.finish()
                if crc is not None:
                    self.crcs.put(index, crc)

    def _crc(self, index: int, member: Member) -> int:
        """Known, or found out by reading the content."""
        known = self.crcs.get(index) if member.size else 0
        if known is None:
            known = 0
            with self._opened(index, member, 0, member.size) as reader:
                for chunk in content_of(reader, member.size):
                    known = crc32(chunk, known)
                reader.finish()
            self.crcs.put(index, known)
        return known

    @contextmanager
    def _opened(self, index: int, member: Member, start: int, stop: int) -> Iterator[Reader]:
        """A reader of the content, whose errors name the member."""
        try:
            reader = self._source.open(index, start, stop) if stop > start else ChunkReader(())
            try:
                yield reader
            finally:
                reader.close()
        except (ArchiveError, DatasetError, FetchError) as error:
            error.member = member.name.decode("utf-8", "replace")
            raise
