"""Whether bytes are what was expected: hashed while they arrive."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Checksum, Fault, FaultKind
from datalad_jsdl.fetch.phrases import phrase
from datalad_jsdl.model.digests import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.model.content import Expected, Store
    from datalad_jsdl.model.entry import Pieces

__all__ = ["Frontier", "Unhashed", "Verifier", "wrong_pieces"]

_CHUNK = 1 << 20  # bytes
_LARGE = 32 << 20  # bytes; from there on a thread of its own is worth it
_AHEAD = 16  # chunks that may wait to be hashed


class Verifier:
    """Hashes content in sequence and tells in the end whether it is right.

    Without an expected digest it takes the SHA-256, for the key that is to be made.
    """

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._algorithm = ALGORITHMS[expected.algorithm or "sha256"]
        self.restart()

    def restart(self) -> None:
        """Begin at the first byte again."""
        self._hash = self._algorithm.new()
        self.size = 0

    def update(self, chunk: bytes | memoryview) -> None:
        """The next bytes."""
        self._hash.update(chunk)
        self.size += len(chunk)

    def hexdigest(self) -> str:
        """Digest of the bytes so far."""
        return self._hash.hexdigest()

    def fault(self) -> Fault | None:
        """What is wrong with the content as a whole, or None if all is right."""
        expected = self._expected
        if expected.size is not None and self.size != expected.size:
            return Fault(FaultKind.CONTENT, expected=expected.size, offered=self.size)
        if expected.algorithm and self.hexdigest() != expected.hexdigest:
            wrong = Checksum(expected.algorithm, expected.hexdigest, self.hexdigest())
            return Fault(FaultKind.CONTENT, checksum=wrong)
        return None

    def mismatch(self) -> str | None:
        """The same in words, as `archive.readers.Check` has it."""
        wrong = self.fault()
        return phrase(wrong) if wrong else None


class Frontier:
    """Hashes a store from its first byte on, as far as it is filled without a gap.

    Bytes that come at the frontier are hashed as they come, those of a large file by a
    thread, so that receiving does not wait for it; those that came ahead of it are read
    back once it gets there.
    """

    def __init__(self, verifier: Verifier, store: Store) -> None:
        self._verifier = verifier
        self._store = store
        self._lock = threading.Lock()
        self._next = 0  # offset of the first byte that was not handed over to be hashed
        self._chunks: queue.Queue[bytes | None] | None = None  # for the thread, if there is one
        self._thread: threading.Thread | None = None
        self._problem: Exception | None = None

    def feed(self, offset: int, chunk: bytes) -> None:
        """Hash bytes that were just put into the store, if they are the next."""
        if self._next == offset and self._lock.acquire(blocking=False):
            try:
                if self._next != offset:
                    return
                self._next += len(chunk)
                if self._thread is None and self._next < _LARGE:
                    self._verifier.update(chunk)
                else:
                    self._hand_over(chunk)
            finally:
                self._lock.release()

    def _hand_over(self, chunk: bytes) -> None:
        if self._chunks is None:
            chunks = self._chunks = queue.Queue(_AHEAD)
            self._thread = threading.Thread(
                target=self._hash, args=(chunks,), name="hash", daemon=True
            )
            self._thread.start()
        self._chunks.put(chunk)

    def _hash(self, chunks: queue.Queue[bytes | None]) -> None:
        while (chunk := chunks.get()) is not None:
            try:
                self._verifier.update(chunk)
            except Exception as error:  # a bug: raised where the thread is waited for
                self._problem = error
            finally:
                chunks.task_done()

    def _join(self) -> None:
        """Wait until all that was handed over is hashed."""
        if self._chunks is not None:
            self._chunks.join()
        if self._problem is not None:
            raise self._problem

    def catch_up(self, prefix: Callable[[], int]) -> None:
        """Hash what lies ahead.

        Args:
            prefix: number of bytes from the first on without a gap, as of now.
        """
        with self._lock:
            self._join()
            while (left := prefix() - self._verifier.size) > 0:
                chunk = self._store.read(self._verifier.size, min(left, _CHUNK))
                if not chunk:  # the file was cut behind our back: it will not pass
                    break
                self._verifier.update(chunk)
            self._next = self._verifier.size

    def restart(self) -> None:
        """Begin at the first byte again."""
        with self._lock:
            self._join()
            self._verifier.restart()
            self._next = 0

    def close(self) -> None:
        """End its thread."""
        if self._chunks is not None and self._thread is not None:
            self._chunks.put(None)
            self._thread.join()


class Unhashed(Frontier):
    """The frontier of a part of a content, which has no digest of its own."""

    def feed(self, offset: int, chunk: bytes) -> None:
        """Nothing."""


def wrong_pieces(pieces: Pieces, store: Store, size: int) -> list[tuple[int, int]]:
    """The parts of a store (start, end) that do not have the digests they should have.

    Where there are more bytes than pieces, the rest is wrong, too.
    """
    wrong = []
    count = len(pieces.hexdigests)
    for number, start in enumerate(range(0, size, pieces.length)):
        end = min(start + pieces.length, size)
        digest = ALGORITHMS[pieces.algorithm].new()
        for at in range(start, end, _CHUNK):
            digest.update(store.read(at, min(_CHUNK, end - at)))
        if number >= count or digest.hexdigest() != pieces.hexdigests[number]:
            wrong.append((start, end))
    return wrong
