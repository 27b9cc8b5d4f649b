"""The values that flow from a manifest to everything else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.candidates import Candidate, PlainCandidates
from datalad_jsdl.model.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from datalad_jsdl.model.inline import Inline
    from datalad_jsdl.model.restriction import Restriction

__all__ = ["Candidate", "Entry", "Pieces", "Refusal"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a manifest.

    Attributes:
        path: relative, POSIX, as the manifest gives it.
        candidates: in the order in which they are to be tried; empty only with *inline*.
        size: bytes, or None if unknown.
        digests: algorithm (a name of `digests.ALGORITHMS`) to lower-case hex.
        mtime: aware, in UTC, or None if unknown.
        own_mtime: in an archive of entries, it has *mtime* even if others have its content.
        executable: the file is to be executable.
        where: the entry's place in the manifest, for messages ("line 7").
        unknown: names of fields and digests that were passed over.
        impossible: names of digests that were passed over for their length, beside good ones.
        pieces: digests of the content's parts, or None.
        left_over: the manifest is what an earlier import could not take in (``reason``).
        perhaps_twice: it is from an address that an earlier import left over; another entry may
            have its path since, so that it must not replace a file.
        restriction: that it is not for everybody, and where to ask; or None.
        inline: the content, if the manifest has it itself; then the size and a digest are known,
            and right.
        moved: number of its URLs that the manifest gives in another scheme, such as s3.
    """

    path: str
    candidates: Sequence[Candidate]
    size: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    mtime: datetime | None = None
    executable: bool = False
    where: str = ""
    unknown: tuple[str, ...] = ()
    pieces: Pieces | None = None
    left_over: bool = False
    restriction: Restriction | None = None
    inline: Inline | None = None
    own_mtime: bool = False
    impossible: tuple[str, ...] = ()
    moved: int = 0
    perhaps_twice: bool = False

    @classmethod
    def plain(
        cls,
        path: str,
        candidates: Sequence[Candidate],
        size: int | None,
        digests: Mapping[str, str],
        mtime: datetime | None,
        where: str,
        moved: int,
        unknown: tuple[str, ...] = (),
    ) -> Entry:
        """One of which no more is known; made in a quarter of the time."""
        draft: Any = _Draft()
        draft.path = path
        draft.candidates = candidates
        draft.size = size
        draft.digests = digests
        draft.mtime = mtime
        draft.executable = draft.left_over = draft.own_mtime = draft.perhaps_twice = False
        draft.where = where
        draft.unknown = unknown
        draft.impossible = ()
        draft.pieces = draft.restriction = draft.inline = None
        draft.moved = moved
        draft.__class__ = cls
        entry: Entry = draft
        return entry

    @property
    def registrable(self) -> tuple[str, ...]:
        """The candidate URLs that may be recorded in a dataset, in order."""
        if isinstance(self.candidates, PlainCandidates):
            return self.candidates.urls
        return tuple(c.url for c in self.candidates if not c.signed)


class _Draft:
    """An `Entry` while it is made: each field that is set in a frozen one takes a call."""

    __slots__ = Entry.__slots__


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that is not let in, and why; the other entries are not touched by it.

    Attributes:
        path: the path as the manifest gives it, or None if it has none.
        reason: a sentence for the user, free of secrets.
        where: the entry's place in the manifest ("line 7").
        given: the entry's fields in the project's own form, without the path, as the manifest
            gives them but for relative URLs, which are resolved. They are unchecked, and may
            have secrets in them.
    """

    path: str | None
    reason: str
    where: str = ""
    given: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
