"""The structures of the canonical zip, byte by byte.

Field names and order are those of PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.
All numbers are little-endian.
"""

from __future__ import annotations

import calendar
import struct
import time
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from datalad_jsdl.archive.zip.members import MAX32, Kind, Member, needs_zip64, stored_size

if TYPE_CHECKING:
    from datalad_jsdl.archive.zip.layout import Layout

__all__ = [
    "block_header",
    "central_header",
    "descriptor",
    "dos_time",
    "end_records",
    "local_header",
    "time_extra",
]

_MADE_BY = 0x033F  # Unix, version 6.3
_PLAIN, _ZIP64 = 20, 45  # version needed to extract
_UTF8 = 0x0800
_DESCRIPTOR_FOLLOWS = 0x0008
_STORED, _DEFLATED = 0, 8

_LOCAL = struct.Struct("<IHHHHHIIIHH").pack
_BLOCK = struct.Struct("<BHH").pack
_DESCRIPTOR = struct.Struct("<IIII").pack
_DESCRIPTOR64 = struct.Struct("<IIQQ").pack
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII").pack
_TIME_EXTRA = struct.Struct("<HHBi").pack

_UNKNOWN_TIME = (0, (2 << 5) | 1)  # 1980-02-01 00:00: no time zone makes it 1979
_EARLIEST = calendar.timegm((1980, 1, 1, 0, 0, 0))
_LATEST = calendar.timegm((2107, 12, 31, 23, 59, 59))


def local_header(member: Member, crc: int = 0) -> bytes:
    """Local file header (4.3.7); the CRC-32 is written for symlinks only."""
    zip64, method = needs_zip64(member), _method(member)
    size = len(member.name)
    known = member.size if member.kind is Kind.SYMLINK else MAX32 if zip64 else 0
    moment = _moment(member.mtime)
    extra = moment.extra + (struct.pack("<HHQQ", 1, 16, 0, 0) if zip64 else b"")
    return (
        _LOCAL(
            0x04034B50,
            _ZIP64 if zip64 else _PLAIN,
            _UTF8 | _DESCRIPTOR_FOLLOWS if method == _DEFLATED else _UTF8,
            method,
            moment.time,
            moment.date,
            crc if member.kind is Kind.SYMLINK else 0,
            known,
            known,
            size,
            len(extra),
        )
        + member.name
        + extra
    )


def block_header(length: int, *, last: bool) -> bytes:
    """Header of a stored deflate block of *length* bytes (RFC 1951, 3.2.4)."""
    return _BLOCK(last, length, length ^ 0xFFFF)


def descriptor(member: Member, crc: int) -> bytes:
    """Data descriptor (4.3.9)."""
    pack = _DESCRIPTOR64 if needs_zip64(member) else _DESCRIPTOR
    return pack(0x08074B50, crc, stored_size(member), member.size)


def central_header(member: Member, offset: int, crc: int) -> bytes:
    """Central directory file header (4.3.12).

    Args:
        member: which one.
        offset: of its local header, in bytes from the start of the archive.
        crc: CRC-32 of its content.
    """
    stored, method = stored_size(member), _method(member)
    zip64, moment = needs_zip64(member), _moment(member.mtime)
    large = [member.size, stored] if zip64 else []
    if offset >= MAX32:
        large.append(offset)
    extra = moment.extra
    if large:
        extra += struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large)
    return (
        _CENTRAL(
            0x02014B50,
            _MADE_BY,
            _ZIP64 if large else _PLAIN,
            _UTF8 | _DESCRIPTOR_FOLLOWS if method == _DEFLATED else _UTF8,
            method,
            moment.time,
            moment.date,
            crc,
            MAX32 if zip64 else stored,
            MAX32 if zip64 else member.size,
            len(member.name),
            len(extra),
            0,  # comment length
            0,  # disk
            0,  # internal attributes
            member.kind.attributes,
            min(offset, MAX32),
        )
        + member.name
        + extra
    )


def end_records(layout: Layout) -> bytes:
    """End of central directory (4.3.16), after its zip64 form (4.3.14, 4.3.15) if needed."""
    count, size, offset = len(layout), layout.central_size, layout.central_offset
    wide = b""
    if layout.zip64_end:
        wide = struct.pack(
            "<IQHHIIQQQQ", 0x06064B50, 44, _MADE_BY, _ZIP64, 0, 0, count, count, size, offset
        ) + struct.pack("<IIQI", 0x07064B50, 0, offset + size, 1)
    return wide + struct.pack(
        "<IHHHHIIH",
        0x06054B50,
        0,
        0,
        min(count, 0xFFFF),
        min(count, 0xFFFF),
        min(size, MAX32),
        min(offset, MAX32),
        0,  # comment length
    )


def _method(member: Member) -> int:
    return _DEFLATED if member.size and member.kind is not Kind.SYMLINK else _STORED


def time_extra(member: Member) -> bytes:
    """Extended timestamp (Info-ZIP's 0x5455), the same in both headers."""
    return _moment(member.mtime).extra


def dos_time(member: Member) -> tuple[int, int]:
    """MS-DOS time and date (4.4.6), in UTC."""
    moment = _moment(member.mtime)
    return moment.time, moment.date


class _Moment(NamedTuple):
    """A time as headers have it: MS-DOS time and date, and the extended timestamp."""

    time: int
    date: int
    extra: bytes


@lru_cache(maxsize=4096)  # both headers of a member have it, and often those of many
def _moment(mtime: int | None) -> _Moment:
    """Of seconds since 1970 UTC."""
    if mtime is None:
        return _Moment(*_UNKNOWN_TIME, b"")
    day, second = divmod(min(max(mtime, _EARLIEST), _LATEST), 86400)
    minute = second // 60
    fits = Member(b"", 0, mtime).has_time_extra
    return _Moment(
        minute // 60 << 11 | minute % 60 << 5 | second % 60 // 2,
        _dos_date(day),
        _TIME_EXTRA(0x5455, 5, 1, mtime) if fits else b"",
    )


@lru_cache(maxsize=1024)
def _dos_date(day: int) -> int:
    """Of a day, counted from 1970."""
    moment = time.gmtime(day * 86400)
    return moment.tm_year - 1980 << 9 | moment.tm_mon << 5 | moment.tm_mday
