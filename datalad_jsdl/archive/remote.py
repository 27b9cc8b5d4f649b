"""Content from the mirrors, on its way from a transfer to a reader."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import ChunkReader
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.fetch.phrases import failure
from datalad_jsdl.model.content import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.archive.readers import Check
    from datalad_jsdl.model.content import Fetched, Sink

__all__ = ["Memory", "Stream", "TooLargeError"]

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
        """See `values.Sink`."""
        return len(self._content)

    def write(self, chunk: bytes) -> None:
        """See `values.Sink`."""
        if len(self._content) + len(chunk) > self._room:
            raise TooLargeError(f"there are more than {self._room} bytes")
        self._content += chunk

    def restart(self) -> None:
        """See `values.Sink`."""
        self._content = bytearray()


class Stream(ChunkReader):
    """A sink that is read while it is written; the transfer runs in a thread of its own.

    What was read cannot be taken back: where the transfer has to begin again, the reader
    gets an ArchiveError.

    Args:
        fetch: runs the transfer.
        crc: see `Reader`.
        check: see `Reader`.
    """

    def __init__(
        self,
        fetch: Callable[[Sink], Fetched | Failed],
        crc: int | None = 0,
        check: Check | None = None,
    ) -> None:
        super().__init__(self.chunks(), crc, check)
        self._fetch = fetch
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._room = _ROOM
        self._position = 0
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
        """See `values.Sink`."""
        return self._position

    def write(self, chunk: bytes) -> None:
        """See `values.Sink`; waits until there is room."""
        with self._changed:
            self._changed.wait_for(lambda: self._room > 0 or self._closed)
            if self._closed:
                raise _GivenUpError("nobody reads it any more")
            self._waiting.append(chunk)
            self._room -= len(chunk)
            self._position += len(chunk)
            self._changed.notify_all()

    def restart(self) -> None:
        """See `values.Sink`."""
        with self._changed:
            if self._taken:
                raise _GivenUpError(
                    "the transfer had to begin again after some of it was passed on: a mirror's "
                    "content was wrong, or with no checksum, another's might be something else"
                )
            self._waiting.clear()
            self._room = _ROOM
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
