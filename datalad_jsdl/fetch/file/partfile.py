"""A file that appears under its name only when its content is complete and verified."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.disk import Room, require_room
from datalad_jsdl.fetch.file.journal import Journal, JournalRecord, read_journal
from datalad_jsdl.fetch.file.syncing import sync_folder

try:
    import fcntl
except ImportError:  # Windows, where git-annex's own lock on a transfer has to do
    fcntl = None  # type: ignore[assignment]  # None: the module is missing

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from datalad_jsdl.fetch.file.segments import Range

__all__ = ["PartFile", "open_locked"]

_NOTED = 128 << 10  # bytes in a row until the journal hears of them
# a link that somebody has put there is not followed
_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
# of file systems that know no locks; git-annex's own lock on a transfer has to do there
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
_WORTH_A_VERSION = 1 << 20  # bytes; fewer are sooner fetched again than journalled


class PartFile:
    """A store beside its target: ``NAME.part``.

    As long as bytes come in sequence and have a digest to answer to, its length tells how
    far it got. Else ``NAME.part.journal`` does (see `journal`). A killed process loses
    nothing that the kernel has.

    Attributes:
        held: what it had from earlier runs; the source is "" where nobody knows.
        source, etag: the one version that its bytes are of, if that was noted.

    A journal without a part file says nothing: a power cut may leave one.

    Args:
        target: the name that the content is to have.
        size: bytes that will be needed, if known.
        reserve: bytes of the disk that are to stay free.

    Raises:
        OSError: it cannot be opened, or the disk has no room for it (ENOSPC).
    """

    in_order = False

    def __init__(self, target: Path, size: int | None = None, *, reserve: int = 0) -> None:
        self.target = target
        self.path = f"{target}.part"
        self._journal_path = f"{self.path}.journal"
        self._lock = threading.Lock()
        self._journal: Journal | None = None
        self._ranges: list[Range] = []  # while there is no journal
        self._pending: dict[int, Range] = {}  # what the journal has not heard of, by thread
        self.held: list[Range] = []
        self.source = self.etag = ""
        # what another program left under the name itself is a beginning as good as ours
        with contextlib.suppress(OSError):
            if os.stat(target).st_size and not os.path.exists(self.path):
                os.replace(target, self.path)
        self._file = open_locked(self.path, f"downloading {target.name}")
        self._is_open = True
        try:
            self._length = os.fstat(self._file).st_size
            needed = None if size is None else size - self._length
            if reserve or (needed is not None and needed > _WORTH_A_VERSION):
                require_room(self.path, needed, reserve)
            self._room = Room(self.path, reserve, looked=needed is None or needed > 0)
            if self._length:
                self._take_over()
            else:  # what a journal alone says is of another time
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._journal_path)
        except OSError:
            with contextlib.suppress(OSError):
                if not os.fstat(self._file).st_size and os.name != "nt":
                    os.unlink(self.path)  # while it is locked: there is nothing to go on with
            self._close()
            raise

    def _take_over(self) -> None:
        if not os.path.exists(self._journal_path):
            self._ranges = [(0, self._length, "")]
            self.held = list(self._ranges)
            return
        record = read_journal(self._journal_path, self._length)
        if record.ranges:
            self._journal = Journal(self._journal_path, record, self._file)
            self.held, self.source, self.etag = record.ranges, record.source, record.etag
        else:
            os.ftruncate(self._file, 0)
            self._length = 0
            os.unlink(self._journal_path)

    def __enter__(self) -> PartFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._is_open:
            return
        empty = not self._length  # nothing to go on with
        with contextlib.suppress(OSError):  # a full disk: what is noted so far has to do
            self._flush()
        self._end_journal(remove=empty)
        if empty:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)
        self._close()

    def put(self, offset: int, chunk: bytes | memoryview, source: str) -> None:
        """Write at an offset; threads may do so at different ones."""
        self._room.take(len(chunk))
        end = offset + len(chunk)
        if self._journal is None:
            self._begin_journal(offset)
        written = self._write(chunk, offset)
        while written < len(chunk):
            written += self._write(memoryview(chunk)[written:], offset + written)
        # only now: a kill in the middle must not leave a word for what was not written
        with self._lock:
            self._length = max(self._length, end)
            if self._journal is None:
                self._note_in_sequence(offset, end, source)
                return
        self._note(offset, end, source)

    def _write(self, view: bytes | memoryview, at: int) -> int:
        if hasattr(os, "pwrite"):
            return os.pwrite(self._file, view, at)
        with self._lock:
            os.lseek(self._file, at, os.SEEK_SET)
            return os.write(self._file, view)

    def _begin_journal(self, offset: int) -> None:
        """From now on the file's length does not tell what is there, if that is so."""
        with self._lock:
            versioned = self.etag and self._length >= _WORTH_A_VERSION
            if self._journal is None and (offset != self._length or versioned):
                record = JournalRecord(self._ranges, self.source, self.etag)
                self._journal = Journal(self._journal_path, record, self._file)

    def _note_in_sequence(self, offset: int, end: int, source: str) -> None:
        if self._ranges and self._ranges[-1][1:] == (offset, source):
            self._ranges[-1] = (self._ranges[-1][0], end, source)
        else:
            self._ranges.append((offset, end, source))

    def _note(self, start: int, end: int, source: str) -> None:
        """Tell the journal: not of every chunk, but of every so many bytes."""
        thread = threading.get_ident()
        pending = self._pending.get(thread)
        if pending is not None and pending[1:] == (start, source):
            start = pending[0]
        elif pending is not None:
            self._add(*pending)
        if end - start >= _NOTED:
            self._add(start, end, source)
            start = end
        self._pending[thread] = (start, end, source)

    def _add(self, start: int, end: int, source: str) -> None:
        if self._journal is not None and start < end:
            self._journal.add(start, end, source)

    def _flush(self) -> None:
        for pending in list(self._pending.values()):
            self._add(*pending)
        self._pending.clear()

    def read(self, offset: int, length: int) -> bytes:
        """Bytes at an offset; fewer at the end of the file."""
        if hasattr(os, "pread"):
            return os.pread(self._file, length, offset)
        with self._lock:
            os.lseek(self._file, offset, os.SEEK_SET)
            return os.read(self._file, length)

    def keep(self, ranges: list[Range]) -> None:
        """Forget all bytes but those of *ranges*; nothing is being written."""
        self._pending.clear()
        self._length = max((end for _, end, _ in ranges), default=0)
        os.ftruncate(self._file, self._length)
        in_sequence = self._length == sum(end - start for start, end, _ in ranges)
        if in_sequence and not self.etag:
            self._end_journal(remove=True)
            self._ranges = list(ranges)
        elif self._journal is None:
            self._journal = Journal(self._journal_path, JournalRecord(ranges), self._file)
        else:
            self._journal.rewrite(JournalRecord(ranges, self.source, self.etag))

    def begin(self, source: str, etag: str) -> None:
        """All bytes to come are of one version of one source; there are none yet."""
        self.source, self.etag = source, etag
        if self._journal is not None:  # else what comes would stand under an older version
            self._journal.rewrite(JournalRecord([], source, etag))

    def finish(self, mtime: float | None = None, *, data: bool = True, name: bool = True) -> None:
        """Give the content its name, for good: it is on disk before the name is.

        Args:
            mtime: modification time in seconds since 1970, or None to leave it.
            data: put the content on the disk now.
            name: put its name there, too.
        """
        if mtime is not None:
            with contextlib.suppress(OSError, OverflowError):  # not every disk has every year
                os.utime(self.path, (mtime, mtime))
        if data:
            os.fsync(self._file)
        if os.fstat(self._file).st_size != self._length:
            raise OSError(errno.EBUSY, f"another program wrote to {self.target.name}.part")
        if os.name == "nt":  # where an open file cannot be renamed
            self._close()
        self._end_journal(remove=True)  # first: left alone, it would speak of the next file
        os.replace(self.path, self.target)
        self._close()
        if name:
            sync_folder(self.target.parent)

    def _end_journal(self, *, remove: bool) -> None:
        if self._journal is not None:
            self._journal.close(remove=remove)
            self._journal = None

    def _close(self) -> None:
        if self._is_open:
            os.close(self._file)
            self._is_open = False


def open_locked(path: str | Path, work: str, mode: int = 0o666) -> int:
    """Open a file that no other process is writing to; it is made if there is none.

    Args:
        path: of the file.
        work: what is done to it, for the message.
        mode: of a file that is made, from which the user's umask takes away.

    Raises:
        OSError: it cannot be opened, or one is (EBUSY): doing the same *work*.
    """
    while True:
        file = os.open(path, _OPEN, mode)
        try:
            _lock(file, work)
            # else the other process has just finished: what was opened is its complete file
            if os.name == "nt" or os.stat(path).st_ino == os.fstat(file).st_ino:
                return file
        except FileNotFoundError:
            pass
        except OSError:
            os.close(file)
            raise
        os.close(file)


def _lock(descriptor: int, work: str) -> None:
    """Keep a second process from writing to the same part file; ends with the process."""
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EBUSY, f"another process is {work}") from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
