"""The tables of the page on the zip are what is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.archive.zip.members import BLOCK, MAX32, Kind, Member
from datalad_jsdl.archive.zip.structures import (
    block_header,
    central_header,
    descriptor,
    end_records,
    local_header,
    time_extra,
)

PAGE = (Path(__file__).parents[2] / "docs/zip.rst").read_text()

PLAIN = Member(b"a", 10, 0)
EMPTY = Member(b"a", 0, None)
LARGE = Member(b"a", MAX32, 0)


def table(title: str) -> list[tuple[int, str, str]]:
    """Bytes, field and value of each row."""
    _, bar, *lines = PAGE.partition(f"\n{title}")[2].partition("\n=====")[2].splitlines()
    assert bar.startswith("bytes")
    width = len(lines[0].split()[1])
    rows = lines[1 : lines.index(lines[0], 1)]
    return [(int(row[0]), row[6 : 6 + width].strip(), row[7 + width :].strip()) for row in rows]


def fields(title: str, raw: bytes) -> dict[str, int]:
    """The numbers in a structure, cut as the page says."""
    found, position = {}, 0
    for size, name, _ in table(title):
        found[name] = int.from_bytes(raw[position : position + size], "little")
        position += size
    return found


@pytest.mark.parametrize(
    ("title", "raw", "rest"),
    [
        ("Local file header", local_header(PLAIN), 1 + 9),
        ("Extended timestamp", time_extra(PLAIN), 0),
        ("Stored block", block_header(10, last=False), 0),
        ("Data descriptor", descriptor(PLAIN, 5), 0),
        ("Central header", central_header(PLAIN, 0, 5), 1 + 9),
        ("End of the central directory", end_records(Layout()), 0),
    ],
)
def test_a_table(title: str, raw: bytes, rest: int) -> None:
    assert sum(size for size, _, _ in table(title)) + rest == len(raw)
    found = fields(title, raw)
    for _, name, value in table(title):
        number = re.match(r"(?:0x[0-9a-f]+|\d+)(?=$|[;:])", value)
        if (
            number
            and not value.startswith("0xffffffff")
            and (title, name) != ("Stored block", "last")
        ):
            assert found[name] == int(number[0], 0), name


def test_what_the_page_says_of_exceptions() -> None:
    empty = fields("Local file header", local_header(EMPTY))
    assert (empty["flags"], empty["method"], empty["time"], empty["date"]) == (0x0800, 0, 0, 0x41)
    link = fields("Local file header", local_header(Member(b"a", 3, 0, Kind.SYMLINK), 7))
    assert (link["CRC-32"], link["size"], link["method"]) == (7, 3, 0)
    large = fields("Local file header", local_header(LARGE))
    assert (large["version needed"], large["size"]) == (45, MAX32)
    assert large["length of the extra fields"] == 29
    assert local_header(LARGE).endswith(b"\x01\0\x10\0" + bytes(16))
    assert len(descriptor(LARGE, 0)) == 24
    assert fields("Stored block", block_header(BLOCK, last=False))["last"] == 0
    for kind in Kind:
        attributes = fields("Central header", central_header(Member(b"a", 3, 0, kind), 0, 0))
        assert f"0x{attributes['external attributes']:08x}: " in PAGE
        assert f"0{kind.value:o}" in PAGE
    far = fields("Central header", central_header(PLAIN, MAX32, 0))
    assert (far["version needed"], far["offset of the local header"]) == (45, MAX32)
