"""What an export is written to: a file that shows when it is complete, or a pipe."""

from __future__ import annotations

import errno
import hashlib
import os
import select
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.archive.targets import followed, is_special, writable
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.fetch.disk import Room
from datalad_jsdl.fetch.file.partfile import open_locked
from datalad_jsdl.fetch.file.syncing import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FileOutput", "Output", "PipeOutput", "opened", "part_file"]

_BUFFER = 256 << 10  # bytes
_CHUNK = 1 << 20  # bytes


def part_file(target: Path) -> Path:
    """The name under which a file is written until it is complete."""
    target = followed(target)
    return target.with_name(target.name + ".jsdl-part")


@contextmanager
def opened(target: Path, *, private: bool = False) -> Iterator[FileOutput | PipeOutput]:
    """A file to be written at once; its `finish` is to be called in the end.

    Args:
        target: its name.
        private: nobody but the user may read it.

    Raises:
        ArchiveError, OSError: it cannot be opened.
    """
    if not is_special(target):
        with FileOutput(target, rewinds=False, private=private) as file:
            yield file
        return
    with writable(target) as descriptor:
        yield PipeOutput(descriptor)


class Output(Protocol):
    """Takes bytes in sequence.

    Attributes:
        position: number of bytes it has.
        spool: folder to make for what has to be on a disk for a while; None for one of the
            system's own.
        advice: what to do where something cannot be taken back.
    """

    position: int
    spool: Path | None
    advice: str

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

    spool: Path | None = None
    advice = "An export to a file instead of a pipe can continue from another mirror"

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
                try:
                    view = view[os.write(self._descriptor, view) :]
                except BlockingIOError:  # whoever made the pipe does not want it to block
                    select.select([], [self._descriptor], [])
        except BrokenPipeError:
            # no ArchiveError: no content is to blame, and none is to be tried again
            raise BrokenPipeError("the program reading the export ended early") from None

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

    def finish(self) -> None:
        """It is complete."""
        self.flush()


class FileOutput:
    """A file that appears under its name when it is complete; a context manager.

    One that is there keeps its mode. What was written is kept for another time if it is not
    finished.

    Args:
        target: its name.
        resume: keep what an earlier run has written.
        checksum: write a file with its SHA-256 beside it.
        hashed: find out its SHA-256, also without such a file.
        rewinds: whoever writes can go back, and go on another time.
        reserve: bytes of the disk that are to stay free.
        private: nobody but the user may read it, whoever may read what is there.

    Raises:
        ArchiveError: it is a folder, or there is no folder for it.
        OSError: it cannot be opened; another process may be writing it.
    """

    def __init__(
        self,
        target: Path,
        *,
        resume: bool = False,
        checksum: bool = False,
        hashed: bool = False,
        rewinds: bool = True,
        reserve: int = 0,
        private: bool = False,
    ) -> None:
        named, target = target, followed(target)
        if is_special(target):
            raise ArchiveError(f"{target} is not a regular file")
        if not target.parent.is_dir():
            raise ArchiveError(
                f"cannot write {target.name}: the folder {target.parent} does not exist"
            )
        self.target = target
        self.part = part_file(target)
        self.spool: Path | None = target.with_name(target.name + ".jsdl-spool")
        self.advice = "An export without compression can continue from another mirror"
        self._undecided = resume  # how much of the part file is good
        self._rewinds = rewinds
        self._hash = self._hash_at_mark = hashlib.sha256() if checksum or hashed else None
        # of the name that was given: there it is looked for, and sha256sum -c follows the link
        self._checksums = named.with_name(named.name + ".sha256") if checksum else None
        self._name = named.name
        for path in filter(None, (target, self._checksums)):
            if path.is_dir():
                raise ArchiveError(f"{path} is a folder")
        descriptor = _part(self.part, target, private)
        shutil.rmtree(self.spool, ignore_errors=True)  # a killed run may have left one
        if not resume:
            os.ftruncate(descriptor, 0)
        self.file = os.fdopen(descriptor, "r+b", _BUFFER)
        self.position = self._mark = 0
        self._room = Room(target.parent, reserve)

    def __enter__(self) -> FileOutput:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file.closed:
            return
        if not self.kept and not self._undecided and os.name != "nt":
            self.part.unlink(missing_ok=True)  # while it is locked: it is ours
        with suppress(OSError):  # a full disk: what is there has to do
            self.file.close()  # writes what is in its buffer

    @property
    def sha256(self) -> str:
        """Hex digest of what was written; "" if it is not found out."""
        return self._hash.hexdigest() if self._hash is not None else ""

    @property
    def kept(self) -> int:
        """Bytes that are there to go on with."""
        return self.position if self._rewinds else 0

    def keep(self, length: int, mark: int) -> None:
        """Go on after the first *length* bytes; the last mark was at byte *mark*.

        Until this is called nothing of what is there is thrown away.
        """
        self.file.seek(0)
        if self._hash is not None:
            self._pass_over(self._hash, mark)
            self._hash_at_mark = self._hash.copy()
            self._pass_over(self._hash, length - mark)
        self.file.seek(length)
        self.file.truncate()
        self.position, self._mark = length, mark
        self._undecided = False

    def _pass_over(self, digest: hashlib._Hash, length: int) -> None:
        while length and (chunk := self.file.read(min(length, _CHUNK))):
            digest.update(chunk)
            length -= len(chunk)

    def write(self, chunk: bytes | memoryview) -> int:
        """See `Output`."""
        self._room.take(len(chunk))
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
        os.replace(self.part, self.target)
        self.file.close()
        if self._checksums is not None and self._hash is not None:
            self._checksums.write_bytes(_checksum_line(self._hash.hexdigest(), self._name))
        sync_folder(self.target.parent)


def _part(part: Path, target: Path, private: bool) -> int:
    """Open a part file with the mode that the file is to have."""
    try:
        descriptor = open_locked(part, f"writing {target.name}", 0o600 if private else 0o666)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG):
            raise
        raise ArchiveError(
            f"cannot write {target.name} to the folder {target.parent}: {error.strerror}"
        ) from None
    if hasattr(os, "fchmod"):
        if private:  # an earlier run may have left one that others can read
            os.fchmod(descriptor, 0o600)
        elif target.is_file():
            with suppress(OSError):
                os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode) & 0o777)
    return descriptor


def _checksum_line(digest: str, name: str) -> bytes:
    """As ``sha256sum`` writes it, and reads it with ``-c``."""
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != name else ""
    return os.fsencode(f"{mark}{digest}  {escaped}\n")
