"""Lengths and offsets, by the arithmetic of the format alone; no archive is written."""

from __future__ import annotations

import random
from itertools import islice, repeat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.archive.zip.layout import Layout, Part, Structure, measure
from datalad_jsdl.archive.zip.members import (
    Kind,
    Member,
    central_length,
    lengths,
    member_name,
    size_warning,
    stored_size,
)
from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FULL = 0xFFFFFFFF  # what a 32-bit field says when it cannot say it
LARGEST_PLAIN = FULL - 1 - 5 * 65533  # stored, in 65,533 blocks, it is just not FULL


def filler(length: int) -> Member:
    """A member that takes *length* bytes; a symlink has no blocks to reckon with."""
    return Member(b"a", length - 31, None, Kind.SYMLINK)


def check(members: Sequence[Member]) -> None:
    """Compare offsets and length with the formulas of the format."""
    layout = Layout()
    offset = central = 0
    for index, member in enumerate(members):
        assert layout.add(member) == offset
        assert layout.member(index) == member
        link = member.kind is Kind.SYMLINK
        s, u = member.size, len(member.name)
        x = 9 if member.mtime is not None and 0 <= member.mtime < 2**31 else 0
        n = 0 if link else (s + 65534) // 65535
        cs = s + 5 * n
        z = 1 if max(s, cs) >= FULL else 0
        far = 8 if offset >= FULL else 0
        central += 46 + u + x + (4 + 16 * z + far if z or far else 0)
        offset += 30 + u + x + 20 * z + cs + (16 + 8 * z if s and not link else 0)
    wide = len(members) >= 65535 or offset >= FULL or central >= FULL
    assert (len(layout), layout.central_offset) == (len(members), offset)
    assert layout.central_size == central
    assert layout.zip64_end is wide
    assert layout.total == Layout(members).total == offset + central + (98 if wide else 22)
    assert measure(members) == layout.total
    check_parts(layout)


def check_parts(layout: Layout) -> None:
    """The parts follow each other without a gap, and where they are asked for."""
    chance = random.Random(layout.total)
    position = 0
    for part in layout.parts():
        assert (part.start, part.stop) == (0, part.length)
        position += part.length
        if part.structure is Structure.MEMBER and part.number % 1000 == 0:
            inner = list(layout.parts_of(part.number))
            assert sum(p.length for p in inner) == part.length
    assert position == layout.total
    for _ in range(5):
        start = chance.randrange(layout.total)
        stop = start + chance.randrange(layout.total - start) + 1
        parts = list(islice(layout.parts(start, stop), 3))
        first = parts[0]
        base = 0 if first.number < 0 else layout.offset(first.number)
        assert base + first.start <= start or first.structure is not Structure.MEMBER
        assert first.start < first.stop <= first.length
        if len(parts) < 3:
            assert sum(p.stop - p.start for p in parts) == stop - start


def test_the_last_member_can_be_taken_back() -> None:
    members = [Member(b"a", 5, 1), Member(b"b", 70000, None, Kind.EXECUTABLE)]
    layout = Layout(members)
    before = layout.total
    layout.add(Member(b"c", 1 << 33, -5))
    layout.pop()
    assert layout.total == before
    assert [layout.member(n) for n in range(len(layout))] == members
    layout.pop()
    layout.pop()
    assert layout.total == 22
    layout.add(Member(b"a", 1))


NAMES = st.binary(min_size=1, max_size=9)
SIZES = st.sampled_from([0, 1, 65534, 65535, 65536, 131070, 2**31]) | st.integers(0, 2**45)
TIMES = st.none() | st.sampled_from([-1, 0, 2**31 - 1, 2**31]) | st.integers(-(2**40), 2**40)
MEMBERS = st.builds(Member, NAMES, SIZES, TIMES, st.sampled_from(list(Kind)[:2])) | st.builds(
    Member, NAMES, st.integers(0, 4096), TIMES, st.just(Kind.SYMLINK)
)


@settings(max_examples=100)
@given(st.lists(MEMBERS, max_size=12, unique_by=lambda member: member.name))
def test_all_follows_from_names_sizes_and_times(members: list[Member]) -> None:
    check(sorted(members, key=lambda member: member.name))


SMALL = st.builds(Member, NAMES, st.integers(0, 20), TIMES, st.sampled_from(list(Kind)))


@settings(max_examples=100)
@given(st.lists(SMALL, max_size=4, unique_by=lambda member: member.name), st.data())
def test_each_byte_is_asked_for_by_its_place(members: list[Member], data: st.DataObject) -> None:
    members = sorted(members, key=lambda member: member.name)
    layout = Layout(members)
    structures = [
        (structure, number, length)
        for number, member in enumerate(members)
        for structure, length in zip(OF_A_MEMBER, lengths(member), strict=True)
    ]
    structures += [
        (Structure.CENTRAL, number, central_length(member, 0))
        for number, member in enumerate(members)
    ]
    whole = list(bytes_of(layout, (Part(s, n, 0, m, m) for s, n, m in [*structures, END])))
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole) + 1))
    parts = list(layout.parts(start, stop))
    assert list(bytes_of(layout, parts)) == whole[start:stop]
    assert all(part.start < part.stop for part in parts)
    assert list(bytes_of(layout, layout.parts())) == whole


OF_A_MEMBER = (Structure.LOCAL, Structure.DATA, Structure.DESCRIPTOR)
END = (Structure.END, -1, 22)


def bytes_of(layout: Layout, parts: Iterable[Part]) -> Iterator[tuple[Structure, int, int, int]]:
    """Of each byte: its structure, the member, where it is in the structure, and its length."""
    for part in parts:
        if part.structure is Structure.MEMBER:
            yield from bytes_of(layout, layout.parts_of(part.number))
        else:
            for place in range(part.start, part.stop):
                yield part.structure, part.number, place, part.length


@pytest.mark.parametrize(("count", "end"), [(65534, 22), (65535, 98)])
def test_measuring_some_65535_members(count: int, end: int) -> None:
    assert measure(repeat(Member(b"a", 0), count)) == count * (31 + 47) + end


@pytest.mark.parametrize("past", [-1, 0, 1])
@pytest.mark.parametrize("edge", [65535, 131070, LARGEST_PLAIN + 1, FULL])
def test_edges_of_a_members_size(edge: int, past: int) -> None:
    check([Member(b"a", edge + past)])


@pytest.mark.parametrize("past", [-1, 0, 1])
def test_edges_of_the_archives_size(past: int) -> None:
    check([filler(FULL + past)])
    check([filler(FULL + past), Member(b"b", 0), Member(b"c", 1)])


@pytest.mark.slow
@pytest.mark.parametrize("count", [65534, 65535, 65536])
def test_edges_of_the_number_of_members(count: int) -> None:
    check([Member(b"%06d" % number, 0) for number in range(count)])


def test_edges_of_the_directorys_size() -> None:
    # fewer than 65,535 members reach it with the longest of names only, 4 GiB of them: here
    # they are short ones, and made up for
    layout = Layout()
    for number in range(FULL // (46 + 65535) + 1):
        assert layout.zip64_end is False
        layout.add(Member(b"%06d" % number, 0))
        layout.central_size += 65535 - 6
    assert layout.zip64_end is True


def test_sizes_that_some_readers_cannot_read_have_a_warning() -> None:
    assert stored_size(Member(b"a", LARGEST_PLAIN + 1)) == FULL
    assert "unzip" in (size_warning(LARGEST_PLAIN + 1) or "")
    assert "unzip" in (size_warning(FULL) or "")
    for size in (0, LARGEST_PLAIN, LARGEST_PLAIN + 2, FULL - 1, FULL + 1):
        assert size_warning(size) is None


@pytest.mark.parametrize(
    "path",
    ["a", "sub/dir/a.txt", ".hidden", "..a", "a b", "e\u0301", "\u00e9", "\U0001f9e0/脳", "a:b*?"],
)
def test_a_name_is_the_utf_8_of_its_path(path: str) -> None:
    assert member_name(path) == path.encode()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/a",
        "a//b",
        "a/",
        "..",
        "../a",
        "a/../b",
        "a/..",
        ".",
        "a/./b",
        "a\\b",
        "a\0b",
        "\udcff",
    ],
)
def test_a_path_without_a_place_in_an_archive_is_refused(path: str) -> None:
    with pytest.raises(ArchiveError):
        member_name(path)


def test_the_longest_name_has_65535_bytes() -> None:
    assert len(member_name("é" * 32767 + "a")) == 65535
    with pytest.raises(ArchiveError, match="too long"):
        member_name("é" * 32768)


def test_a_member_that_is_taken_back_leaves_the_order_as_it_was() -> None:
    layout = Layout()
    layout.add(Member(b"b", 1, None, Kind.REGULAR))
    layout.pop()
    layout.add(Member(b"A", 1, None, Kind.REGULAR))
    layout.add(Member(b"c", 1, None, Kind.REGULAR))
    layout.pop()
    layout.add(Member(b"b", 1, None, Kind.REGULAR))
    with pytest.raises(ArchiveError, match="out of order"):
        layout.add(Member(b"b", 1, None, Kind.REGULAR))
    layout.pop()
    with pytest.raises(ArchiveError, match="out of order"):
        layout.add(Member(b"A", 1, None, Kind.REGULAR))


def test_a_name_out_of_order_is_told() -> None:
    layout = Layout([Member(b"b", 1)])
    with pytest.raises(ArchiveError) as caught:
        layout.add(Member(b"a\xff", 1))
    assert str(caught.value) == "a\ufffd: the name is out of order or a duplicate"


def test_a_member_that_is_asked_for_whole_is_one_part() -> None:
    layout = Layout([Member(name, 10, None, Kind.REGULAR) for name in (b"a", b"b", b"c")])
    (part,) = layout.parts(layout.offset(1), layout.offset(2))
    assert (part.structure, part.number, part.start) == (Structure.MEMBER, 1, 0)
    assert part.stop == part.length == layout.offset(2) - layout.offset(1)
    found = layout.parts(layout.offset(1), layout.central_offset)
    assert [(part.structure, part.number) for part in found] == [
        (Structure.MEMBER, 1),
        (Structure.MEMBER, 2),
    ]
