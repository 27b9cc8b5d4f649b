"""Content from the mirrors, on its way from a transfer to a reader."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import ChunkReader
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.file.verification import Verifier
from datalad_jsdl.fetch.phrases import failure, in_full

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.readers import Begun, Check
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.content import Fetched, Version

__all__ = ["Memory", "Pieced", "Portion", "Stream", "TooLargeError"]

Portion = tuple["bytes | bytearray | memoryview", "tuple[str, ...]"]  # and who gave it

_ROOM = 4 << 20  # bytes that may wait to be read


class TooLargeError(FetchError):
    """There is more content than is to be held in memory."""


class _GivenUpError(FetchError):
    """Ends a transfer from within its sink, as a full disk would."""


class Memory:
    """A sink that keeps what comes.

    Args:
        room: bytes; of more than that TooLargeError is raised.
    """

    def __init__(self, room: int) -> None:
        # one buffer: a server may send crumbs
        self._content = bytearray()
        self._room = room

    def take(self) -> bytearray:
        """What came; it is the caller's from now on.

        A transfer that is over may still hold its sink for a while.
        """
        content, self._content = self._content, bytearray()
        return content

    def position(self) -> int:
        """See `model.content.Sink`."""
        return len(self._content)

    def write(self, chunk: bytes) -> None:
        """See `model.content.Sink`."""
        if len(self._content) + len(chunk) > self._room:
            raise TooLargeError(f"the content is larger than {self._room} bytes")
        self._content += chunk

    def restart(self) -> None:
        """See `model.content.Sink`."""
        self._content = bytearray()


class Stream(ChunkReader):
    """A sink that is read while it is written; the transfer runs in a thread of its own.

    What was read cannot be taken back: where the transfer has to begin again, the reader
    gets an ArchiveError.

    Args:
        fetch: runs the transfer into a sink.
        crc: see `Reader`.
        check: see `Reader`.
        room: bytes that may wait to be read.
    """

    def __init__(
        self,
        fetch: Callable[[Stream], Fetched | Failed],
        crc: int | None = 0,
        check: Check | None = None,
        room: int = _ROOM,
    ) -> None:
        super().__init__(self.chunks(), crc, check)
        self._fetch = fetch
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._most = self._room = min(room, _ROOM)
        self._position = 0
        self._version: Version | None = None
        self._taken = self._closed = False
        self._outcome: Fetched | Failed | BaseException | None = None
        threading.Thread(target=self._run, name="stream", daemon=True).start()
        with self._changed:  # a content that nobody has shows now
            self._changed.wait_for(self._is_ready)
        if not self._waiting:
            self._require_success()

    def _run(self) -> None:
        try:
            outcome: Fetched | Failed | BaseException = self._fetch(self)
        except BaseException as error:  # raised again where the content is read
            outcome = error
        with self._changed:
            self._outcome = outcome
            self._changed.notify_all()

    def position(self) -> int:
        """See `model.content.Sink`."""
        return self._position

    def begun(self, version: Version | None) -> None:
        """The transfer is about to write bytes of a version; None if nobody names it."""
        self._version = version

    def settle(self) -> Version | None:
        """The version that it is of, which it cannot change from now on."""
        with self._changed:
            self._taken = True
            return self._version

    def write(self, chunk: bytes) -> None:
        """See `model.content.Sink`; waits until there is room."""
        with self._changed:
            self._changed.wait_for(lambda: self._room > 0 or self._closed)
            if self._closed:
                raise _GivenUpError("the reader is closed")
            self._waiting.append(chunk)
            self._room -= len(chunk)
            self._position += len(chunk)
            self._changed.notify_all()

    def restart(self) -> None:
        """See `model.content.Sink`."""
        with self._changed:
            if self._taken:
                raise _GivenUpError(
                    "the transfer had to restart after part of it was passed on: a mirror's "
                    "content was wrong or, without a checksum, another mirror's might differ"
                )
            self._waiting.clear()
            self._room = self._most
            self._position = 0

    def _is_ready(self) -> bool:
        return bool(self._waiting) or self._outcome is not None

    def chunks(self) -> Iterator[bytes]:
        """What comes; to be iterated over once."""
        while True:
            with self._changed:
                self._changed.wait_for(self._is_ready)
                if not self._waiting:
                    break
                chunk = self._waiting.popleft()
                self._taken = True
                self._room += len(chunk)
                self._changed.notify_all()
            yield chunk
        self._require_success()

    def _require_success(self) -> None:
        if isinstance(self._outcome, Failed):
            raise failure(self._outcome)
        if isinstance(self._outcome, _GivenUpError):
            raise ArchiveError(str(self._outcome))
        if isinstance(self._outcome, BaseException):
            raise self._outcome

    def finish(self) -> None:
        """See `Reader`; the transfer has verified it, too."""
        with self._changed:
            self._changed.wait_for(lambda: self._outcome is not None)
        self._require_success()
        super().finish()

    def close(self) -> None:
        """See `Reader`; the transfer ends."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Pieced(ChunkReader):
    """Bytes of a content of which each piece may be from another mirror."""

    def __init__(
        self,
        content: Content,
        engine: Engine,
        portions: Generator[Portion],
        start: int,
        stop: int,
        begun: Begun | None,
    ) -> None:
        self._content = content
        self._engine = engine
        self._whole = (start, stop) == (0, content.size)  # else others may be to blame
        self._portions = portions
        self._givers: set[str] = set()
        first = next(portions, None)  # a content that nobody has shows now
        check = begun.check if begun else Verifier(content.expected) if self._whole else None
        crc = begun.crc if begun else None if start else 0
        super().__init__(self._counted(first), crc, check)

    def _counted(self, portion: Portion | None) -> Iterator[bytes | bytearray | memoryview]:
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
            origins = self._engine.origins
            wrong = Fault(FaultKind.CONTENT, url, detail=str(error))
            origins.quarantine.add(wrong, self._content.expected.hexdigest)
            raise ArchiveError(in_full(wrong)) from None

    def close(self) -> None:
        """See `Reader`."""
        self._portions.close()
