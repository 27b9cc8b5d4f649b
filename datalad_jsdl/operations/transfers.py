"""What is here of what is wanted, while it is transferred: looked at from any thread."""

from __future__ import annotations

import threading
import time
from array import array
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.archive.zip.members import lengths
from datalad_jsdl.model.content import Fetched
from datalad_jsdl.operations.progress import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.faults import Failed
    from datalad_jsdl.fetch.bulk import Job
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.mirrors.registry import Origins

__all__ = ["Came", "Downloads", "Received", "Writing", "engines_of"]


@dataclass(frozen=True, slots=True)
class Came:
    """What has come.

    Attributes:
        size: bytes of the files that are here now; what earlier runs have left of them included.
        moved: bytes that came in this run.
        seconds: it took.
        kept: bytes of *size* that earlier runs have left.
        again: bytes that were here, and came once more from mirrors that send whole files only.
        wrong: mirror → number of files of which it gave wrong content, and another the right one.
    """

    size: int = 0
    moved: int = 0
    seconds: float = 0.0
    kept: int = 0
    again: int = 0
    wrong: Mapping[str, int] = field(default_factory=dict)

    def after(self, before: Came) -> Came:
        """This, after something has come that is part of it."""
        return Came(
            self.size,
            before.moved + self.moved,
            before.seconds + self.seconds,
            before.kept + self.kept,
            before.again + self.again,
            Counter(before.wrong) + Counter(self.wrong),
        )


class Received:
    """Bytes that mirrors have given from now on.

    Args:
        engines: that fetch them; those of one operation may share what they know of mirrors.
    """

    def __init__(self, engines: Iterable[Engine]) -> None:
        self._origins: list[Origins] = []
        for engine in engines:
            if not any(engine.origins is known for known in self._origins):
                self._origins.append(engine.origins)
        self._before = self._all()
        self._wrong_before = self._all_wrong()
        self._again_before = self._all_again()

    def again(self) -> int:
        """Bytes that were here, and came once more."""
        return self._all_again() - self._again_before

    def wrong(self) -> Mapping[str, int]:
        """Mirror → number of files of which it gave wrong content, and another the right one."""
        return self._all_wrong() - self._wrong_before

    def by_host(self) -> dict[str, int]:
        """Host → bytes."""
        found: dict[str, int] = {}
        for name, amount in self._all().items():
            if more := amount - self._before.get(name, 0):
                host = name.partition("://")[2]
                found[host] = found.get(host, 0) + more
        return found

    def _all(self) -> dict[str, int]:
        return {o.name: o.received for origins in self._origins for o in origins.all()}

    def _all_again(self) -> int:
        return sum(o.again for origins in self._origins for o in origins.all())

    def _all_wrong(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for origins in self._origins:
            found.update(origins.wrong.counts())
        return found


class Downloads:
    """Files that are fetched, each to a file of its own.

    Args:
        engine: fetches them.
        files: their number.
        size: bytes of all whose size is known.
        unsized: number of the others.
        left: name of a job → bytes that an earlier run has left of it.
    """

    def __init__(
        self,
        engine: Engine,
        files: int,
        size: int,
        unsized: int = 0,
        left: Mapping[str, int] | None = None,
    ) -> None:
        self._received = Received([engine])
        self._begun = time.monotonic()
        self._lock = threading.Lock()
        self._files = files
        self._size = size
        self._unsized = unsized
        self._ended = 0
        self._here = 0  # bytes of files that are whole
        self._broken_off = 0  # of those that will not come
        self._under_way = dict(left or {})
        self._left = dict(left or {})
        self._kept = 0  # bytes of whole files that an earlier run had left

    def position(self, job: Job) -> Callable[[int], None]:
        """What is told how many bytes of a file are here."""
        name, under_way = job.name, self._under_way

        def note(position: int) -> None:
            under_way[name] = position

        return note

    def end(self, job: Job, outcome: Fetched | Failed) -> None:
        """A file is here, or will not come in this run."""
        known = job.expected.size
        if isinstance(outcome, Fetched):
            self.whole(job.name, outcome.size, is_sized=known is not None)
            return
        with self._lock:
            self._ended += 1
            came = min(self._under_way.pop(job.name, 0), known or 0)
            self._broken_off += came
            self._size -= (known or 0) - came
            self._unsized -= known is None

    def whole(self, name: str, size: int, *, is_sized: bool) -> None:
        """The file of a job is here, with *size* bytes; *is_sized*: that was known before."""
        with self._lock:
            self._ended += 1
            self._under_way.pop(name, None)
            self._kept += min(self._left.get(name, 0), size)
            self._here += size
            if not is_sized:
                self._unsized -= 1
                self._size += size

    def look(self) -> Standing:
        """How far it is."""
        with self._lock:
            ended, size, unsized = self._ended, self._size, self._unsized
            here = self._here + self._broken_off
        here += sum(list(self._under_way.values()))
        mirrors = self._received.by_host()
        return Standing(
            done=here if unsized else min(here, size),
            total=None if unsized else size,
            files=ended,
            of_files=self._files,
            moved=sum(mirrors.values()),
            mirrors=mirrors,
        )

    def came(self) -> Came:
        """Whole files until now."""
        moved = self.look().moved or 0
        seconds = time.monotonic() - self._begun
        again, wrong = self._received.again(), self._received.wrong()
        return Came(self._here, moved, seconds, self._kept, again, wrong)


class Writing:
    """An archive that is written from contents, of which some are fetched, often ahead of it.

    Args:
        contents: in order.
        total: bytes of the archive; None if nobody knows.
        engines: that fetch what is not here.
        length: bytes that a content takes; by default in a zip.
    """

    def __init__(
        self,
        contents: Iterable[Content],
        total: int | None,
        engines: Iterable[Engine],
        length: Callable[[Content], int] | None = None,
    ) -> None:
        self._received = Received(engines)
        self._total = total
        found = _stretches(contents, length or _in_zip)
        self._starts, self._remotes, self._ends = found
        self._files = len(self._ends)
        self._written = self._begun = 0
        self._begun_on = time.monotonic()

    def begin(self, position: int) -> None:
        """So many bytes are there already."""
        self._written = self._begun = position

    def wrote(self, position: int) -> None:
        """So many bytes are there."""
        self._written = position

    def end(self, position: int, files: int) -> None:
        """All is there: so many bytes, and so many files, without those that were left out."""
        self._written = self._total = position
        self._files = files

    def came(self) -> Came:
        """What was written until now."""
        standing = self.look()
        seconds = time.monotonic() - self._begun_on
        again, wrong = self._received.again(), self._received.wrong()
        return Came(standing.done, standing.moved or 0, seconds, self._begun, again, wrong)

    def look(self) -> Standing:
        """How far it is: what was fetched, and not yet written, is here as well."""
        written, mirrors = self._written, self._received.by_host()
        if self._total is None:  # as if nothing had been here
            fetched = written - self._begun
        else:
            fetched = self._remote(written) - self._remote(self._begun)
        ahead = max(sum(mirrors.values()) - fetched, 0)
        done = written + ahead if self._total is None else min(written + ahead, self._total)
        files = min(bisect_right(self._ends, written), self._files)
        moved = max(done - self._begun, 0)
        return Standing(done, self._total, files, self._files, moved, mirrors)

    def _remote(self, position: int) -> int:
        """Bytes of the archive until *position* that are of contents which are not here."""
        number = bisect_right(self._starts, position) - 1
        length = position - self._starts[number]
        # stretches that are not here have odd numbers
        return self._remotes[number] + (length if number % 2 else 0)


def engines_of(contents: Iterable[Content], sources: Sources) -> list[Engine]:
    """Who fetches those contents that are not here."""
    firsts = {content.dataset: content for content in contents if content.is_remote}
    return [sources.engine(content) for content in firsts.values()]


def _in_zip(content: Content) -> int:
    return sum(lengths(content.member(content.size or 0)))


def _stretches(
    contents: Iterable[Content], length: Callable[[Content], int]
) -> tuple[list[int], list[int], array[int]]:
    """Where contents begin that are here, then others, in turns, from byte 0 of an archive on.

    Returns:
        Offsets, for each the bytes before it that are of contents which are not here, and the
        offsets at which contents end.
    """
    starts, remotes, ends, offset = [0], [0], array("q"), 0
    for content in contents:
        if content.is_remote == (len(starts) % 2 == 1):  # another stretch begins
            gone = offset - starts[-1] if len(starts) % 2 == 0 else 0
            starts.append(offset)
            remotes.append(remotes[-1] + gone)
        offset += length(content)
        ends.append(offset)
    if len(starts) % 2 == 0:  # the central directory
        starts.append(offset)
        remotes.append(remotes[-1] + offset - starts[-2])
    return starts, remotes, ends
