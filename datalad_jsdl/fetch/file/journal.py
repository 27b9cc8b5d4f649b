"""The journal of a part file: which bytes of it are good, whatever ended the process.

It is needed where the length of the part file does not tell: when parts of a file come
from several connections, and when a file without a digest may only be continued from the
very version that it was begun with. One record a line, each ending in the CRC-32 of what
stands before it, eight hex digits; a line that is not whole ends the journal::

    jsdl 1 BOOT               the first line; BOOT names the time since the machine started
    v SOURCE ETAG             all bytes are of this source in this version (hex of the tag)
    r START END SOURCE        these bytes (END exclusive) were written; SOURCE may be empty
    s OFFSET                  what stands in the journal before OFFSET is on the disk

A killed process loses nothing that the kernel has: every ``r`` holds as long as the
machine runs. After a power cut only those before the last ``s`` do.
"""

from __future__ import annotations

import contextlib
import os
import threading
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from datalad_jsdl.fetch.file.segments import Range

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Journal", "JournalRecord", "read_journal"]

_HEAD = "jsdl 1"
_SYNC_SECONDS = 2.0
_SYNC_BYTES = 64 << 20
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass
class JournalRecord:
    """What a journal says.

    Attributes:
        ranges: that hold.
        source: of the one version that they are of, or "".
        etag: its strong entity tag, or "".
    """

    ranges: list[Range] = field(default_factory=list)
    source: str = ""
    etag: str = ""


def _boot() -> str:
    """A name for the time since the machine was started; "" if it has none."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _line(text: str) -> bytes:
    raw = text.encode()
    return raw + b" %08x\n" % zlib.crc32(raw)


def read_journal(path: str, length: int) -> JournalRecord:
    """Read a journal.

    Args:
        path: the journal; one that is missing or damaged says nothing.
        length: of the part file in bytes.
    """
    record = JournalRecord()
    try:
        content = Path(path).read_bytes()
    except OSError:
        return record
    lines = list(_whole(content))
    if not lines or not (lines[0][1] + b" ").startswith(f"{_HEAD} ".encode()):
        return record
    boot = _boot()
    same_boot = bool(boot) and lines[0][1] == f"{_HEAD} {boot}".encode()
    found: list[tuple[int, Range]] = []
    synced = 0
    for offset, raw in lines[1:]:
        try:
            kind, *fields = raw.decode().split(" ")
            if kind == "v":
                source, tag = fields
                record.source, record.etag = source, bytes.fromhex(tag).decode()
            elif kind == "r":
                start, end, source = fields
                found.append((offset, (int(start), min(int(end), length), source)))
            elif kind == "s":
                synced = int(fields[0])
        except (ValueError, IndexError):  # a line that this program never wrote
            break
    record.ranges = [r for at, r in found if (same_boot or at < synced) and 0 <= r[0] < r[1]]
    return record


def _whole(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines without their checksums, each with its offset, up to one that is not whole."""
    offset = 0
    for line in content.split(b"\n")[:-1]:
        raw, _, crc = line.rpartition(b" ")
        if crc != b"%08x" % zlib.crc32(raw):
            return
        yield offset, raw
        offset += len(line) + 1


class Journal:
    """Writes a journal, and puts the part file on the disk now and then, in a thread.

    Args:
        path: of the journal; begun anew with *record*.
        record: what holds already.
        data: descriptor of the part file.
    """

    def __init__(self, path: str, record: JournalRecord, data: int) -> None:
        self._path = path
        self._data = data
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._due = threading.Event()
        self._unsynced = 0
        self._file = self._fresh(record)
        self._thread: threading.Thread | None = None

    def _fresh(self, record: JournalRecord) -> BinaryIO:
        lines = [_line(f"{_HEAD} {_boot()}")]
        if record.source:
            lines.append(_line(f"v {record.source} {record.etag.encode().hex()}"))
        lines += [_line(f"r {start} {end} {source}") for start, end, source in record.ranges]
        content = b"".join(lines)
        temporary = Path(f"{self._path}.new")
        temporary.write_bytes(content)
        temporary.replace(self._path)
        self._length = len(content)
        # opened only now, as Windows renames no open file; a kill must not lose what is buffered
        return open(self._path, "ab", buffering=0)

    def add(self, start: int, end: int, source: str) -> None:
        """Bytes were written to the part file."""
        with self._lock:
            self._write(f"r {start} {end} {source}")
            self._unsynced += end - start
            if self._thread is None:
                self._thread = threading.Thread(target=self._sync, daemon=True)
                self._thread.start()
        if self._unsynced >= _SYNC_BYTES:
            self._due.set()

    def _write(self, text: str) -> None:
        line = _line(text)
        self._file.write(line)
        self._length += len(line)

    def rewrite(self, record: JournalRecord) -> None:
        """Only *record* holds from now on."""
        with self._lock:
            old = self._file
            self._file = self._fresh(record)
            old.close()

    def close(self, *, remove: bool) -> None:
        """End it; *remove* when it is of no use any more."""
        self._closed.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join()
        self._file.close()
        if remove:
            Path(self._path).unlink(missing_ok=True)

    def _sync(self) -> None:
        """Put the data on the disk first, then the journal's word for it."""
        while True:
            self._due.wait(_SYNC_SECONDS)
            self._due.clear()
            if self._closed.is_set():
                return
            with self._lock:
                file, length, self._unsynced = self._file, self._length, 0
            with contextlib.suppress(OSError):  # a full disk is for the writer to find
                os.fsync(self._data)
                with self._lock:
                    if file is self._file:  # else it was begun anew meanwhile
                        self._write(f"s {length}")
                        os.fsync(file.fileno())
