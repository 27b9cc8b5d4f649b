"""What a look at a manifest's mirrors and at the disk has found: values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datalad_jsdl.fetch.mirrors.estimate import Span
    from datalad_jsdl.fetch.mirrors.states import Answer
    from datalad_jsdl.fetch.mirrors.survey import Mirror, Wanted
    from datalad_jsdl.model.entry import Refusal

__all__ = ["Checked", "CheckedFile", "CheckedMirror", "RefusedEntries"]

# of a file in an annex: the content, its folder, the one around that, and the symlink
_INODES = 4


@dataclass(frozen=True)
class RefusedEntries:
    """Entries of the manifest that would be refused."""

    refusals: Sequence[Refusal]


@dataclass(frozen=True)
class CheckedMirror:
    """One mirror.

    Attributes:
        mirror: what it answered.
        lost: number of its files that are unavailable everywhere.
        size: bytes of its files, as far as they are known.
        unsized: number of those whose size is unknown.
        rate: bytes per second and connection, or None if unknown.
        latency: seconds until an answer begins, or None if unknown.
        ranges: it gives parts of files; None if unknown.
        success: share of requests that went well, or None without any.
        requests: their number, earlier runs included.
    """

    mirror: Mirror
    lost: int
    size: int
    unsized: int
    rate: float | None
    latency: float | None
    ranges: bool | None
    success: float | None
    requests: int


@dataclass(frozen=True)
class CheckedFile:
    """A file that is unavailable, or that has another size at some mirror.

    Attributes:
        file: what was asked for.
        is_lost: no mirror gives it.
        answers: URL → what its mirror answered, in order of the URLs.
        mirrors: URL → its mirror.
        unasked: mirrors of the file that were not asked for it.
    """

    file: Wanted
    is_lost: bool
    answers: Mapping[str, Answer]
    mirrors: Mapping[str, Mirror]
    unasked: Sequence[Mirror]


@dataclass(frozen=True)
class Checked:
    """All of it.

    Attributes:
        entries: of the manifest, that are selected.
        here: of them, whose content is here.
        sizes: bytes of the files to be fetched, each content once; None where unknown.
        asked: number of those that mirrors were asked for.
        lost: number of those that are unavailable.
        conflicts: number of entries that the dataset will not take.
        staged: bytes that an interrupted download has left to be taken up.
        free: bytes of the disk.
        reserve: bytes of it that are to stay free.
        inodes: that are free; None for a disk that counts none.
        span: how long it will take, or None if unknown.
        private: what to say of mirrors that may not be connected to, and how to allow them; or "".
    """

    entries: int
    here: int
    sizes: Sequence[int | None]
    asked: int
    lost: int
    conflicts: int
    staged: int
    free: int
    reserve: int
    inodes: int | None
    span: Span | None
    private: str = ""

    @property
    def size(self) -> int:
        """Bytes to be fetched, as far as known."""
        return sum(filter(None, self.sizes))

    @property
    def short_of(self) -> list[str]:
        """What the disk has too little of: "bytes", "inodes"."""
        size = self.size - self.staged
        to_come = size if None not in self.sizes else max(1, size)
        short = ["bytes"] if to_come > 0 and to_come + self.reserve > self.free else []
        if self.inodes is not None and len(self.sizes) * _INODES > self.inodes:
            short.append("inodes")
        return short
