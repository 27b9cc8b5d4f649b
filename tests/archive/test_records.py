"""What only some members and archives have: odd times, and 64-bit fields."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.archive.zip.members import Kind, Member
from datalad_jsdl.archive.zip.structures import (
    central_header,
    descriptor,
    end_records,
    local_header,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL = 0xFFFFFFFF
HUGE = 2**32  # in 65,538 blocks
HUGE_STORED = HUGE + 5 * 65538
CRC = 0x12345678


@pytest.fixture(params=["UTC0", "EAST-14", "WEST+12", "CET-1CEST,M3.5.0,M10.5.0"])
def time_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.usefixtures("time_zone")
@pytest.mark.parametrize(
    ("mtime", "expected"),
    [
        (None, (1980, 2, 1, 0, 0, 0)),
        (-(2**40), (1980, 1, 1, 0, 0, 0)),
        (-1, (1980, 1, 1, 0, 0, 0)),
        (0, (1980, 1, 1, 0, 0, 0)),
        (315532799, (1980, 1, 1, 0, 0, 0)),  # 1979-12-31 23:59:59
        (315532802, (1980, 1, 1, 0, 0, 2)),
        (951827697, (2000, 2, 29, 12, 34, 57)),
        (2**31 - 1, (2038, 1, 19, 3, 14, 7)),
        (2**31, (2038, 1, 19, 3, 14, 8)),
        (4354819199, (2107, 12, 31, 23, 59, 59)),
        (4354819200, (2107, 12, 31, 23, 59, 59)),  # 2108
        (2**60, (2107, 12, 31, 23, 59, 59)),
    ],
)
def test_dos_time_is_utc_within_its_range(
    mtime: int | None, expected: tuple[int, int, int, int, int, int]
) -> None:
    year, month, day, hour, minute, second = expected
    fields = struct.pack(
        "<HH", hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day
    )
    member = Member(b"a", 1, mtime)
    assert local_header(member)[10:14] == fields
    assert central_header(member, 0, 0)[12:16] == fields


@pytest.mark.parametrize(
    ("mtime", "extra"),
    [
        (None, ""),
        (-1, ""),
        (0, "5554 0500 01 00000000"),
        (951827697, "5554 0500 01 f1bcbb38"),
        (2**31 - 1, "5554 0500 01 ffffff7f"),
        (2**31, ""),
        (4354819200, ""),
    ],
)
def test_the_time_extra_is_there_where_31_bits_hold_the_time(mtime: int | None, extra: str) -> None:
    expected = bytes.fromhex(extra)
    length = struct.pack("<H", len(expected))
    member = Member(b"a", 1, mtime)
    local, central = local_header(member), central_header(member, 0, 0)
    assert (local[28:30], local[30:]) == (length, b"a" + expected)
    assert (central[30:32], central[46:]) == (length, b"a" + expected)


@pytest.mark.parametrize("kind", [Kind.REGULAR, Kind.EXECUTABLE])
def test_a_large_member_has_64_bit_sizes_behind_it(kind: Kind) -> None:
    member = Member(b"a", HUGE, None, kind)
    header = struct.pack("<IHHHHH", 0x04034B50, 45, 0x0808, 8, 0, 0x41)
    header += struct.pack("<IIIHH", 0, FULL, FULL, 1, 20) + b"a"
    assert local_header(member, CRC) == header + struct.pack("<HHQQ", 1, 16, 0, 0)
    assert descriptor(member, CRC) == struct.pack("<IIQQ", 0x08074B50, CRC, HUGE_STORED, HUGE)


@pytest.mark.parametrize(
    ("size", "offset", "numbers"),
    [
        (1, FULL - 1, []),
        (1, FULL, [FULL]),
        (1, 2**40, [2**40]),
        (HUGE, 0, [HUGE, HUGE_STORED]),
        (HUGE, FULL - 1, [HUGE, HUGE_STORED]),
        (HUGE, FULL, [HUGE, HUGE_STORED, FULL]),
    ],
)
def test_the_directory_widens_what_32_bits_cannot_say(
    size: int, offset: int, numbers: list[int]
) -> None:
    time_extra = bytes.fromhex("5554 0500 01 00000000")
    wide = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""
    expected = struct.pack("<IHHHHHHI", 0x02014B50, 0x033F, 45 if numbers else 20,
                           0x0808, 8, 0, 0x21, CRC)  # fmt: skip
    expected += struct.pack("<II", *((6, 1) if size == 1 else (FULL, FULL)))
    expected += struct.pack("<HHHHHII", 1, 9 + len(wide), 0, 0, 0, 0x81A40000, min(offset, FULL))
    assert central_header(Member(b"a", size, 0), offset, CRC) == expected + b"a" + time_extra + wide


def empty(count: int) -> list[Member]:
    return [Member(b"%05d" % number, 0) for number in range(count)]


@pytest.mark.parametrize(
    ("members", "zip64"),
    [
        (empty(65534), False),
        (empty(65535), True),
        (empty(70000), True),
        ([Member(b"a", HUGE), Member(b"b", 0)], True),
    ],
    ids=["65,534 members", "65,535 members", "70,000 members", "far"],
)
def test_a_large_archive_ends_twice(members: list[Member], zip64: bool) -> None:
    layout = Layout(members)
    count, size, offset = len(layout), layout.central_size, layout.central_offset
    expected = b""
    if zip64:
        expected = struct.pack("<IQHHII", 0x06064B50, 44, 0x033F, 45, 0, 0)
        expected += struct.pack("<QQQQ", count, count, size, offset)
        expected += struct.pack("<IIQI", 0x07064B50, 0, offset + size, 1)
    few = min(count, 0xFFFF)
    expected += struct.pack("<IHHHH", 0x06054B50, 0, 0, few, few)
    expected += struct.pack("<IIH", min(size, FULL), min(offset, FULL), 0)
    assert end_records(layout) == expected
