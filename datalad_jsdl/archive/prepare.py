"""What has to be known of a content before any bytes of its archive can be given at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalad_jsdl.archive.budget import PIECE
from datalad_jsdl.archive.cancelling import cancellable
from datalad_jsdl.archive.readers import content_of
from datalad_jsdl.archive.reading import Reading
from datalad_jsdl.archive.spool import ways
from datalad_jsdl.archive.zip.crc32 import crc32
from datalad_jsdl.errors import ArchiveError, DatasetError, FetchError
from datalad_jsdl.model.content import Expected
from datalad_jsdl.model.entry import Pieces

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from datalad_jsdl.archive.budget import LookAhead
    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.readers import Reader
    from datalad_jsdl.archive.reading import Session

__all__ = ["Digests", "Prepared", "Unprepared", "prepare", "prepared_of", "with_prepared"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was found out about a content by reading it.

    Attributes:
        size: bytes.
        crc32: as a zip has it.
        sha256: hex digest.
        pieces: hex SHA-256 of each 8 MiB; the last may be shorter.
    """

    size: int
    crc32: int
    sha256: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unprepared:
    """A content that could not be read; the others are not touched by it.

    Attributes:
        error: why.
    """

    error: ArchiveError | DatasetError | FetchError


def prepare(
    contents: Sequence[Content],
    sources: Sources,
    known: Mapping[str, Prepared | Unprepared] | None = None,
    *,
    look_ahead: LookAhead | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[int], object] = lambda size: None,
) -> Iterator[tuple[Content, Prepared | Unprepared]]:
    """Read contents once, and find out what an archive needs to know of them.

    What is yielded is final: whoever keeps it by `Content.identity` and hands it in as *known*
    goes on where an earlier call was ended. To end one, close the iterator, or set *stop*.

    Args:
        contents: in any order; of several with the same identity one is read, from wherever any
            of them is available.
        sources: opens git's objects and asks mirrors.
        known: `Content.identity` → what was found out before; what was prepared is not read again.
        look_ahead: how many contents are fetched at a time; None for one.
        stop: the iterator ends within a moment after it is set, by any thread, whatever it
            waits for; a content that was being read is not yielded.
        progress: told how many further bytes were read, after each chunk.

    Yields:
        Each content, in the order given, and what was found out.
    """
    preparation = _Preparation(contents, sources, prepared_of(known), look_ahead, stop, progress)
    items = preparation.run(contents)
    return items if stop is None else cancellable(items, stop, preparation.interrupt)


def prepared_of(found: Mapping[str, Prepared | Unprepared] | None) -> dict[str, Prepared]:
    """Those that were prepared, of all that `prepare` has yielded."""
    items = (found or {}).items()
    return {identity: result for identity, result in items if isinstance(result, Prepared)}


def with_prepared(content: Content, prepared: Prepared | None) -> Content:
    """The content, with what was found out about it.

    A content without a digest of its own is right from then on if it is what it was then.
    """
    if prepared is None:
        return content
    expected = content.expected
    if not content.has_digest:
        expected = Expected(prepared.size, "sha256", prepared.sha256)
    own = expected.pieces
    pieces = own or Pieces("sha256", PIECE, prepared.pieces)
    expected = replace(expected, size=prepared.size, pieces=pieces)
    return replace(content, size=prepared.size, expected=expected, is_prepared=not own)


class _Preparation:
    """Reads each content once."""

    def __init__(
        self,
        contents: Sequence[Content],
        sources: Sources,
        known: Mapping[str, Prepared],
        look_ahead: LookAhead | None,
        stop: threading.Event | None,
        progress: Callable[[int], object],
    ) -> None:
        self._progress = progress
        self._sources = sources
        self._look_ahead = look_ahead
        self._stop = stop
        self._found: dict[str, Prepared | Unprepared] = dict(known)
        places = _places(content for content in contents if content.identity not in known)
        self._numbers = {identity: number for number, identity in enumerate(places)}
        self._others = {identity: found[1:] for identity, found in places.items() if found[1:]}
        self._session = self._session_of([found[0] for found in places.values()])
        self._other: Session | None = None

    def _session_of(self, contents: Sequence[Content]) -> Session:
        return Reading(contents, self._sources, self._look_ahead).session()

    def run(self, contents: Sequence[Content]) -> Generator[tuple[Content, Prepared | Unprepared]]:
        """See `prepare`."""
        with self._session:
            for content in contents:
                outcome = self._found.get(content.identity) or self._read(content.identity)
                if outcome is None:
                    return
                self._found[content.identity] = outcome
                yield content, outcome

    def interrupt(self) -> None:
        """What is read ends soon; from any thread."""
        for session in (self._session, self._other):
            if session:
                session.interrupt()

    def _read(self, identity: str) -> Prepared | Unprepared | None:
        outcome = _read(self._session, self._numbers[identity], self._stop, self._progress)
        for place in self._others.get(identity, ()):
            if not isinstance(outcome, Unprepared):
                break
            with self._session_of([place]) as self._other:
                again = _read(self._other, 0, self._stop, self._progress)
            outcome = outcome if isinstance(again, Unprepared) else again
        return outcome


def _places(contents: Iterable[Content]) -> dict[str, list[Content]]:
    """Identity → where the content is available, with all its URLs; what is here comes first."""
    found: dict[str, list[Content]] = {}
    for content in contents:
        found.setdefault(content.identity, []).append(content)
    return {identity: _merged(same) if same[1:] else same for identity, same in found.items()}


def _merged(same: Sequence[Content]) -> list[Content]:
    """Contents of one identity: each place, or size that is told, once."""
    urls: dict[str, dict[str, None]] = {}  # by dataset: each has logins of its own
    for content in same:
        urls.setdefault(content.dataset, {}).update(dict.fromkeys(content.urls))
    found: dict[tuple[object, ...], Content] = {}
    for content in sorted(same, key=lambda content: content.is_remote):
        place = (content.dataset, content.size)
        here = () if content.is_remote else (content.blob, content.local, content.inline)
        if here or place not in found:
            merged = replace(content, urls=tuple(urls[content.dataset]))
            found.setdefault(place, merged)
            found.setdefault((*place, *here), merged)
    return list(dict.fromkeys(found.values()))


class _StoppedError(Exception):
    pass


def _read(
    session: Session,
    number: int,
    stop: threading.Event | None,
    progress: Callable[[int], object],
) -> Prepared | Unprepared | None:
    """Read a content, from wherever it is available; None if it was stopped."""
    content = session.contents[number]
    error: ArchiveError | DatasetError | FetchError
    error = FetchError(f"{content.path} is not present locally and has no URL")
    for way in ways(session, number, None):
        try:
            reader, size = way()
            try:
                prepared = _digested(reader, size, stop, progress)
                reader.finish()
            finally:
                reader.close()
        except (ArchiveError, DatasetError, FetchError) as problem:
            error = problem
            if isinstance(error, FetchError) and content.size is not None:
                break  # all mirrors were asked
        except _StoppedError:
            return None
        else:
            return prepared
    return Unprepared(error)


def _digested(
    reader: Reader,
    size: int,
    stop: threading.Event | None,
    progress: Callable[[int], object],
) -> Prepared:
    crc, digests = 0, Digests()
    for chunk in content_of(reader, size):
        if stop is not None and stop.is_set():
            raise _StoppedError
        crc = crc32(chunk, crc)
        digests.update(chunk)
        progress(len(chunk))
    return digests.prepared(size, crc)


class Digests:
    """The SHA-256 of a content that is handed over in sequence, and those of its pieces."""

    def __init__(self) -> None:
        self._whole, self._piece = hashlib.sha256(), hashlib.sha256()
        self._position = 0  # in the piece
        self._pieces: list[str] = []

    def update(self, chunk: bytes | memoryview) -> None:
        """The next bytes."""
        self._whole.update(chunk)
        while chunk:
            part = chunk[: PIECE - self._position]
            self._piece.update(part)
            self._position += len(part)
            chunk = chunk[len(part) :]
            if self._position == PIECE:
                self._end_piece()

    def _end_piece(self) -> None:
        self._pieces.append(self._piece.hexdigest())
        self._piece, self._position = hashlib.sha256(), 0

    def prepared(self, size: int, crc: int) -> Prepared:
        """What was found out of a content of *size* bytes, once it was handed over."""
        if self._position:
            self._end_piece()
        return Prepared(size, crc, self._whole.hexdigest(), tuple(self._pieces))
