"""SHA-256 of many files, by several threads.

A file counts only if nobody has changed it meanwhile: its size and times are the same before and
after. If they are not, it is read again, once.
"""

from __future__ import annotations

import hashlib
import io
import os
import queue
import stat
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.model.pieces import Pieces
from datalad_jsdl.operations.folder_files import NOT_HERE, FolderFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["PIECE", "Hashed", "Hashing", "has_pieces"]

#: Bytes of a piece; only files that are larger have any.
PIECE = 8 << 20

_MOST_PIECES = 1 << 16  # of one file; from there on they are longer
_CHUNK = 256 << 10  # bytes that are read at a time; they fit into a core's cache
_LARGE = 64 << 20  # bytes; such files come first, so that none is left to one thread in the end
_BATCH_FILES = 32
_BATCH_BYTES = 8 << 20
_ATTEMPTS = 2
_TICK = 0.25  # seconds
_POINTER = b"/annex/objects/"  # an unlocked file of git-annex begins so while its content is away
_LONGEST_POINTER = 32 << 10  # bytes
# a FIFO that has taken the file's place must not block, nor may a link lead elsewhere
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file as it was read.

    Attributes:
        size: bytes.
        mtime_ns: nanoseconds since 1970.
        executable: whether its owner may execute it.
        sha256: hex digest.
        pieces: of its parts, or None.
    """

    size: int
    mtime_ns: int
    executable: bool
    sha256: str
    pieces: Pieces | None = None


class Hashing:
    """Threads that hash files; a context manager, that ends them.

    Args:
        files: to be hashed.
        jobs: number of threads.
        pieces: also hash pieces of large files.
    """

    def __init__(self, files: Sequence[FolderFile], jobs: int, *, pieces: bool = False) -> None:
        self._files = iter(sorted(files, key=lambda file: -file.size * (file.size >= _LARGE)))
        self._count = len(files)
        self._pieces = pieces
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._done: queue.SimpleQueue[_Batch | BaseException] = queue.SimpleQueue()
        number = max(1, min(jobs, len(files)))
        self._read = [0] * number  # bytes, of each thread
        self._threads = [
            threading.Thread(target=self._work, args=(own,), daemon=True) for own in range(number)
        ]

    @property
    def read(self) -> int:
        """Number of bytes that have been read."""
        return sum(self._read)

    def __enter__(self) -> Hashing:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def results(self) -> Iterator[list[tuple[FolderFile, Hashed | str]]]:
        """Each file with what was found, or why it cannot be listed, in no particular order.

        They come a few at a time; an empty list says that some time has passed.
        """
        left = self._count
        while left:
            try:
                done = self._done.get(timeout=_TICK)
            except queue.Empty:
                done = []
            if isinstance(done, BaseException):
                raise done
            left -= len(done)
            yield done

    def _work(self, own: int) -> None:
        try:
            buffer = memoryview(bytearray(_CHUNK))
            while batch := self._batch():
                self._done.put([(file, self._hashed(file, buffer, own)) for file in batch])
        except _StoppedError:
            pass
        except BaseException as error:  # to be raised where it is seen
            self._done.put(error)

    def _batch(self) -> list[FolderFile]:
        batch: list[FolderFile] = []
        size = 0
        with self._lock:
            while len(batch) < _BATCH_FILES and size < _BATCH_BYTES:
                file = next(self._files, None)
                if file is None:
                    break
                batch.append(file)
                size += file.size
        return batch

    def _hashed(self, file: FolderFile, buffer: memoryview, own: int) -> Hashed | str:
        try:
            for _ in range(_ATTEMPTS):
                if found := self._attempt(file, buffer, own):
                    return found
        except OSError as error:
            return error.strerror or str(error)
        return "it changes while it is read"

    def _attempt(self, file: FolderFile, buffer: memoryview, own: int) -> Hashed | str | None:
        """What was found, or why nothing can be; None if the file has changed meanwhile."""
        with io.FileIO(os.open(file.place, _FLAGS)) as stream:
            before = os.fstat(stream.fileno())
            if not stat.S_ISREG(before.st_mode):
                return "it is not a regular file"
            size = before.st_size
            parts = _Parts(size) if self._pieces and has_pieces(size) else None
            digest = hashlib.sha256()
            left = size
            while left:
                if self._stop.is_set():
                    raise _StoppedError
                count = stream.readinto(buffer[: min(left, _CHUNK)])
                if not count:
                    return None
                if left == size <= _LONGEST_POINTER and buffer[: len(_POINTER)] == _POINTER:
                    return NOT_HERE
                digest.update(buffer[:count])
                if parts is not None:
                    parts.update(buffer[:count])
                left -= count
                self._read[own] += count
            if _state(os.fstat(stream.fileno())) != _state(before):
                return None
        executable = os.name != "nt" and bool(before.st_mode & stat.S_IXUSR)
        pieces = parts.finished() if parts is not None else None
        return Hashed(size, before.st_mtime_ns, executable, digest.hexdigest(), pieces)


_Batch = list[tuple[FolderFile, "Hashed | str"]]


class _StoppedError(Exception):
    """Nobody wants the results any more."""


def has_pieces(size: int) -> bool:
    """Whether a file of *size* bytes has pieces, if they are asked for."""
    return size > PIECE


class _Parts:
    """Digests of a file's pieces, while it is read."""

    def __init__(self, size: int) -> None:
        self._length = PIECE
        while size > self._length * _MOST_PIECES:
            self._length *= 2
        self._done: list[str] = []
        self._digest = hashlib.sha256()
        self._left = self._length

    def update(self, chunk: memoryview) -> None:
        while chunk:
            part = chunk[: self._left]
            self._digest.update(part)
            self._left -= len(part)
            chunk = chunk[len(part) :]
            if not self._left:
                self._end()

    def finished(self) -> Pieces:
        if self._left < self._length:
            self._end()
        return Pieces("sha256", self._length, tuple(self._done))

    def _end(self) -> None:
        self._done.append(self._digest.hexdigest())
        self._digest, self._left = hashlib.sha256(), self._length


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
