"""What an archive is written to: a file that shows when it is complete, or a pipe."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.fetch.partfile import open_locked, sync_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FileOutput", "Output", "PipeOutput", "part_file"]

_BUFFER = 256 << 10  # bytes
_CHUNK = 1 << 20  # bytes


def part_file(target: Path) -> Path:
    """The name under which an archive is written until it is complete."""
    return target.with_name(target.name + ".jsdl-part")


class Output(Protocol):
    """Takes bytes in sequence.

    Attributes:
        position: number of bytes it has.
        folder: to put in what has to be on a disk for a while; None for the system's own.
    """

    position: int
    folder: Path | None

    def write(self, chunk: bytes | memoryview, /) -> object:
        """Append."""

    def mark(self) -> None:
        """This is a place to go back to."""

    def back(self) -> bool:
        """Go back to the last mark; False if what was written since is gone for good."""


class PipeOutput:
    """Bytes go to a descriptor, and cannot be taken back.

    Args:
        descriptor: open for writing; it is left open.
    """

    folder: Path | None = None

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = bytearray()
        self.position = self._mark = 0

    def write(self, chunk: bytes | memoryview) -> int:
        """See `Output`."""
        self.position += len(chunk)
        if len(self._waiting) + len(chunk) > _BUFFER:
            self.flush()
        if len(chunk) < _BUFFER:
            self._waiting += chunk
        else:
            self._write(memoryview(chunk))
        return len(chunk)

    def _write(self, view: memoryview) -> None:
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except BrokenPipeError:
            # no ArchiveError: no content is to blame, and none is to be tried again
            raise BrokenPipeError("whoever reads the archive has ended before it did") from None

    def mark(self) -> None:
        """See `Output`."""
        self._mark = self.position

    def back(self) -> bool:
        """See `Output`."""
        return self.position == self._mark

    def flush(self) -> None:
        """Bytes leave the buffer."""
        waiting, self._waiting = self._waiting, bytearray()
        self._write(memoryview(waiting))


class FileOutput:
    """An archive that appears under its name when it is complete; a context manager.

    What was written is kept for another time if the archive is not finished.

    Args:
        target: its name.
        resume: keep what an earlier run has written.
        checksum: write a file with its SHA-256 beside it.
        rewinds: whoever writes can go back, and go on another time.

    Raises:
        OSError: it cannot be opened; another process may be writing it.
    """

    def __init__(
        self,
        target: Path,
        *,
        resume: bool = False,
        checksum: bool = False,
        rewinds: bool = True,
    ) -> None:
        if not target.parent.is_dir():
            raise ArchiveError(f"there is no folder {target.parent} to write the archive into")
        self.target = target
        self.folder: Path | None = target.parent
        self.part = part_file(target)
        self._rewinds = rewinds
        self._hash = self._hash_at_mark = hashlib.sha256() if checksum else None
        descriptor = open_locked(self.part, f"writing {target.name}")
        if not resume:
            os.ftruncate(descriptor, 0)
        self.file = os.fdopen(descriptor, "r+b", _BUFFER)
        self.position = self._mark = 0

    def __enter__(self) -> FileOutput:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file.closed:
            return
        with suppress(OSError):  # a full disk: what is there has to do
            self.file.close()  # writes what is in its buffer
        if not self.kept:
            self.part.unlink(missing_ok=True)

    @property
    def kept(self) -> int:
        """Bytes that are there to go on with."""
        return self.position if self._rewinds else 0

    def keep(self, length: int, mark: int) -> None:
        """Go on after the first *length* bytes; the last mark was at byte *mark*."""
        self.file.seek(0)
        if self._hash is not None:
            self._pass_over(self._hash, mark)
            self._hash_at_mark = self._hash.copy()
            self._pass_over(self._hash, length - mark)
        self.file.seek(length)
        self.file.truncate()
        self.position, self._mark = length, mark

    def _pass_over(self, digest: hashlib._Hash, length: int) -> None:
        while length and (chunk := self.file.read(min(length, _CHUNK))):
            digest.update(chunk)
            length -= len(chunk)

    def write(self, chunk: bytes | memoryview) -> int:
        """See `Output`."""
        self.position += len(chunk)
        if self._hash is not None:
            self._hash.update(chunk)
        return self.file.write(chunk)

    def mark(self) -> None:
        """See `Output`."""
        self._mark = self.position
        if self._hash is not None:
            self._hash_at_mark = self._hash.copy()

    def back(self) -> bool:
        """See `Output`."""
        if not self._rewinds:
            return self.position == self._mark
        self.file.seek(self._mark)
        self.file.truncate()
        self.position = self._mark
        if self._hash_at_mark is not None:
            self._hash = self._hash_at_mark.copy()
        return True

    def flush(self) -> None:
        """Bytes leave the buffer."""
        self.file.flush()

    def finish(self) -> None:
        """It is complete: it gets its name, once it is on the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())
        if os.name == "nt":  # where an open file cannot be renamed
            self.file.close()
        checksums = self.target.with_name(self.target.name + ".sha256")
        if self._hash is not None:  # of the archive that is to come: an older one's is wrong
            checksums.unlink(missing_ok=True)
        os.replace(self.part, self.target)
        self.file.close()
        if self._hash is not None:
            checksums.write_bytes(_checksum_line(self._hash.hexdigest(), self.target.name))
        sync_folder(self.target.parent)


def _checksum_line(digest: str, name: str) -> bytes:
    """As ``sha256sum`` writes it, and reads it with ``-c``."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != name else ""
    return os.fsencode(f"{mark}{digest}  {escaped}\n")
