"""How much is fetched ahead, for all readers together."""

from __future__ import annotations

import threading

import pytest

from datalad_jsdl.archive.budget import LookAhead, Owner, Task


class Work:
    """Counts how often it was done; may wait for a sign."""

    def __init__(self, result: str = "done") -> None:
        self.times = 0
        self.result = result
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self) -> str:
        self.times += 1
        assert self.may_end.wait(60)
        return self.result


def until_done(task: Task[str]) -> None:
    ticks = threading.Event()
    while not task.is_done:
        ticks.wait(0.01)


def test_what_was_begun_ahead_is_done_once() -> None:
    look_ahead, work = LookAhead(2), Work()
    task = Task(Owner(), 10, work)
    assert look_ahead.start(task)
    assert look_ahead.take(task) == "done"
    assert work.times == 1
    look_ahead.close()


def test_there_is_room_for_so_many_bytes_and_so_many_pieces() -> None:
    owner = Owner()
    bytes_ = LookAhead(1, memory=100)
    assert [bytes_.start(Task(owner, 40, Work())) for _ in range(3)] == [True, True, False]
    pieces = LookAhead(1, most=2)
    assert [pieces.start(Task(owner, 1, Work())) for _ in range(3)] == [True, True, False]
    assert bytes_.highest == 80
    for look_ahead in (bytes_, pieces):
        look_ahead.close()


def test_what_is_taken_or_dropped_makes_room() -> None:
    look_ahead = LookAhead(1, memory=100)
    first, second = Task(Owner(), 60, Work()), Task(Owner(), 60, Work())
    assert look_ahead.start(first)
    assert not look_ahead.start(second)
    look_ahead.take(first)
    assert look_ahead.start(second)
    look_ahead.drop(second)
    until_free = Task(Owner(), 100, Work())
    assert look_ahead.take(until_free) == "done"
    look_ahead.close()


def test_without_threads_nothing_is_fetched_ahead() -> None:
    look_ahead, work = LookAhead(0), Work()
    task = Task(Owner(), 10, work)
    assert not look_ahead.start(task)
    assert work.times == 0
    assert look_ahead.take(task) == "done"


def test_what_a_slow_reader_has_ahead_gives_way_and_is_fetched_again() -> None:
    look_ahead = LookAhead(1, memory=100, shared=True, idle=0.05)
    slow, work = Owner(), Work()
    ahead = Task(slow, 100, work)
    assert look_ahead.start(ahead)
    until_done(ahead)
    # as it is taken there is no room, until the slow one counts as such
    assert look_ahead.take(Task(Owner(), 100, Work("other"))) == "other"
    assert not ahead.is_done
    assert look_ahead.take(ahead) == "done"
    assert work.times == 2
    assert look_ahead.highest == 100
    look_ahead.close()


def test_whoever_helps_out_takes_the_room_of_the_one_that_waits() -> None:
    look_ahead = LookAhead(1, memory=100, idle=3600)
    owner = Owner()
    ahead = Task(owner, 100, Work())
    assert look_ahead.start(ahead)
    until_done(ahead)
    assert look_ahead.take(Task(Owner(owner), 100, Work("other"))) == "other"
    assert look_ahead.take(ahead) == "done"
    look_ahead.close()


def test_no_reader_of_many_waits_for_a_thread() -> None:
    look_ahead, blocked = LookAhead(1, shared=True), Work()
    blocked.may_end.clear()
    first, second = Task(Owner(), 1, blocked), Task(Owner(), 1, Work("second"))
    assert look_ahead.start(first)
    assert look_ahead.start(second)
    assert look_ahead.take(second) == "second"
    blocked.may_end.set()
    assert look_ahead.take(first) == "done"
    look_ahead.close()


def test_an_error_is_raised_where_the_result_is_taken() -> None:
    def fail() -> str:
        raise RuntimeError("it fails")

    look_ahead = LookAhead(1)
    task = Task(Owner(), 1, fail)
    assert look_ahead.start(task)
    with pytest.raises(RuntimeError, match="it fails"):
        look_ahead.take(task)
    look_ahead.close()
