"""An archive's writer that tells what each content turned out to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.archive.prepare import Digests
from datalad_jsdl.archive.zip.writer import CanonicalWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from datalad_jsdl.archive.prepare import Prepared
    from datalad_jsdl.archive.readers import Check, Reader
    from datalad_jsdl.archive.zip.members import Member

__all__ = ["TellingWriter"]


class TellingWriter(CanonicalWriter):
    """Tells it of a content once all of it was written and found to be right.

    Not of one that an interrupted run had begun.
    """

    #: Told the name of a member, and what was found out of its content.
    found: Callable[[bytes, Prepared], object]
    #: Names of the members that are of interest; None for all.
    wanted: Collection[bytes] | None = None

    def add(self, member: Member, reader: Reader) -> None:
        """See `CanonicalWriter`."""
        if self.wanted is not None and member.name not in self.wanted:
            super().add(member, reader)
            return
        index = len(self._layout)
        both = _Both(reader.check)
        reader.check = both
        super().add(member, reader)
        if both.size == member.size:
            crc = self._crcs.get(index) if member.size else 0
            self.found(member.name, both.digests.prepared(member.size, crc or 0))


class _Both:
    """See `Check`: a reader's own, and digests beside it."""

    def __init__(self, check: Check | None) -> None:
        self.digests = Digests()
        self.size = 0
        self._check = check

    def update(self, chunk: bytes | memoryview) -> None:
        """See `Check`."""
        if self._check is not None:
            self._check.update(chunk)
        self.digests.update(chunk)
        self.size += len(chunk)

    def mismatch(self) -> str | None:
        """See `Check`."""
        return self._check.mismatch() if self._check is not None else None
