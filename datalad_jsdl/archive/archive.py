"""An archive that is nowhere: its size, its identity, and any bytes of it when asked for."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from datalad_jsdl.archive.cancelling import cancellable
from datalad_jsdl.archive.pieces import Verified
from datalad_jsdl.archive.prepare import prepared_of, with_prepared
from datalad_jsdl.archive.reading import Reading
from datalad_jsdl.archive.versions import Versions
from datalad_jsdl.archive.zip.crc32 import Crcs
from datalad_jsdl.archive.zip.framing import content_range
from datalad_jsdl.archive.zip.layout import Layout, Structure
from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.archive.zip.ranges import Ranges
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.phrases import failure

if TYPE_CHECKING:
    import threading
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from datalad_jsdl.archive.budget import LookAhead
    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.prepare import Prepared, Unprepared
    from datalad_jsdl.archive.reading import Session
    from datalad_jsdl.archive.zip.layout import Part
    from datalad_jsdl.archive.zip.members import Member

__all__ = ["Archive"]

_FORMAT = b"canonical zip 1"


class Archive:
    """The canonical zip of some contents, any bytes of which are made when they are asked for.

    Its methods may be called by any thread, any number at a time. It keeps no content; what
    it finds out on the way (a CRC-32, that a file here is damaged, which version of a content
    without a digest its mirror has) it remembers.

    Args:
        contents: of the members, in any order.
        sources: opens git's objects and asks mirrors.
        prepared: `Content.identity` → what `prepare` yielded. Without it a range that has a
            member's CRC-32 in it needs all of the member to be read.
        look_ahead: how far contents are fetched ahead; one that is *shared* may be given to all
            archives of a process. None for not at all.

    Attributes:
        contents: in the order of their members, with what is prepared of them.

    Raises:
        ArchiveError: two contents have the same name.
    """

    def __init__(
        self,
        contents: Iterable[Content],
        sources: Sources,
        *,
        prepared: Mapping[str, Prepared | Unprepared] | None = None,
        look_ahead: LookAhead | None = None,
    ) -> None:
        known = prepared_of(prepared)
        ordered = sorted(contents, key=lambda content: content.name)
        found = [known.get(content.identity) for content in ordered]
        self.contents = tuple(map(with_prepared, ordered, found))
        self._crcs = Crcs(item.crc32 if item else None for item in found)
        self._layout = Layout(c.member(c.size or 0) for c in self.contents)
        self._unsized = next((c for c in self.contents if c.size is None), None)
        self._versions = Versions()
        self._reading = Reading(self.contents, sources, look_ahead, self._versions)
        self._weaker = [
            (number, verified)
            for number, content in enumerate(self.contents)
            if (verified := Verified.of(content, 0, content.size or 0)) is not Verified.DIGEST
        ]

    @property
    def size(self) -> int | None:
        """Bytes of the whole; None while the size of a content is unknown."""
        return None if self._unsized else self._layout.total

    @property
    def members(self) -> list[Member]:
        """In order; of those of unknown size the size is 0."""
        return [self._layout.member(number) for number in range(len(self._layout))]

    @cached_property
    def is_certain(self) -> bool:
        """Whether digests determine every byte of any range: only then ranges fit together.

        The digest of a large content tells nothing of a part of it: it has to have pieces, as
        it has once it was prepared.
        """
        return self._unsized is None and all(map(_is_certain, self.contents))

    @cached_property
    def etag(self) -> str:
        """Its entity tag (RFC 9110, 8.8.3), weak unless `is_certain`.

        It is the same for the same names, sizes, times, modes and digests.
        """
        digest = hashlib.sha256(_FORMAT)
        for content in self.contents:
            fields = (content.size, content.mtime, content.kind.value, content.identity)
            text = " ".join(map(str, fields)).encode()
            digest.update(b"%d %b %d %b" % (len(content.name), content.name, len(text), text))
        return f'"{digest.hexdigest()}"' if self.is_certain else f'W/"{digest.hexdigest()}"'

    def range(
        self, start: int = 0, stop: int | None = None, *, cancel: threading.Event | None = None
    ) -> Iterator[bytes]:
        """The bytes *start* to *stop* (exclusive; None for the end).

        A content that is read from its first byte to its last is verified before anything
        that follows it is given away; `verified` tells what is certain of other bytes. Of a
        content without a digest, all ranges are of the version that the first of them was of, if
        its mirror names versions: once the file there has changed, it cannot be read any more.
        If the iterator is closed, what was fetched for it ends.

        Args:
            start: first byte.
            stop: after the last; None for the end.
            cancel: set by any thread, it ends the iterator within a moment, whatever it waits
                for. The bytes are then made in a thread of their own.

        Raises:
            ValueError: there are no such bytes.
            ArchiveError: the size of a content is unknown; or, while it is read, a content
                turns out not to be right. It names the member.
            FetchError: a content became unavailable while it was read; it names the member. Or
                *cancel* was set.
        """
        stop = self._checked(start, stop)
        if start == stop:
            return iter(())
        session = self._reading.session(*self._edges(start, stop))
        chunks = self._chunks(session, start, stop)
        return chunks if cancel is None else _until(cancel, chunks, session)

    def verified(self, start: int = 0, stop: int | None = None) -> Verified:
        """By what the bytes of a range are told right from wrong: the weakest, of all members.

        Nothing needs to be read for it. Of a content without a digest it may be more once
        some of it was read. It raises as `range` does.
        """
        stop = self._checked(start, stop)
        if start == stop:
            return Verified.DIGEST
        first, last = self._edges(start, stop)
        (index, begin), (end, rest) = first, last
        if index == end:
            return self._verified_part(index, begin, rest)
        edges = [self._verified_part(index, begin, None), self._verified_part(end, 0, rest)]
        inner = self._weaker[bisect_left(self._weaker, (index + 1,)) :]
        inner = inner[: bisect_left(inner, (end,))]
        return Verified.weakest(chain(edges, (self._verified_whole(*item) for item in inner)))

    def _verified_part(self, index: int, start: int, stop: int | None) -> Verified:
        if index >= len(self.contents):
            return Verified.DIGEST
        content = self.contents[index]
        stop = content.size or 0 if stop is None else stop
        return Verified.of(content, start, stop, self._versions.of(index))

    def _verified_whole(self, index: int, verified: Verified) -> Verified:
        if verified is Verified.SIZE_ONLY and self._versions.of(index):
            return Verified.SIZE_AND_VERSION
        return verified

    def _checked(self, start: int, stop: int | None) -> int:
        if self._unsized:
            raise ArchiveError(f"{self._unsized.path}: its size is unknown; prepare it first")
        total = self._layout.total
        stop = total if stop is None else stop
        if not 0 <= start <= stop <= total:
            raise ValueError(f"bytes {start} to {stop} lie outside the archive of {total} bytes")
        return stop

    def _chunks(self, session: Session, start: int, stop: int) -> Generator[bytes]:
        with session:
            ranges = Ranges(self._layout, session, self._crcs)
            for chunk in ranges.range(start, stop):
                yield chunk if isinstance(chunk, bytes) else bytes(chunk)

    def _edges(self, start: int, stop: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """The first content that lies in a range and its first byte there, and the last one.

        Of the last it is the byte after the last.
        """
        first = next(self._layout.parts(start, start + 1))
        last = next(self._layout.parts(stop - 1, stop))
        return (
            self._content_at(first, start=True),
            self._content_at(last, start=False),
        )

    def _content_at(self, part: Part, *, start: bool) -> tuple[int, int]:
        structure, number = part.structure, part.number
        if structure in (Structure.CENTRAL, Structure.END):
            return len(self.contents), 0
        if structure is Structure.LOCAL:
            return number, 0
        if structure is not Structure.DATA:
            return number + 1, 0
        if self.contents[number].kind is Kind.SYMLINK:
            return number, part.start if start else part.stop
        size = self.contents[number].size or 0
        return number, content_range(size, part.start, part.stop)[0 if start else 1]


def _is_certain(content: Content) -> bool:
    part = Verified.of(content, 0, (content.size or 0) // 2)
    return content.has_digest and (bool(content.blob) or part is not Verified.SIZE_ONLY)


def _until(cancel: threading.Event, chunks: Generator[bytes], session: Session) -> Iterator[bytes]:
    yield from cancellable(chunks, cancel, session.interrupt)
    if cancel.is_set():
        raise failure(Failed((Fault(FaultKind.INTERRUPTED),)))
