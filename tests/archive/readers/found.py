"""What a reader finds in an archive, in a form in which all of them can be compared."""

from __future__ import annotations

import os
import stat
import sys
import zlib
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_CHUNK = 1 << 18  # bytes


class Found(NamedTuple):
    """One member, as a reader sees it; None where the reader does not say.

    Attributes:
        size: bytes of the content, counted.
        crc: CRC-32 of the content, computed by ourselves.
        mtime: seconds.
        mode: type and permissions; the content of a link is its target.
    """

    size: int
    crc: int
    mtime: int | None = None
    mode: int | None = None


class ReaderError(Exception):
    """The reader gave up; its text is what the reader said."""


def sized(chunks: Iterable[bytes]) -> tuple[int, int]:
    """Size and CRC-32 of a content."""
    size = crc = 0
    for chunk in chunks:
        size += len(chunk)
        crc = zlib.crc32(chunk, crc)
    return size, crc


def in_chunks(file: IO[bytes], size: int | None = None) -> Iterator[bytes]:
    """The next *size* bytes of a file; None for all."""
    left = sys.maxsize if size is None else size
    while chunk := file.read(min(left, _CHUNK)):
        left -= len(chunk)
        yield chunk


def in_folder(folder: Path) -> dict[str, Found]:
    """What was unpacked into a folder."""
    found = {}
    for place, links, names in os.walk(os.fsencode(folder)):
        for name in names + [link for link in links if os.path.islink(os.path.join(place, link))]:
            path = os.path.join(place, name)
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                size, crc = sized([os.readlink(path)])
            else:
                with open(path, "rb") as file:
                    size, crc = sized(in_chunks(file))
            member = os.fsdecode(os.path.relpath(path, os.fsencode(folder)))
            found[member] = Found(size, crc, int(status.st_mtime), status.st_mode)
    return found


def in_lines(lines: Iterable[str]) -> dict[str, Found]:
    """What a program of ours prints: name in hexadecimal, CRC-32, size, mtime and mode.

    Raises:
        ReaderError: a name comes twice.
    """
    found: dict[str, Found] = {}
    for line in lines:
        name, crc, size, *rest = line.split()
        mtime, mode = (None if word == "-" else int(word) for word in rest)
        member = bytes.fromhex(name).decode()
        if member in found:
            raise ReaderError(f"{member}: found twice")
        found[member] = Found(int(size), int(crc), mtime, mode)
    return found
