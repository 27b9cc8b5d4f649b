"""Content from the mirrors, fetched ahead of the place where it is needed.

Everything comes in pieces that fit into memory, several at a time, and is handed on in
order. So one large content comes over several connections, too, no connection waits for a
slow taker, and each piece has all mirrors to turn to.
"""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.archive.budget import Owner, Task
from datalad_jsdl.archive.fetching import ContentFetch
from datalad_jsdl.archive.pieces import grid, takes_whole
from datalad_jsdl.archive.readers import ChunkReader
from datalad_jsdl.archive.remote import Pieced, TooLargeError
from datalad_jsdl.archive.spill import Held
from datalad_jsdl.errors import FetchError
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.mirrors.presence import announced_size
from datalad_jsdl.fetch.phrases import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from datalad_jsdl.archive.budget import LookAhead
    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.readers import Begun, Reader
    from datalad_jsdl.archive.remote import Portion
    from datalad_jsdl.archive.shelf import Outcome
    from datalad_jsdl.archive.transport.ahead import GroupsAhead
    from datalad_jsdl.archive.versions import Versions
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation

__all__ = ["Ahead", "UnsizedError"]
_LOOK = 4096  # contents that are looked at to find pieces

_IN_HAND = 1 << 20  # bytes that each of many readers may hold, or have fetched ahead at first


class UnsizedError(FetchError):
    """Nobody tells the size of a large content, which has to stand before it."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Bytes *start* to *stop* of the content *number*."""

    number: int
    start: int
    stop: int
    task: Task[Outcome]


class Ahead(Owner):
    """Some contents that only the mirrors can give.

    For one thread that reads them in order.

    Args:
        contents: of the archive, in order; those that are here are passed over.
        sources: knows the engine of each.
        look_ahead: how far to go.
        first: number of the content that is read first, and its byte.
        last: of the one that is read last, and the byte after the last; None for all.
        versions: which version of a content without a digest is to be fetched; None for any.
        mixed: numbers of contents that were wrong, and that several mirrors gave; such a content
            is asked for as a whole, so that it shows who is to blame.
        instead_of: another one, which this one helps out with its first content; that is read
            from the mirrors although it may be here.
        groups: gives small contents out of zips that have them; None for nobody.
    """

    def __init__(
        self,
        contents: Sequence[Content],
        sources: Sources,
        look_ahead: LookAhead,
        first: tuple[int, int] = (0, 0),
        last: tuple[int, int] | None = None,
        *,
        versions: Versions | None = None,
        mixed: set[int] | None = None,
        instead_of: Ahead | None = None,
        groups: GroupsAhead | None = None,
    ) -> None:
        super().__init__(instead_of)
        self._contents = contents
        self._engine = sources.engine
        self._look_ahead = look_ahead
        self._versions = versions
        self._groups = groups
        self._mixed = set() if mixed is None else mixed
        self._pieces: deque[_Piece] = deque()
        self._planned = 0  # bytes of them
        self._next = first  # content and byte to be planned next
        self._last = (len(contents), 0) if last is None else last
        self._stack = ExitStack()
        self._operations: dict[int, Operation] = {}  # by identity of the engine
        self._ended = False
        self._broken_off: bytearray | Held | None = None  # the beginning of a piece that failed

    def operation(self, engine: Engine) -> Operation:
        """What all pieces are a part of that come from an engine."""
        found = self._operations.get(id(engine))
        if found is None:
            found = self._operations[id(engine)] = self._stack.enter_context(engine.operation())
        if self._ended:
            found.interrupt()
        return found

    def interrupt(self) -> None:
        """What is fetched ends soon, and nothing more is; from any thread."""
        self._ended = True
        for operation in list(self._operations.values()):
            operation.interrupt()

    def open(
        self, number: int, start: int = 0, stop: int | None = None, begun: Begun | None = None
    ) -> tuple[Reader, int]:
        """A reader of bytes of a content, and its size in bytes; the places only ever grow.

        Args:
            number: of the content.
            start: of the first byte.
            stop: after the last; None for the end.
            begun: what was read of the content before *start*.

        Raises:
            FetchError: no mirror has it, as far as that shows from the beginning.
            UnsizedError: no mirror tells how large it is.
        """
        content = self._contents[number]
        self._skip_to(number, start)
        size = content.size
        if size is None:
            return self._open_unsized(number, content)
        stop = size if stop is None else stop
        crc = begun.crc if begun else None if start else 0
        if not begun and takes_whole(size, start, stop, self._look_ahead.piece):
            taken = self._take(number, start) or self._fetched(self._piece(number, start, stop))
            return ChunkReader([memoryview(_in_memory(taken[1]))[start:stop]], crc), size
        if not content.expected.verifiable:
            return self._fetch(number).stream(size, start, stop, crc), size
        portions = self._chunks(number, start, stop)
        mixed = partial(self._mixed.add, number)
        return Pieced(content, self._engine(content), portions, start, stop, begun, mixed), size

    def _open_unsized(self, number: int, content: Content) -> tuple[Reader, int]:
        try:
            taken = self._take(number, 0)
        except TooLargeError:
            size = announced_size(content.urls, self._engine(content), content.expected)
            if size is None:
                raise UnsizedError("no mirror reports its size") from None
            try:
                return self._fetch(number).stream(size, 0, size, 0), size
            except FetchError as error:  # whoever told the size may be wrong
                raise UnsizedError(str(error), failed=error.failed) from None
        chunk = _in_memory(taken[1]) if taken else bytearray()
        return ChunkReader([chunk]), len(chunk)

    def close(self) -> None:
        """Fetch nothing more."""
        self._skip_to(len(self._contents), 0)
        self.interrupt()
        self._stack.close()

    def _fetch(self, number: int) -> ContentFetch:
        """From the mirrors of a content."""
        content = self._contents[number]
        engine = self._engine(content)
        piece, operation = self._look_ahead.piece, self.operation(engine)
        return ContentFetch(number, content, engine, operation, piece, self._versions)

    def _chunks(self, number: int, position: int, stop: int) -> Generator[Portion]:
        """Bytes of a content, and the URLs that gave each portion."""
        content = self._contents[number]
        while position < stop:
            self._broken_off = None  # of a content that was read before
            try:
                taken = self._take(number, position)
            except FetchError:
                beginning = self._broken_off
                if isinstance(beginning, bytearray) and beginning:
                    # it is worth keeping, for a run that goes on from there
                    yield beginning, ()
                raise
            if taken is None:  # no mirror gives pieces
                stream = self._fetch(number).stream(content.size or 0, position, stop, None)
                try:
                    yield from stream.portions()
                finally:
                    stream.close()
                return
            piece, part, givers = taken
            first, last = position - piece.start, min(stop, piece.stop) - piece.start
            position = piece.start + last
            whole = (first, last) == (0, len(part))
            self.in_hand = last - first
            del taken, piece  # nothing is held but what is on its way
            if isinstance(part, Held):
                yield from ((chunk, givers) for chunk in part.chunks(first, last))
            else:
                yield (part if whole else memoryview(part)[first:last]), givers
            del part

    def _skip_to(self, number: int, position: int) -> None:
        while self._pieces and (
            self._pieces[0].number < number
            or (self._pieces[0].number == number and 0 < self._pieces[0].stop <= position)
        ):
            self._look_ahead.drop(self._first_piece().task)
        self._next = max(self._next, (number, position))

    def _take(
        self, number: int, position: int
    ) -> tuple[_Piece, bytearray | Held, tuple[str, ...]] | None:
        """The piece at a place, waited for; None if there is none, and all is to come at once.

        Raises:
            FetchError: no mirror has it.
        """
        self._plan(reads=True)
        if not self._pieces:
            return None
        piece = self._pieces[0]
        if piece.number != number or not piece.start <= position < max(piece.stop, 1):
            return None
        self._first_piece()
        return self._fetched(piece)

    def _first_piece(self) -> _Piece:
        piece = self._pieces.popleft()
        self._planned -= piece.task.size
        return piece

    def _fetched(self, piece: _Piece) -> tuple[_Piece, bytearray | Held, tuple[str, ...]]:
        outcome, chunk = self._look_ahead.take(piece.task)
        self._plan(reads=False)
        if isinstance(outcome, Failed):
            self._broken_off = chunk
            raise failure(outcome)
        return piece, chunk, outcome.urls

    def _plan(self, *, reads: bool) -> None:
        """Have as many pieces fetched as there is room for.

        Args:
            reads: the first of them is needed now, whether there is room or not.
        """
        looked = 0
        while self._next < self._last and self._next[0] < len(self._contents) and looked < _LOOK:
            number, position = self._next
            content = self._contents[number]
            stop = content.size
            if stop is not None and number == self._last[0]:
                stop = min(stop, self._last[1])
            # of an empty one there is a piece, too: only so is it asked for
            if not self._is_fetched(number) or (stop is not None and position >= stop > 0):
                self._next = (number + 1, 0)
                looked += 1
                continue
            pays = self._pays(content, number, position, stop)
            if pays is None:
                return
            if not pays:
                self._next = (number + 1, 0)
                continue
            piece = self._piece(number, position, stop)
            is_needed = reads and not self._pieces
            is_far = not is_needed and self._is_far(piece)
            if is_far or not (self._look_ahead.start(piece.task) or is_needed):
                return
            self._planned += piece.task.size
            self._pieces.append(piece)
            more = stop is not None and piece.stop < stop
            self._next = (number, piece.stop) if more else (number + 1, 0)

    def _is_far(self, piece: _Piece) -> bool:
        """Whether it is too early to fetch it: of many readers, one that is slow has nothing ahead.

        Else they would throw away each other's pieces, to fetch them again.
        """
        allowed = max(self.recent, _IN_HAND)
        return self._look_ahead.is_shared and self._planned + piece.task.size > allowed

    def _is_fetched(self, number: int) -> bool:
        return self._contents[number].is_remote or self.instead_of is not None

    def _pays(self, content: Content, number: int, position: int, stop: int | None) -> bool | None:
        """Whether to fetch a piece; None: that will show when the one before it is there."""
        size = content.size
        if size is None or takes_whole(size, position, stop or 0, self._look_ahead.piece):
            return True
        if grid(content, self._look_ahead.piece):
            return True  # whoever ignores ranges gives the whole for each, but all is verified
        if not content.expected.verifiable or not self._look_ahead.jobs or number in self._mixed:
            return False  # all bytes have to be of one version of one URL
        origins = self._engine(content).origins
        ranked = origins.rank(content.urls, size)
        ranges = origins.of(ranked[0]).score.ranges if ranked else None
        if ranges is None and position and self._pieces and self._pieces[-1].number == number:
            return True if self._pieces[-1].task.is_done else None
        return ranges is not False

    def _piece(self, number: int, position: int, stop: int | None) -> _Piece:
        """The piece at a place, to be fetched."""
        content, length = self._contents[number], self._look_ahead.piece
        size = content.size
        first, last = position, position + length
        if size is not None:
            last = min(last, stop or 0)
            if takes_whole(size, position, stop or 0, length):
                first, last = 0, size
            elif step := grid(content, length):
                first = position - position % step
                last = min(first + step, size)
        self._expect(self._engine(content))
        work = self._work(content, self._fetch(number), first, last)
        return _Piece(number, first, last, Task(self, last - first, work, _is_light))

    def _expect(self, engine: Engine) -> None:
        """So many pieces at a time, or as many as pay."""
        look_ahead, origins = self._look_ahead, engine.origins
        if look_ahead.finds_level:
            origins.find_level(engine.settings.most_jobs)
            origins.look()
            look_ahead.jobs = origins.level
        else:
            origins.expect_jobs(look_ahead.jobs)

    def _work(
        self, content: Content, fetch: ContentFetch, first: int, last: int
    ) -> Callable[[], Outcome]:
        """What fetches a piece: a large one that many may want, only once for all of them."""
        if self._groups is not None and content.archives and (first, last) == (0, content.size):
            in_memory = partial(fetch.into_memory, first, last)
            return partial(self._groups.fetch, fetch.number, in_memory)
        pieces = content.expected.pieces
        is_small = last - first <= _IN_HAND or not self._look_ahead.is_shared
        if pieces is None or is_small or not grid(content, self._look_ahead.piece):
            return partial(fetch.into_memory, first, last)
        digests = pieces.hexdigests[first // pieces.length : -(-last // pieces.length)]
        # not what others may fetch, and what is not to be had here: it is theirs alone
        reach = self._engine(content).reach
        key = (reach, content.urls, pieces.algorithm, digests, last - first)
        return partial(self._look_ahead.shelf.get, key, partial(fetch.into_file, first, last))


def _in_memory(part: bytearray | Held) -> bytearray:
    """What is small comes into memory."""
    return bytearray().join(part.chunks()) if isinstance(part, Held) else part


def _is_light(outcome: Outcome) -> bool:
    return isinstance(outcome[1], Held)
