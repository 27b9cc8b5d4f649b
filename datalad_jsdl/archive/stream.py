"""A content that is read while it comes, which keeps no connection while nobody reads it.

A mirror has few connections. So a transfer whose reader pauses ends once some MiB wait, and goes
on from there when more is asked for: then by parts that fit into memory, larger ones for a reader
that is quick. Where that cannot be (the mirror gives no ranges, or nobody could tell whether the
rest is of the same version), what comes meanwhile goes to a temporary file.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.archive.readers import ChunkReader
from datalad_jsdl.archive.spill import Spill
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.phrases import failure
from datalad_jsdl.model.content import Fetched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.archive.readers import Check
    from datalad_jsdl.model.content import Version

__all__ = ["Flow", "Given", "Stream", "StreamFetch"]

_ROOM = 4 << 20  # bytes that may wait to be read
_PAUSE = 0.25  # seconds for which a transfer waits for its reader
_IDLE = 5.0  # seconds without a reader, while a slow mirror gives little


class _GivenUpError(FetchError):
    """Ends a transfer from within its sink, as a full disk would."""


class _PausedError(_GivenUpError):
    """Ends a transfer that goes on when there is a reader."""


@dataclass(frozen=True, slots=True)
class Given:
    """Where the bytes of a stream are from so far.

    Attributes:
        url: of the last answer.
        version: that the answer was of, if the mirror names it and nothing else could tell.
    """

    url: str = field(repr=False)
    version: Version | None = None


class StreamFetch(Protocol):
    """Fetches bytes of one content for a stream; for any thread."""

    def part(self, sink: Flow, start: int, stop: int, given: Given | None, /) -> Fetched | Failed:
        """Bytes into a sink.

        Args:
            sink: takes them.
            start: first byte.
            stop: after the last.
            given: what the bytes before have to fit to; None if there are none.
        """

    def resumes(self, given: Given, /) -> bool:
        """Whether a transfer may end, and another go on from there."""


class Flow:
    """The sink of one of a stream's transfers."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._position = 0

    def position(self) -> int:
        """See `model.content.Sink`."""
        return self._position

    def begun(self, url: str, version: Version | None) -> None:
        """Bytes of an answer are about to come; see `fetch`."""
        self._stream.given = Given(url, version)

    def write(self, chunk: bytes) -> None:
        """See `model.content.Sink`; waits until there is room."""
        self._stream.put(chunk)
        self._position += len(chunk)

    def restart(self) -> None:
        """See `model.content.Sink`."""
        if self._position:
            self._stream.restart()
            self._position = 0


class Stream(ChunkReader):
    """Bytes of a content, which a thread fetches while they are read.

    What was read cannot be taken back: where the transfer has to begin again, the reader
    gets an ArchiveError.

    Args:
        fetch: fetches them.
        start: first byte.
        stop: after the last.
        crc: see `Reader`.
        check: see `Reader`.
        room: bytes that may wait to be read.

    Attributes:
        given: where the last bytes are from; None before there are any.
    """

    def __init__(
        self,
        fetch: StreamFetch,
        start: int,
        stop: int,
        crc: int | None = 0,
        check: Check | None = None,
        room: int = _ROOM,
    ) -> None:
        super().__init__((chunk for chunk, _ in self.portions()), crc, check)
        self.given: Given | None = None
        self._fetch = fetch
        self._stop = stop
        self._most = self._room = min(room, _ROOM)
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._spill: Spill | None = None
        self._begin = self._position = start
        self._givers: dict[str, None] = {}
        self._part = 0  # bytes of a transfer; 0 for all that is left
        self._taken = self._closed = self._runs = False
        self._outcome: Fetched | Failed | BaseException | None = None
        self._touched = self._ended = time.monotonic()
        with self._changed:  # a content that nobody has shows now
            self._go_on()
            self._changed.wait_for(self._is_ready)
        if not self._has_bytes():
            self._require_success()

    def settle(self) -> Version | None:
        """The version that it is of, which it cannot change from now on."""
        with self._changed:
            self._taken = True
            return self.given.version if self.given else None

    def put(self, chunk: bytes) -> None:
        """From its transfer: the next bytes."""
        with self._changed:
            if not self._spill and (self._room <= 0 or self._is_idle()):
                self._wait_for_reader()
            if self._closed:
                raise _GivenUpError("the reader is closed")
            if not (self._spill and self._spill.put(chunk)):
                self._changed.wait_for(lambda: self._has_room() or self._closed)
                self._waiting.append(chunk)
                self._room -= len(chunk)
            self._position += len(chunk)
            if self.given:
                self._givers[self.given.url] = None
            self._changed.notify_all()

    def restart(self) -> None:
        """From its transfer: it begins anew."""
        with self._changed:
            if self._taken:
                raise _GivenUpError(
                    "the transfer had to restart after part of it was passed on: a mirror's "
                    "content was wrong or, without a checksum, another mirror's might differ"
                )
            self._waiting.clear()
            self._drop_spill()
            self._givers.clear()
            self._room = self._most
            self._position = self._begin

    def portions(self) -> Iterator[tuple[bytes, tuple[str, ...]]]:
        """What comes, and all URLs that have given any; to be iterated over once."""
        while True:
            with self._changed:
                chunk = self._next()
                givers = tuple(self._givers)
            if not chunk:
                break
            yield chunk, givers
        self._require_success()

    def finish(self) -> None:
        """See `Reader`; a transfer of all of it has verified it, too."""
        with self._changed:
            self._changed.wait_for(lambda: not self._runs)
        self._require_success()
        super().finish()

    def close(self) -> None:
        """See `Reader`; the transfer ends."""
        with self._changed:
            self._closed = True
            self._drop_spill()
            self._changed.notify_all()

    def _next(self) -> bytes:
        """The next chunk, waited for; b"" at the end. What changes is locked, as below."""
        self._touched = time.monotonic()
        while not self._has_bytes():
            if self._outcome is not None or self._closed:
                return b""
            if not self._runs:
                self._go_on()
            self._changed.wait()
        self._taken = True
        if self._waiting:
            chunk = self._waiting.popleft()
            self._room += len(chunk)
        else:
            chunk = self._spill.take() if self._spill else b""
            if self._spill and not self._spill.size:
                self._drop_spill()
        self._touched = time.monotonic()
        self._changed.notify_all()
        return chunk

    def _go_on(self) -> None:
        """Begin a transfer at the place where the last one has ended."""
        if self._part:
            quick = time.monotonic() - self._ended < _PAUSE
            self._part = 2 * self._part if quick else self._most
        start = self._position
        stop = min(start + self._part, self._stop) if self._part else self._stop
        self._runs = True
        threading.Thread(target=self._run, args=(start, stop), name="stream", daemon=True).start()

    def _run(self, start: int, stop: int) -> None:
        outcome: Fetched | Failed | BaseException | None
        try:
            outcome = self._fetch.part(Flow(self), start, stop, self.given)
        except _PausedError:
            outcome = None
        except BaseException as error:  # raised again where the content is read
            outcome = error
        with self._changed:
            if isinstance(outcome, Fetched) and self._position < self._stop:
                outcome = None
            self._outcome, self._runs = outcome, False
            self._ended = time.monotonic()
            self._changed.notify_all()

    def _wait_for_reader(self) -> None:
        """Until there is room; if nobody reads, the transfer ends, or its bytes go to a disk."""
        came = self._changed.wait_for(lambda: self._room > 0 or self._closed, _PAUSE)
        if self._closed or (came and not self._is_idle()):
            return
        if self.given and self._fetch.resumes(self.given):
            self._taken = True
            self._part = self._most
            raise _PausedError("nobody reads")
        if self._room <= 0:
            with suppress(OSError):  # no room there: then the mirror waits
                self._spill = Spill()

    def _is_idle(self) -> bool:
        return bool(self._waiting) and time.monotonic() - self._touched > _IDLE

    def _has_room(self) -> bool:
        return self._room > 0 and not self._spill

    def _has_bytes(self) -> bool:
        return bool(self._waiting or (self._spill and self._spill.size))

    def _is_ready(self) -> bool:
        return self._has_bytes() or self._outcome is not None

    def _drop_spill(self) -> None:
        if self._spill:
            self._spill.close()
            self._spill = None

    def _require_success(self) -> None:
        if isinstance(self._outcome, Failed):
            raise failure(self._outcome)
        if isinstance(self._outcome, _GivenUpError):
            raise ArchiveError(str(self._outcome))
        if isinstance(self._outcome, BaseException):
            raise self._outcome
