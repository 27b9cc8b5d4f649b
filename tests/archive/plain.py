"""A second, plainer writer of the canonical zip: straight from the tables of its format.

It shares nothing with the package, so that the two can be compared.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FULL = 0xFFFFFFFF
BLOCK = 65535


@dataclass(frozen=True)
class Plain:
    """A member: *pattern* again and again, *size* bytes of it; mode as `ls -l` has it in octal."""

    path: str
    pattern: bytes
    size: int
    mtime: int | None = None
    mode: int = 0o100644

    def content(self) -> Iterator[bytes]:
        step = len(self.pattern) * max((1 << 20) // max(len(self.pattern), 1), 1)
        many = self.pattern * (step // max(len(self.pattern), 1))
        for start in range(0, self.size, step or 1):
            yield many[: self.size - start]


@dataclass
class _Writer:
    offset: int = 0
    central: list[bytes] = field(default_factory=list)

    def out(self, data: bytes) -> bytes:
        self.offset += len(data)
        return data


def dos_time(mtime: int | None) -> tuple[int, int]:
    if mtime is None:
        t = datetime(1980, 2, 1)
    elif mtime < 315532800:
        t = datetime(1980, 1, 1)
    elif mtime >= 4354819200:
        t = datetime(2107, 12, 31, 23, 59, 59)
    else:
        t = datetime(1970, 1, 1) + timedelta(seconds=mtime)
    return (
        t.hour * 2048 + t.minute * 32 + t.second // 2,
        (t.year - 1980) * 512 + t.month * 32 + t.day,
    )


def blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, 65,535 at a time."""
    rest = b""
    for chunk in chunks:
        rest += chunk
        while len(rest) >= BLOCK:
            yield rest[:BLOCK]
            rest = rest[BLOCK:]
    if rest:
        yield rest


def plain_zip(members: Sequence[Plain]) -> Iterator[bytes]:
    """The archive in chunks; *members* in order."""
    writer = _Writer()
    for member in members:
        yield from _member(writer, member)
    start, count, size = writer.offset, len(members), sum(map(len, writer.central))
    yield from writer.central
    if count >= 65535 or start >= FULL or size >= FULL:
        yield struct.pack(
            "<IQHHIIQQQQ", 0x06064B50, 44, 0x033F, 45, 0, 0, count, count, size, start
        )
        yield struct.pack("<IIQI", 0x07064B50, 0, start + size, 1)
    few = min(count, 65535)
    yield struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, few, few, min(size, FULL), min(start, FULL), 0)


def _member(writer: _Writer, member: Plain) -> Iterator[bytes]:
    name, s, offset = member.path.encode(), member.size, writer.offset
    link = member.mode == 0o120777
    cs = s if link else s + 5 * ((s + BLOCK - 1) // BLOCK)
    z = max(s, cs) >= FULL
    flags, method = (0x0808, 8) if s and not link else (0x0800, 0)
    extra = b""
    if member.mtime is not None and 0 <= member.mtime < 2**31:
        extra = struct.pack("<HHBI", 0x5455, 5, 1, member.mtime)
    crc = 0
    known = (0, 0, 0)
    if link:
        crc = zlib.crc32(b"".join(member.content()))
        known = (crc, s, s)
    elif z:
        known = (0, FULL, FULL)
    wide = struct.pack("<HHQQ", 1, 16, 0, 0) if z else b""
    time = dos_time(member.mtime)
    yield writer.out(
        struct.pack(
            "<IHHHHHIIIHH",
            *(0x04034B50, 45 if z else 20, flags, method, *time, *known),
            *(len(name), len(extra + wide)),
        )
        + name
        + extra
        + wide
    )
    if link:
        yield writer.out(b"".join(member.content()))
    elif s:
        left = s
        for block in blocks(member.content()):
            left -= len(block)
            crc = zlib.crc32(block, crc)
            head = struct.pack("<BHH", left == 0, len(block), 65535 - len(block))
            yield writer.out(head + block)
        form = "<IIQQ" if z else "<IIII"
        yield writer.out(struct.pack(form, 0x08074B50, crc, cs, s))
    large = struct.pack("<QQ", s, cs) if z else b""
    if offset >= FULL:
        large += struct.pack("<Q", offset)
    tail = struct.pack("<HH", 1, len(large)) + large if large else b""
    writer.central.append(
        struct.pack(
            "<IHHHHHHIIIHHHHHII",
            *(0x02014B50, 0x033F, 45 if large else 20, flags, method, *time, crc),
            *(FULL if z else cs, FULL if z else s, len(name), len(extra + tail)),
            *(0, 0, 0, member.mode << 16, min(offset, FULL)),
        )
        + name
        + extra
        + tail
    )
