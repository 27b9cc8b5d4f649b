"""Which bytes are there, and who fetches the rest: never twice, never none."""

from __future__ import annotations

import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.fetch.file.segments import Ledger, Segment


def write(ledger: Ledger, segment: Segment, count: int, ago: float = 0.0) -> int:
    """Let bytes arrive; how many belonged to the segment."""
    mine = ledger.claim(segment, count)
    segment.written = segment.position
    segment.arrived(time.monotonic() - ago)
    return mine


def begun(ledger: Ledger, url: str = "u", source: str = "s", *, rate: float = 0.0) -> Segment:
    segment = ledger.begin(url, source, rate=rate)
    assert segment is not None
    return segment


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, so that rates are exact."""
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)


def test_a_rate_is_that_of_the_last_one_to_two_seconds() -> None:
    segment = Segment("u", "s", 100, None, 100, 100)
    assert segment.rate(50) is None
    for now, written, rate in (
        (50.0, 150, None),  # a server may send much at once
        (50.5, 600, 1000),
        (51.0, 2100, 2000),
        (51.5, 2600, 2500 / 1.5),
        (52.0, 3100, 1000),
    ):
        segment.written = written
        segment.arrived(now)
        assert segment.rate(now) == rate
    assert segment.rate(55.0) == 250
    assert segment.rate(55.5) == 0  # it has stalled


def test_just_begun_it_has_no_rate() -> None:
    segment = Segment("u", "s", 0, None, 0, 10)
    segment.arrived(50.0)
    assert segment.rate(50.04) is None
    assert segment.rate(50.25) == 40


def test_ranges_are_those_of_which_something_is_there() -> None:
    ledger = Ledger(100)
    ledger.add([(40, 50, "a"), (50, 60, "a")])
    ledger.add([(60, 70, "b"), (80, 90, "a")])
    begun(ledger)
    assert ledger.ranges() == [(40, 60, "a"), (60, 70, "b"), (80, 90, "a")]
    assert ledger.sources() == {"a": 30, "b": 10}
    assert (ledger.prefix(), ledger.held(), ledger.left()) == (0, 40, 60)
    assert not ledger.is_complete()


def test_only_what_is_wanted_is_kept() -> None:
    ledger = Ledger(100)
    ledger.add([(0, 10, "a"), (10, 20, "b"), (20, 30, "a")])
    kept = ledger.keep(lambda found: found[2] == "a")
    assert kept == ledger.ranges() == [(0, 10, "a"), (20, 30, "a")]
    gap = begun(ledger)
    assert (gap.start, gap.end) == (10, 20)


def test_what_is_left_of_a_file() -> None:
    unknown = Ledger(None)
    unknown.add([(0, 30, "a")])
    assert (unknown.left(), unknown.is_complete()) == (0, False)
    less = Ledger(20)  # than is there
    less.add([(0, 30, "a")])
    assert (less.left(), less.is_complete()) == (0, True)


def test_an_empty_file_is_asked_for_until_an_answer_has_ended() -> None:
    ledger = Ledger(0)
    segment = begun(ledger)
    assert (segment.start, segment.end) == (0, 0)
    assert ledger.begin("v", "t") is None
    ledger.end(segment)
    assert not ledger.is_complete()
    ledger.end(begun(ledger))
    ledger.ended = True
    assert ledger.is_complete()
    assert ledger.begin("u", "s") is None


def test_a_file_in_one_go() -> None:
    ledger = Ledger(None)
    segment = ledger.begin("u", "s")
    assert segment is not None
    assert (segment.start, segment.end) == (0, None)
    assert ledger.begin("v", "t") is None  # of unknown size: nothing to share
    write(ledger, segment, 10)
    ledger.size = 10
    assert ledger.is_complete()
    ledger.end(segment)
    assert ledger.ranges() == [(0, 10, "s")]
    assert ledger.begin("u", "s") is None


def test_what_a_connection_has_not_fetched_is_missing_again() -> None:
    ledger = Ledger(100)
    ledger.add([(40, 60, "old")])
    first = ledger.begin("u", "s")
    assert first is not None
    assert (first.start, first.end) == (0, 40)
    second = ledger.begin("v", "t")
    assert second is not None
    assert (second.start, second.end) == (60, 100)
    assert write(ledger, first, 15) == 15
    ledger.end(first)
    again = ledger.begin("v", "t")
    assert again is not None
    assert (again.start, again.end) == (15, 40)
    assert write(ledger, again, 100) == 25  # what comes beyond its end is not its own
    assert ledger.prefix() == 60
    assert ledger.held() == 60
    assert ledger.sources() == {"s": 15, "t": 25, "old": 20}


def test_work_is_taken_in_proportion_to_the_rates() -> None:
    ledger = Ledger(100_000_000)
    slow = ledger.begin("u", "s")
    assert slow is not None
    write(ledger, slow, 500_000, ago=1.0)
    write(ledger, slow, 500_000)  # 1 MB/s
    fast = ledger.begin("v", "t", rate=9_000_000)
    assert fast is not None
    assert slow.end == fast.start
    share = (100_000_000 - fast.start) / 99_000_000
    assert 0.88 < share < 0.92


def test_the_rest_of_one_that_stands_still_is_taken_whole() -> None:
    aborted = []
    ledger = Ledger(50_000)
    stalled = ledger.begin("u", "s")
    assert stalled is not None
    stalled.abort = lambda: aborted.append(True)
    write(ledger, stalled, 1000, ago=20.0)
    write(ledger, stalled, 1000, ago=10.0)
    heir = ledger.begin("v", "t")
    assert heir is not None
    assert (heir.start, heir.end) == (2000, 50_000)
    assert aborted
    assert write(ledger, stalled, 1000) == 0


def test_one_that_has_just_begun_is_not_taken_for_as_slow_as_another_mirror() -> None:
    """Else connections to a good mirror take the same bytes from each other, again and again."""
    ledger = Ledger(4_000_000)
    dripping = ledger.begin("drip", "d")
    assert dripping is not None
    write(ledger, dripping, 200, ago=1.0)
    write(ledger, dripping, 200)
    good = ledger.begin("good", "g", rate=8e6)
    other = ledger.begin("good", "g", rate=8e6)
    assert good is not None
    assert other is not None
    assert good.end == other.start
    assert good.start < 1000
    assert abs(good.end - good.start - (4_000_000 - other.start)) < 1000


def test_little_is_not_worth_a_request() -> None:
    ledger = Ledger(3_000_000)
    segment = ledger.begin("u", "s")
    assert segment is not None
    write(ledger, segment, 1_400_000, ago=0.5)
    write(ledger, segment, 1_400_000)  # done in a tenth of a second
    assert ledger.begin("v", "t", rate=5_000_000) is None


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("left", "is_cut"), [(1_500_000, False), (2_000_000, True)])
def test_a_cut_saves_a_fifth_of_a_second(left: int, is_cut: bool) -> None:
    ledger = Ledger(5_000_000 + left)
    segment = begun(ledger)
    write(ledger, segment, 2_500_000, ago=1.0)
    write(ledger, segment, 2_500_000)  # 5 MB/s
    other = ledger.begin("v", "t", rate=5_000_000)
    assert (other is not None) is is_cut
    assert other is None or other.start == 6_000_000


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize(("left", "is_cut"), [(0x1FFFE, False), (0x20000, True)])
def test_a_request_is_for_64_kib(left: int, is_cut: bool) -> None:
    ledger = Ledger(100_000 + left)
    segment = begun(ledger)
    write(ledger, segment, 50_000, ago=1.0)
    write(ledger, segment, 50_000)
    assert (ledger.begin("v", "t") is not None) is is_cut  # as fast as the other


@pytest.mark.usefixtures("still")
def test_once_the_size_is_known_others_take_a_part() -> None:
    ledger = Ledger(None)
    segment = begun(ledger)
    write(ledger, segment, 500_000, ago=1.0)
    write(ledger, segment, 500_000)
    ledger.size = 9_000_000
    assert begun(ledger, "v", "t").start == segment.end == 5_000_000


@pytest.mark.usefixtures("still")
def test_what_two_have_not_fetched_is_one_gap_again() -> None:
    ledger = Ledger(9_000_000)
    first = begun(ledger)
    write(ledger, first, 500_000, ago=1.0)
    write(ledger, first, 500_000)
    second = begun(ledger, "v", "t")
    assert second.start == 5_000_000
    ledger.end(second)
    ledger.end(first)
    gap = begun(ledger)
    assert (gap.start, gap.end) == (1_000_000, 9_000_000)


def three(ledger: Ledger) -> list[Segment]:
    """Connections with 1 and 3 MB/s, and one that has just begun, 50 MB each."""
    ledger.add([(50_000_000, 50_000_001, "old"), (100_000_001, 100_000_002, "old")])
    found = [begun(ledger, url, url) for url in "abc"]
    for segment, count in zip(found[:2], (500_000, 1_500_000), strict=True):
        write(ledger, segment, count, ago=1.0)
        write(ledger, segment, count)
    return found


@pytest.mark.usefixtures("still")
def test_that_is_cut_which_would_last_the_longest(caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger(150_000_002)
    slow, _, _ = three(ledger)
    caplog.set_level(logging.DEBUG, "datalad.jsdl")
    other = begun(ledger, "d", "d", rate=6_000_000)
    assert (other.start, other.end) == (8_000_000, 50_000_000)
    assert slow.end == 8_000_000
    assert [record.getMessage() for record in caplog.records] == [
        "42000000 bytes from byte 8000000 on are moved from a to d"
    ]


@pytest.mark.usefixtures("still")
def test_one_that_has_just_begun_is_taken_for_as_fast_as_the_others() -> None:
    ledger = Ledger(150_000_002)
    slow, fast, fresh = three(ledger)
    for segment in (slow, fast):
        ledger.claim(segment, 50_000_000)  # nothing is left of these
    other = begun(ledger, "d", "d", rate=6_000_000)
    assert (other.start, other.end) == (112_500_002, 150_000_002)
    assert fresh.end == other.start


def test_nothing_is_taken_from_one_of_which_nothing_is_known() -> None:
    ledger = Ledger(9_000_000)
    begun(ledger)
    assert ledger.begin("v", "t") is None


@pytest.mark.parametrize("left", [0, 1])
def test_of_one_that_stands_still_the_last_byte_is_taken(left: int) -> None:
    ledger = Ledger(50_000)
    stalled = begun(ledger)
    write(ledger, stalled, 1000, ago=20.0)
    write(ledger, stalled, 49_000 - left, ago=10.0)
    heir = ledger.begin("v", "t")
    assert (heir is None) is (left == 0)
    assert heir is None or (heir.start, heir.end) == (49_999, 50_000)


@given(
    size=st.integers(1, 3_000_000),
    held=st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(1, 500_000)), max_size=5),
    moves=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 700_000)), max_size=60),
)
def test_no_byte_is_claimed_twice(
    size: int, held: list[tuple[int, int]], moves: list[tuple[int, int]]
) -> None:
    ledger = Ledger(size)
    position = 0
    for start, length in sorted(held):
        start = max(start, position)
        position = min(start + length, size)
        if start < position:
            ledger.add([(start, position, "old")])
    claimed = [(start, end) for start, end, _ in ledger.ranges()]
    workers: dict[int, Segment] = {}
    clock = 60.0
    for worker, count in moves:
        segment = workers.get(worker) or ledger.begin("u", f"s{worker}", rate=float(count))
        if segment is None:
            continue
        workers[worker] = segment
        at = segment.position
        clock -= 0.3
        if mine := write(ledger, segment, count, ago=clock):
            claimed.append((at, at + mine))
        if not mine or count % 3 == 0:
            ledger.end(workers.pop(worker))
    for segment in workers.values():
        ledger.end(segment)
    while (rest := ledger.begin("u", "rest")) is not None:
        at = rest.position
        claimed.append((at, at + write(ledger, rest, 1_000_000)))
        ledger.end(rest)
    claimed.sort()
    assert ledger.is_complete()
    assert ledger.prefix() == size
    assert [start for start, _ in claimed] == [0, *(end for _, end in claimed[:-1])]
    assert claimed[-1][1] == size
