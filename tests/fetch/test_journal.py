"""The journal of a part file: a kill, a power cut, a byte gone bad."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.fetch.file import journal
from datalad_jsdl.fetch.file.journal import Journal, JournalRecord, read_journal
from datalad_jsdl.fetch.file.partfile import PartFile

RANGES = [(0, 100, "aa"), (300, 400, "bb"), (400, 450, "aa")]


@pytest.fixture
def data(tmp_path: Path) -> int:
    return os.open(tmp_path / "data", os.O_RDWR | os.O_CREAT)


def written(data: int) -> bytes:
    book = Journal("j", JournalRecord([RANGES[0]], "aa", '"tag é"'), data)
    for start, end, source in RANGES[1:]:
        book.add(start, end, source)
    book.close(remove=False)
    return Path("j").read_bytes()


def test_what_was_written_is_read(data: int) -> None:
    written(data)
    assert read_journal("j", 1000) == JournalRecord(RANGES, "aa", '"tag é"')
    assert read_journal("j", 420).ranges == [*RANGES[:2], (400, 420, "aa")]
    assert read_journal("missing", 1000) == JournalRecord()


def test_after_a_power_cut_only_what_was_on_the_disk_holds(
    data: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_SYNC_SECONDS", 0.1)
    book = Journal("j", JournalRecord(), data)
    book.add(0, 100, "aa")
    while b"\ns " not in Path("j").read_bytes():  # it is being put on the disk
        time.sleep(0.01)
    book.add(100, 200, "aa")
    book.close(remove=False)
    assert read_journal("j", 1000).ranges == [(0, 100, "aa"), (100, 200, "aa")]
    monkeypatch.setattr(journal, "_boot", lambda: "another")
    assert read_journal("j", 1000).ranges == [(0, 100, "aa")]


@settings(max_examples=60)
@given(place=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_journal_says_less_but_nothing_wrong(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    os.chdir(folder)
    data = os.open(folder / "data", os.O_RDWR | os.O_CREAT)
    content = bytearray(written(data))
    os.close(data)
    place %= len(content)
    if cut:
        del content[place:]
    else:
        content[place] = byte
    Path("j").write_bytes(content)
    ranges = read_journal("j", 1000).ranges
    assert ranges == RANGES[: len(ranges)]


def test_a_part_file_remembers_its_ranges() -> None:
    with PartFile(Path("f")) as part:
        part.put(0, b"a" * 10, "aa")
        assert not Path("f.part.journal").exists()  # its length tells
        part.put(500, b"b" * 20, "bb")
        part.put(10, b"c" * 5, "aa")
    with PartFile(Path("f")) as part:
        assert sorted(part.held) == [(0, 10, "aa"), (10, 15, "aa"), (500, 520, "bb")]
        assert part.read(500, 30) == b"b" * 20
        part.keep([(0, 15, "aa")])
        assert not Path("f.part.journal").exists()
    with PartFile(Path("f")) as part:
        assert part.held == [(0, 15, "")]
        part.keep([])
    assert not Path("f.part").exists()


def test_bytes_of_one_version_are_noted_with_it() -> None:
    with PartFile(Path("f")) as part:
        part.begin("aa", '"1"')
        for number in range(3):
            part.put(number << 20, bytes(1 << 20), "aa")
    with PartFile(Path("f")) as part:
        assert (part.source, part.etag) == ("aa", '"1"')
        assert sum(end - start for start, end, _ in part.held) == 3 << 20
        part.finish()
    assert [path.name for path in Path().iterdir()] == ["f"]


@pytest.mark.parametrize("line", ["v aa", "v aa g0", "v aa ff", "r 0 x aa", "r 0 9", "s", "s x"])
def test_a_line_that_nobody_wrote_ends_it(data: int, line: str) -> None:
    """Its checksum is right; it says nothing, and nothing after it counts."""
    whole = written(data)
    more = journal._line(line) + journal._line("r 500 600 aa")
    Path("j").write_bytes(whole + more)
    assert read_journal("j", 1000) == JournalRecord(RANGES, "aa", '"tag é"')


def test_no_range_begins_before_the_file(data: int) -> None:
    Path("j").write_bytes(written(data) + journal._line("r -5 10 aa"))
    assert read_journal("j", 1000).ranges == RANGES


def test_what_was_on_the_disk_is_told_to_the_byte(
    data: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line before the place that was put on the disk holds, the one at it does not."""
    ranges = [(10 * n, 10 * n + 10, "aa") for n in range(40)]
    Journal("j", JournalRecord(ranges), data).close(remove=False)
    whole = Path("j").read_bytes()
    monkeypatch.setattr(journal, "_boot", lambda: "another")
    last = journal._line("r 900 910 aa")
    Path("j").write_bytes(whole + last + journal._line(f"s {len(whole)}"))
    assert read_journal("j", 1000).ranges == ranges


@pytest.mark.parametrize("line", ["r 500 500 aa", "r  0 10 aa"])
def test_a_line_without_a_range_says_nothing(data: int, line: str) -> None:
    Path("j").write_bytes(written(data) + journal._line(line))
    assert read_journal("j", 1000).ranges == RANGES


def test_letters_outside_of_ascii_are_survived(data: int) -> None:
    Path("j").write_bytes(written(data) + journal._line("r 0 é aa"))
    assert read_journal("j", 1000).ranges == RANGES
