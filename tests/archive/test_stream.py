"""Any range of an archive, by arithmetic."""

from __future__ import annotations

import random
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.archive.readers import ChunkReader, Reader
from datalad_jsdl.archive.zip.crc32 import Crcs
from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.archive.zip.members import Kind, Member
from datalad_jsdl.archive.zip.ranges import Ranges
from datalad_jsdl.errors import ArchiveError
from tests.archive.making import (
    SORTED_FILES,
    MemorySource,
    archive_of,
    by_the_book,
    joined,
    member_of,
)
from tests.archive.plain import Plain
from tests.conftest import run


@settings(max_examples=100)
@given(SORTED_FILES, st.sampled_from([1, 7, 65535, 65536, 1 << 20]))
def test_the_whole_is_as_the_format_says(files: list[Plain], portion: int) -> None:
    portion = max(portion, 100) if sum(f.size for f in files) > 10_000 else portion
    assert joined(archive_of(files, portion)) == by_the_book(files)


@settings(max_examples=100)
@given(SORTED_FILES, st.lists(st.tuples(st.integers(0), st.integers(0)), max_size=12))
def test_any_range_is_that_of_the_whole(files: list[Plain], ranges: list[tuple[int, int]]) -> None:
    whole = by_the_book(files)
    archive = archive_of(files)
    assert archive.layout.total == len(whole)
    for start, length in ranges:
        start %= len(whole) + 1
        stop = start + length % (len(whole) + 2 - start)
        assert joined(archive, start, stop) == whole[start:stop]


@pytest.mark.slow
def test_a_thousand_ranges_glued_together() -> None:
    chance = random.Random(5)
    patterns = [chance.randbytes(1009) for _ in range(9)]
    sizes = [0, 1, 65534, 65535, 65536, 131070, 1_000_003, 5_000_000, 12_345_678]
    files = [
        Plain(f"{n:02d}/{size}", pattern, size, n)
        for n, (size, pattern) in enumerate(zip(sizes, patterns, strict=True))
    ]
    files.append(Plain("link", b"0/0", 3, None, 0o120777))
    whole = by_the_book(files)
    for crcs in (Crcs(), None):  # forgotten after each range, and kept
        archive = archive_of(files)
        cuts = sorted({0, len(whole), *(chance.randrange(len(whole)) for _ in range(999))})
        pieces = []
        for start, stop in pairwise(cuts):
            if crcs is not None:
                archive.crcs = Crcs()
            pieces.append(joined(archive, start, stop))
        assert b"".join(pieces) == whole


def test_every_byte_of_a_small_archive_alone() -> None:
    files = [Plain("a", b"abc", 3, 1), Plain("b", b"x", 65540), Plain("c", b"d", 1, 0, 0o120777)]
    whole, archive = by_the_book(files), archive_of(files)
    near = [n for n in range(len(whole)) if n < 200 or n > 65500]
    assert bytes(joined(archive, n, n + 1)[0] for n in near) == bytes(whole[n] for n in near)


class Untouched:
    """A source that nothing is to be read from, but the end of its last member."""

    def open(self, index: int, start: int, stop: int) -> Reader:
        assert index == 99
        assert stop - start < 1 << 20
        return ChunkReader([bytes(stop - start)], None)


def test_the_end_of_100_gib_needs_no_content_but_its_own() -> None:
    layout = Layout(Member(b"%02d" % n, 1 << 30, None, Kind.REGULAR) for n in range(100))
    archive = Ranges(layout, Untouched(), Crcs([n * 7919 for n in range(100)]))
    end = joined(archive, layout.total - (1 << 20))
    assert len(end) == 1 << 20
    assert end[-22:-18] == b"PK\5\6"
    at = len(end) - 98 - layout.central_size
    assert end[at : at + 4] == b"PK\1\2"
    assert end[at - 16 : at - 8] == b"PK\7\10" + (99 * 7919).to_bytes(4, "little")
    assert layout.total > 100 << 30


def test_a_missing_crc_is_found_out_once() -> None:
    files = [Plain("a", b"12", 2_000_000), Plain("b", b"3", 5)]
    whole, source = by_the_book(files), MemorySource(files)
    archive = Ranges(Layout(map(member_of, files)), source)
    for _ in range(3):
        start = archive.layout.central_offset
        assert joined(archive, start) == whole[start:]
    assert source.opened == [(0, 0, 2_000_000), (1, 0, 5)]


@pytest.mark.parametrize("first", [True, False])
def test_a_crc_computed_on_the_way_is_kept(first: bool) -> None:
    files = [Plain("a", b"12", 2_000_000)]
    source = MemorySource(files)
    archive = Ranges(Layout(map(member_of, files)), source)
    joined(archive, 0 if first else 40, archive.layout.central_offset - 16)
    assert (archive.crcs.get(0) is not None) is first


def test_two_at_once_do_not_disturb_each_other() -> None:
    files = [Plain("a", b"12", 3_000_000), Plain("b", b"3456789", 3_000_000)]
    whole, archive = by_the_book(files), archive_of(files)
    one, two = archive.range(), archive.range(1000)
    got: list[list[bytes]] = [[], []]
    while chunks := [next(one, b""), next(two, b"")]:
        if not any(map(len, chunks)):
            break
        for mine, chunk in zip(got, chunks, strict=True):
            mine.append(bytes(chunk))
    assert [b"".join(g) for g in got] == [whole, whole[1000:]]


class Short:
    def open(self, index: int, start: int, stop: int) -> Reader:
        return ChunkReader([b"x" * (stop - start - 1)])


@pytest.mark.parametrize("size", [2, 70_000, 20_000_000])
def test_a_content_that_ends_early_is_named(size: int) -> None:
    archive = Ranges(Layout([Member("bits/é".encode(), size)]), Short())
    with pytest.raises(ArchiveError, match=f"bits/é: expected {size} bytes, got {size - 1}"):
        joined(archive)


MILLION = """
import re
from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.archive.zip.members import Member
def members():
    for n in range(1_000_000):
        name = b"sub-%06d/ses-01/anat/sub-%06d_ses-01_T1w.nii.gz" % (n, n)
        yield Member(name, n * 37, 1_700_000_000)
layout = Layout(members())
assert layout.member(765_432).size == 765_432 * 37
# not ru_maxrss, which begins with that of the process that started this one
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured through /proc")
def test_a_million_members_fit_into_300_megabytes() -> None:
    assert int(run(sys.executable, "-c", MILLION)) * 1024 < 300_000_000
