"""The journal of a part file: a kill, a power cut, a byte gone bad."""

from __future__ import annotations

import errno
import os
import threading
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.fetch.file import journal
from datalad_jsdl.fetch.file.journal import Journal, JournalRecord, read_journal
from datalad_jsdl.fetch.file.partfile import PartFile

if TYPE_CHECKING:
    from collections.abc import Callable

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


def test_bytes_of_an_unknown_source_stay_so(data: int) -> None:
    book = Journal("j", JournalRecord([(0, 10, "")]), data)
    book.add(10, 20, "")
    book.close(remove=False)
    assert read_journal("j", 1000).ranges == [(0, 10, ""), (10, 20, "")]


def test_bytes_outside_of_utf_8_end_it(data: int) -> None:
    raw = b"r 500 600 \xff"
    Path("j").write_bytes(written(data) + raw + b" %08x\n" % zlib.crc32(raw))
    assert read_journal("j", 1000).ranges == RANGES


def test_a_journal_of_another_form_says_nothing(data: int) -> None:
    _, _, rest = written(data).partition(b"\n")
    Path("j").write_bytes(journal._line("jsdl 10 boot") + rest)
    assert read_journal("j", 1000) == JournalRecord()
    Path("j").write_bytes(b"")
    assert read_journal("j", 1000) == JournalRecord()


def test_where_nobody_knows_when_the_machine_started_only_the_disk_counts(
    data: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_BOOT_ID", Path("missing"))
    whole = written(data)
    assert read_journal("j", 1000) == JournalRecord([], "aa", '"tag é"')
    Path("j").write_bytes(whole + journal._line(f"s {len(whole)}"))
    assert read_journal("j", 1000).ranges == RANGES
    _, _, rest = whole.partition(b"\n")
    Path("j").write_bytes(journal._line("jsdl 1") + rest + journal._line(f"s {len(whole)}"))
    assert read_journal("j", 1000).ranges == RANGES


def test_what_is_rewritten_stands_alone(data: int) -> None:
    book = Journal("j", JournalRecord(RANGES, "aa", "1"), data)
    book.add(500, 600, "aa")
    book.rewrite(JournalRecord([(5, 9, "bb")], "bb", "2"))
    book.add(9, 12, "bb")
    book.close(remove=False)
    assert read_journal("j", 1000) == JournalRecord([(5, 9, "bb"), (9, 12, "bb")], "bb", "2")
    assert sorted(os.listdir()) == ["data", "j"]


def test_a_journal_that_is_of_no_use_is_removed_if_it_is_there(data: int) -> None:
    for is_there in (True, False):
        book = Journal("j", JournalRecord(), data)
        if not is_there:
            Path("j").unlink()
        book.close(remove=True)
        assert not Path("j").exists()


def test_it_keeps_no_process_from_ending(data: int) -> None:
    others = set(threading.enumerate())
    book = Journal("j", JournalRecord(), data)
    book.add(0, 10, "aa")
    assert [thread.daemon for thread in set(threading.enumerate()) - others] == [True]
    book.close(remove=False)


class Disk:
    """Sees what the journal says whenever data or the journal are put on the disk.

    Attributes:
        seen: what was put there, and the journal's content then.
        first: what happens meanwhile, the first time.
    """

    def __init__(self, data: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self.first: Callable[[], object] = bool
        self._data, self._really = data, os.fsync
        monkeypatch.setattr(journal, "_SYNC_SECONDS", 0.01)
        monkeypatch.setattr(os, "fsync", self._sync)

    def _sync(self, file: int) -> None:
        what = "data" if file == self._data else "journal"
        self.seen.append((what, Path("j").read_bytes()))
        if len(self.seen) == 1:
            self.first()
        self._really(file)

    def wait(self, count: int) -> None:
        """Until so many more were put there."""
        count += len(self.seen)
        while len(self.seen) < count:
            time.sleep(0.01)


@pytest.fixture
def disk(data: int, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(data, monkeypatch)


def test_the_data_is_on_the_disk_before_the_journals_word(data: int, disk: Disk) -> None:
    book = Journal("j", JournalRecord(), data)
    book.add(0, 100, "aa")
    disk.wait(2)
    book.close(remove=False)
    (first, before), (second, after) = disk.seen[:2]
    assert (first, second) == ("data", "journal")
    assert after == before + journal._line(f"s {len(before)}")


def test_each_word_is_for_all_before_it(
    data: int, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Journal("j", JournalRecord(), data)
    for start, end, source in RANGES:
        book.add(start, end, source)
        disk.wait(4)
    book.close(remove=False)
    monkeypatch.setattr(journal, "_boot", lambda: "another")
    assert read_journal("j", 1000).ranges == RANGES


def test_a_disk_that_is_full_for_a_while_is_tried_again(data: int, disk: Disk) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "full")

    disk.first = full
    book = Journal("j", JournalRecord(), data)
    book.add(0, 100, "aa")
    disk.wait(3)
    book.close(remove=False)
    assert [what for what, _ in disk.seen[:3]] == ["data", "data", "journal"]


def test_no_word_for_what_was_begun_anew_while_data_went_to_the_disk(data: int, disk: Disk) -> None:
    def anew() -> None:
        book.rewrite(JournalRecord([], "bb", "2"))
        for start in range(0, 500, 10):  # the journal gets longer than it was
            book.add(start, start + 10, "bb")

    disk.first = anew
    book = Journal("j", JournalRecord(RANGES), data)
    book.add(500, 510, "aa")
    disk.wait(2)
    book.close(remove=False)
    assert [what for what, _ in disk.seen[:2]] == ["data", "data"]
    assert b"\ns " not in disk.seen[1][1]


@pytest.mark.parametrize(("length", "is_much"), [(10, True), (9, False)])
def test_much_is_put_on_the_disk_at_once(
    data: int, length: int, is_much: bool, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_SYNC_SECONDS", 3600)
    monkeypatch.setattr(journal, "_SYNC_BYTES", 100)
    book = Journal("j", JournalRecord(), data)
    for start in range(1000, 1100, 10):
        book.add(start, start + length, "aa")
    if is_much:
        disk.wait(2 - len(disk.seen))
    else:  # else the thread would have had no time to do it
        time.sleep(0.2)
    book.close(remove=False)
    assert bool(disk.seen) is is_much
