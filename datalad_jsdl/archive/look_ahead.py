"""Content from the mirrors, fetched ahead of the place where it is needed.

Everything comes in pieces that fit into memory, several at a time, and is handed on in
order. So one large content comes over several connections, too, no connection waits for a
slow taker, and each piece has all mirrors to turn to.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import ChunkReader
from datalad_jsdl.archive.remote import Memory, Stream, TooLargeError
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.file.verification import Verifier
from datalad_jsdl.fetch.phrases import in_full, told
from datalad_jsdl.fetch.presence import announced_size
from datalad_jsdl.model.content import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from datalad_jsdl.archive.readers import Begun, Reader
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import Fetched
    from datalad_jsdl.operations.contents import Content

__all__ = ["PIECE", "Ahead", "UnsizedError"]

PIECE = 8 << 20  # bytes
_MEMORY = 64 << 20  # bytes that may be under way or waiting
_MOST = 512  # pieces, likewise
_LOOK = 4096  # contents that are looked at to find them


_Portion = tuple["bytes | bytearray", "tuple[str, ...]"]


class UnsizedError(FetchError):
    """Nobody tells the size of a large content, which has to stand before it."""


class _BrokenOffError(FetchError):
    """No mirror gave all of a piece.

    Attributes:
        chunks: its beginning.
    """

    def __init__(self, failed: Failed, chunks: list[bytearray]) -> None:
        super().__init__(told(failed), failed=failed)
        self.chunks = chunks


@dataclass(frozen=True, slots=True)
class _Piece:
    """Bytes *start* to *stop* of the content *number*."""

    number: int
    start: int
    stop: int
    result: Future[tuple[Fetched | Failed, list[bytearray]]]


class Ahead:
    """The contents of an archive that only the mirrors can give.

    For one thread that reads them in order; `close` ends the others.

    Args:
        contents: of the archive, in order; those that are here are passed over.
        jobs: pieces at a time.
    """

    def __init__(self, contents: Sequence[Content], jobs: int) -> None:
        self._contents = contents
        self._jobs = jobs
        self._pieces: deque[_Piece] = deque()
        self._held = 0  # bytes of them
        self._next = (0, 0)  # content and byte to be planned next
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._stack = ExitStack()
        self._operations: dict[int, Operation] = {}  # by identity of the engine

    def operation(self, engine: Engine) -> Operation:
        """What all pieces are a part of that come from an engine."""
        if id(engine) not in self._operations:
            self._operations[id(engine)] = self._stack.enter_context(engine.operation())
        return self._operations[id(engine)]

    def open(self, number: int, begun: Begun | None = None) -> tuple[Reader, int]:
        """A reader of a content, and its size in bytes; numbers only ever grow.

        Args:
            number: of the content.
            begun: what is there of it.

        Raises:
            FetchError: no mirror has it, as far as that shows from the beginning.
            UnsizedError: no mirror tells how large it is.
        """
        content = self._contents[number]
        start = begun.position if begun else 0
        self._skip_to(number, start)
        size, expected = content.size, content.expected
        if size is None:
            return self._open_unsized(number, content)
        if not begun and (size <= PIECE or not expected.verifiable):
            piece = self._take(number, 0)
            return (self._stream(content, size) if piece is None else ChunkReader(piece[1])), size
        return _Pieces(content, self._chunks(number, start), begun), size

    def _open_unsized(self, number: int, content: Content) -> tuple[Reader, int]:
        try:
            piece = self._take(number, 0)
        except TooLargeError:
            size = announced_size(content.urls, content.home.engine)
            if size is None:
                raise UnsizedError("no mirror tells how large it is") from None
            try:
                return self._stream(content, size), size
            except FetchError as error:  # whoever told the size may be wrong
                raise UnsizedError(str(error), failed=error.failed) from None
        chunks = piece[1] if piece else []
        return ChunkReader(chunks), sum(map(len, chunks))

    def close(self) -> None:
        """Fetch nothing more."""
        self._skip_to(len(self._contents), 0)
        for operation in self._operations.values():
            operation.interrupt()
        self._stack.close()
        for _ in self._threads:
            self._tasks.put(None)

    def _stream(self, content: Content, size: int, start: int = 0) -> Stream:
        """A content from a byte on over one connection; if whole, verified by the transfer."""
        expected, engine = replace(content.expected, size=size), content.home.engine
        window, operation = ((start, size) if start else None), self.operation(engine)
        return Stream(
            lambda sink: engine.fetch(
                content.urls, expected, sink, window=window, operation=operation
            )
        )

    def _chunks(self, number: int, position: int) -> Generator[_Portion]:
        """The content from a byte on, and the URLs that gave each portion."""
        content = self._contents[number]
        while position < (content.size or 0):
            try:
                piece = self._take(number, position)
            except _BrokenOffError as error:
                # what has come is worth keeping, for a run that goes on from there
                yield from ((chunk, ("",)) for chunk in error.chunks)
                raise
            if piece is None:  # no mirror gives pieces
                stream = self._stream(content, content.size or 0, position)
                try:
                    for chunk in stream.chunks():
                        yield chunk, ("",)
                finally:
                    stream.close()
                return
            givers = piece[0].urls or ("",)
            (part,) = piece[1]
            del piece  # nothing is held but what is on its way
            position += len(part)
            yield part, givers
            del part

    def _skip_to(self, number: int, position: int) -> None:
        while self._pieces and (self._pieces[0].number, self._pieces[0].start) < (number, position):
            piece = self._pieces.popleft()
            piece.result.cancel()
            self._held -= piece.stop - piece.start
        self._next = max(self._next, (number, position))

    def _take(self, number: int, position: int) -> tuple[Fetched, list[bytearray]] | None:
        """The piece at a place, waited for; None if there is none, and all is to come at once.

        Raises:
            FetchError: no mirror has it.
        """
        self._plan()
        if not self._pieces or (self._pieces[0].number, self._pieces[0].start) != (
            number,
            position,
        ):
            return None
        piece = self._pieces.popleft()
        try:
            outcome, chunks = piece.result.result()
        finally:
            self._held -= piece.stop - piece.start
        self._plan()
        if isinstance(outcome, Failed):
            raise _BrokenOffError(outcome, chunks)
        return outcome, chunks

    def _plan(self) -> None:
        """Have as many pieces fetched as there is room for."""
        looked = 0
        while self._next[0] < len(self._contents) and looked < _LOOK:
            number, position = self._next
            content = self._contents[number]
            size = PIECE if content.size is None else content.size
            # of an empty one there is a piece, too: only so is it asked for
            if not content.is_remote or position >= size > 0:
                self._next = (number + 1, 0)
                looked += 1
                continue
            stop = min(position + PIECE, size)
            full = self._held + stop - position > _MEMORY or len(self._pieces) >= _MOST
            if full and self._pieces:
                return
            pays = self._pays(content, number, position)
            if pays is None:
                return
            if pays:
                self._submit(content, number, position, stop)
            self._next = (number, stop) if pays and stop < size else (number + 1, 0)

    def _pays(self, content: Content, number: int, position: int) -> bool | None:
        """Whether to fetch a piece; None: that will show when the one before it is there."""
        if content.size is None or content.size <= PIECE:
            return True
        if not content.expected.verifiable:
            return False  # all bytes have to be of one version of one URL
        origins = content.home.engine.origins
        ranked = origins.rank(content.urls, content.size)
        ranges = origins.of(ranked[0]).score.ranges if ranked else None
        if ranges is None and position and self._pieces and self._pieces[-1].number == number:
            return True if self._pieces[-1].result.done() else None
        return ranges is not False

    def _submit(self, content: Content, number: int, start: int, stop: int) -> None:
        result: Future[tuple[Fetched | Failed, list[bytearray]]] = Future()
        engine = content.home.engine
        engine.origins.expect_jobs(self._jobs)
        window = None if content.size is None or stop - start == content.size else (start, stop)
        operation = self.operation(engine)

        def task() -> None:
            if not result.set_running_or_notify_cancel():
                return
            memory = Memory(stop - start)
            try:
                outcome = engine.fetch(
                    content.urls, content.expected, memory, window=window, operation=operation
                )
            except BaseException as error:  # raised again where the piece is taken
                result.set_exception(error)
            else:
                result.set_result((outcome, [memory.take()]))

        self._pieces.append(_Piece(number, start, stop, result))
        self._held += stop - start
        self._tasks.put(task)
        if len(self._threads) < self._jobs:
            # daemons: one that hangs in connecting does not keep the process
            thread = threading.Thread(target=self._work, name="ahead", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
            del task  # and with it what it has fetched


class _Pieces(ChunkReader):
    """A content of which each piece may be from another mirror."""

    def __init__(
        self, content: Content, portions: Generator[_Portion], begun: Begun | None
    ) -> None:
        self._content = content
        self._whole = begun is None  # else what was there before may be to blame
        self._portions = portions
        self._givers: set[str] = set()
        first = next(portions, None)  # a content that nobody has shows now
        check = begun.check if begun else Verifier(content.expected)
        super().__init__(self._counted(first), begun.crc if begun else 0, check)

    def _counted(self, portion: _Portion | None) -> Iterator[bytes | bytearray]:
        while portion is not None:
            self._givers.update(portion[1])
            chunk, portion = portion[0], None
            yield chunk
            del chunk
            portion = next(self._portions, None)

    def finish(self) -> None:
        """See `Reader`; wrong content is put down to the mirror that gave all of it.

        Of several, nobody knows here who it was.
        """
        try:
            super().finish()
        except ArchiveError as error:
            if len(self._givers) != 1 or not self._whole:
                raise
            (url,) = self._givers
            origins = self._content.home.engine.origins
            wrong = Fault(FaultKind.CONTENT, url, detail=str(error))
            origins.quarantine(wrong, self._content.expected.hexdigest)
            raise ArchiveError(in_full(wrong)) from None

    def close(self) -> None:
        """See `Reader`."""
        self._portions.close()
