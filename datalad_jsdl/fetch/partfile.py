"""A file that appears under its name only when its content is complete and verified."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import fcntl
except ImportError:  # Windows, where git-annex's own lock on a transfer has to do
    fcntl = None  # type: ignore[assignment]  # None stands for the missing module

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["PartFile"]

_CHUNK = 1 << 20  # bytes


class PartFile:
    """A sink beside its target: ``NAME.part``. As bytes come in sequence, its length tells
    how far it got, and a killed process loses nothing that the kernel has.

    Args:
        target: the name that the content is to have.
        size: bytes that will be needed, if known.

    Raises:
        OSError: it cannot be opened, or the disk has no room for it (ENOSPC).
    """

    def __init__(self, target: Path, size: int | None = None) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".part")
        # what another program left under the name itself is a beginning as good as ours
        if not self.path.exists() and target.is_file() and target.stat().st_size:
            with contextlib.suppress(OSError):
                os.replace(target, self.path)
        self._file = open(self.path, "ab+", buffering=0)  # noqa: SIM115 - closed in __exit__
        try:
            _lock(self._file.fileno(), target.name)
        except OSError:
            self._file.close()
            raise
        self._position = self._file.seek(0, os.SEEK_END)
        if size is not None:
            self._require_room(size - self._position)

    def __enter__(self) -> PartFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._position and not self._file.closed:  # nothing to go on with
            self.path.unlink(missing_ok=True)
        self._file.close()

    def position(self) -> int:
        """Number of bytes it holds."""
        return self._position

    def write(self, chunk: bytes) -> None:
        """Append."""
        view = memoryview(chunk)
        while view:
            written = self._file.write(view) or 0
            self._position += written
            view = view[written:]

    def restart(self) -> None:
        """Forget all bytes."""
        self._file.truncate(0)
        self._position = 0

    def held(self, feed: Callable[[bytes], object]) -> None:
        """Hand its bytes to *feed*."""
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK):
            feed(chunk)

    def finish(self, mtime: float | None = None) -> None:
        """Give the content its name, for good: it is on disk before the name is.

        Args:
            mtime: modification time in seconds since 1970, or None to leave it.
        """
        if mtime is not None:
            with contextlib.suppress(OSError, OverflowError):  # not every disk has every year
                os.utime(self.path, (mtime, mtime))
        os.fsync(self._file.fileno())
        if os.fstat(self._file.fileno()).st_size != self._position:
            raise OSError(errno.EBUSY, f"another program wrote to {self.path.name}")
        if os.name == "nt":  # where an open file cannot be renamed
            self._file.close()
        os.replace(self.path, self.target)
        self._file.close()
        _sync_folder(self.target.parent)

    def discard(self) -> None:
        """Remove it."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _require_room(self, needed: int) -> None:
        if not hasattr(os, "statvfs"):
            return
        disk = os.statvfs(self.path)
        free = disk.f_bavail * disk.f_frsize
        if needed > free:
            self._file.close()
            raise OSError(
                errno.ENOSPC,
                f"{needed} more bytes are needed for {self.target.name}, {free} are free",
            )


def _lock(descriptor: int, name: str) -> None:
    """Keep a second process from writing to the same part file; ends with the process."""
    if fcntl is None:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EBUSY, f"another process is downloading {name}") from None


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there, and need not be
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
