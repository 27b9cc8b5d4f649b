"""Which bytes are there, and who fetches the rest: never twice, never none."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.fetch.file.segments import Ledger, Segment


def write(ledger: Ledger, segment: Segment, count: int, ago: float = 0.0) -> int:
    """Let bytes arrive; how many belonged to the segment."""
    mine = ledger.claim(segment, count)
    segment.written = segment.position
    segment.arrived(time.monotonic() - ago)
    return mine


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
