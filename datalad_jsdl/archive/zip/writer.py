"""Members in, canonical zip out, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import BytesReader
from datalad_jsdl.archive.zip.crc32 import Crcs, crc32
from datalad_jsdl.archive.zip.framing import MANY_BLOCKS
from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.archive.zip.ranges import Ranges, is_one_block, one_block
from datalad_jsdl.errors import ArchiveError, DatasetError, FetchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.archive.output import Output
    from datalad_jsdl.archive.readers import Reader
    from datalad_jsdl.archive.zip.members import Member

__all__ = ["CanonicalWriter"]


class CanonicalWriter:
    """Writes members in the order in which they are given.

    Args:
        output: to write to.
        layout: of the members that are there already.
        crcs: of them.
        progress: told the number of bytes written.
    """

    def __init__(
        self,
        output: Output,
        layout: Layout | None = None,
        crcs: Crcs | None = None,
        progress: Callable[[int], object] = lambda position: None,
    ) -> None:
        self._output = output
        self._layout = layout if layout is not None else Layout()
        self._crcs = crcs if crcs is not None else Crcs()
        self._current = _Current()
        self._ranges = Ranges(self._layout, self._current, self._crcs, MANY_BLOCKS)
        self._progress = progress

    def add(self, member: Member, reader: Reader) -> None:
        """Write a member; if it fails, nothing of it is left, where it can be taken back.

        Args:
            member: what it is.
            reader: of its content; of the rest of it, if its beginning is there already.

        Raises:
            ArchiveError: its content is not right, or its name out of order.
            FetchError: its content is unavailable.
        """
        index = len(self._layout)
        start = self._layout.add(member)
        try:
            # most members begin where the output ends: nothing of them has to be looked up
            if is_one_block(member) and self._output.position == start:
                self._add_block(index, member, reader)
                return
            self._current.reader = reader
            if member.kind is Kind.SYMLINK:
                target = reader.read(member.size)
                self._current.reader = BytesReader(target)
                self._crcs.put(index, crc32(target))
            self._write(self._output.position, self._layout.central_offset)
        except BaseException:
            self._layout.pop()
            self._crcs.forget(index)
            raise

    def _add_block(self, index: int, member: Member, reader: Reader) -> None:
        try:
            chunk, crc = one_block(member, reader)
        except (ArchiveError, DatasetError, FetchError) as error:
            error.member = member.name.decode("utf-8", "replace")
            raise
        if member.size:
            self._crcs.put(index, crc)
        self._output.write(chunk)
        self._progress(self._output.position)

    def finish(self) -> None:
        """Write the central directory."""
        self._write(self._layout.central_offset, self._layout.total)

    def abandon(self) -> None:
        """Nothing: without its central directory it is no archive."""

    def _write(self, start: int, stop: int) -> None:
        for chunk in self._ranges.range(start, stop):
            self._output.write(chunk)
            self._progress(self._output.position)


class _Current:
    """The content of the member that is being written."""

    reader: Reader

    def open(self, index: int, start: int, stop: int) -> Reader:
        """See `ranges.MemberSource`."""
        return self.reader
