"""Small files that are wanted → groups of them, each of which one request to a zip gives."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from datalad_jsdl.archive.transport.grouping import HANDFUL, MOST, neighbours
from datalad_jsdl.archive.transport.members import content_of
from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.fetch.log_words import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalad_jsdl.archive.transport.directory import Directory, Place
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.content import Expected

__all__ = ["SMALL", "Archives", "Group", "Wanted", "is_small"]

lgr = logging.getLogger(f"{LOGGER}.archive.transport")

SMALL = 1 << 20  # bytes of a file that comes from a zip
_LEAST = 1 << 20  # bytes; to fetch less in several requests is no use
_SHARES = 4  # requests at a time that there should be, at least

_T = TypeVar("_T")


def is_small(expected: Expected) -> bool:
    """Whether a file may come from a zip: its size and digest are known."""
    return expected.size is not None and expected.size <= SMALL and bool(expected.algorithm)


@dataclass(frozen=True, slots=True)
class Wanted(Generic[_T]):
    """A file that is wanted, and `is_small`.

    Attributes:
        item: what the caller knows it by.
        paths: in the dataset.
        expected: its size and digest.
    """

    item: _T
    paths: Sequence[str]
    expected: Expected


@dataclass(frozen=True, slots=True)
class _Member(Generic[_T]):
    wanted: Wanted[_T]
    name: bytes
    place: Place


@dataclass(frozen=True, slots=True)
class Group(Generic[_T]):
    """Files that one request gives.

    Attributes:
        source: the zip.
        members: in the order of their places.
    """

    source: _Source
    members: Sequence[_Member[_T]]

    @property
    def items(self) -> list[_T]:
        """What the caller knows the files by."""
        return [member.wanted.item for member in self.members]

    def read(self) -> bytes | bytearray:
        """Make the request: what came, for `contents`.

        If the zip is unavailable nothing comes, and it is not asked again.
        """
        if self.source.is_broken:
            return b""
        try:
            return self.source.zip.read(self.members[0].place.start, self.members[-1].place.stop)
        except (ArchiveError, FetchError) as error:
            self.source.found_broken(error)
            return b""

    def contents(self, came: bytes | bytearray) -> Iterator[tuple[_T, bytes | memoryview]]:
        """Each file that the zip has as it should be; the others do not come.

        If none is right, the zip is not asked again.
        """
        data, first, right = memoryview(came), self.members[0].place.start, 0
        if not came:
            return
        for member in self.members:
            place = member.place
            part = data[place.start - first : place.stop - first]
            content = content_of(part, place, member.name, member.wanted.expected)
            if content is not None:
                right += 1
                yield member.wanted.item, content
        if not right:
            self.source.found_broken(ArchiveError("its contents are not those of the files"))


class _Source:
    """One URL of an archive.

    Attributes:
        archive: of which it is one.
        zip: that is there.
        is_broken: it is not asked any more.
    """

    def __init__(self, archive: NamedArchive, url: str, engine: Engine) -> None:
        from datalad_jsdl.archive.transport.remote_zip import RemoteZip  # HTTP, where it is needed

        self.archive = archive
        self.zip = RemoteZip(url, engine)
        self.is_broken = False
        self._url = url
        self._directory: Directory | None = None

    def found_broken(self, error: Exception) -> None:
        """Ask it no more."""
        self.is_broken = True
        lgr.debug("the zip %s is not used any more (%s)", Shown(self._url), error)

    def directory(self, files: int, size: int) -> Directory | None:
        """What is in it; None if that cannot be known."""
        if self._directory is None and not self.is_broken:
            try:
                self._directory = self.zip.directory(files, size)
            except (ArchiveError, FetchError) as error:
                self.found_broken(error)
        return self._directory


class Archives:
    """The zips of a dataset's or manifest's files; `plan` is for one thread at a time.

    Args:
        archives: in the order in which they are to be tried, those of inner folders first.
        engine: to ask with.
    """

    def __init__(self, archives: Iterable[NamedArchive], engine: Engine) -> None:
        inner_first = sorted(archives, key=lambda archive: -len(archive.folder))
        self._sources = [_Source(a, url, engine) for a in inner_first for url in a.urls]
        self._lock = threading.Lock()

    @property
    def are_useful(self) -> bool:
        """Whether there is one that may be asked."""
        return not all(source.is_broken for source in self._sources)

    def plans(self, wanted: Iterable[Wanted[_T]], most: int = MOST) -> Iterator[list[Group[_T]]]:
        """What can come together: from one zip, and then, of what is still wanted, from the next.

        Args:
            wanted: files; those that came are to be left out of it when the next plan is made, so
                it is iterated over anew for each.
            most: bytes of a group.
        """
        for source in self._sources:
            named = [(w, n) for w in wanted if (n := _name(source.archive, w)) is not None]
            if source.is_broken or len(named) < HANDFUL:
                continue
            size = sum(w.expected.size or 0 for w, _ in named)
            with self._lock:
                directory = source.directory(len(named), size)
            if directory is None:
                continue
            found = [
                _Member(w, name, place)
                for w, name in named
                if (place := directory.get(name)) is not None and _fits(place, w.expected)
            ]
            size = sum(member.place.stop - member.place.start for member in found)
            share = min(max(size // _SHARES, _LEAST), most)
            groups = neighbours([(m.place.start, m.place.stop) for m in found], most=share)
            if groups:
                yield [Group(source, [found[number] for number in group]) for group in groups]

    def interrupt(self) -> None:
        """Whatever comes ends soon; from any thread."""
        for source in self._sources:
            source.zip.interrupt()


def _name(archive: NamedArchive, wanted: Wanted[_T]) -> bytes | None:
    names = (archive.member(path) for path in wanted.paths)
    return next((name for name in names if name is not None), None)


def _fits(place: Place, expected: Expected) -> bool:
    """Whether it has the right size, and takes no more room than any program makes it take."""
    return place.size == expected.size and place.stored <= place.size + (place.size >> 8) + 1024
