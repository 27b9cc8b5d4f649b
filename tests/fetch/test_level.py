"""How many connections to a mirror pay is found out, and what it refuses it is not asked for."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

from datalad_jsdl.fetch.bulk import Job, fetch_all
from datalad_jsdl.fetch.mirrors.levelling import look, refused
from datalad_jsdl.fetch.mirrors.origin import Origin
from datalad_jsdl.fetch.mirrors.scores import Score, load_scores
from datalad_jsdl.fetch.retries import START
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import new_engine
from tests.lab import sha256
from tests.portal import content_of
from tests.wire import Talk, Wire

CONTENT = content_of("f", 4_000)
KNOWN = Expected(len(CONTENT), "sha256", sha256(CONTENT))
MOST = 64


class Served:
    """A mirror by its law: how many files and seconds a head takes with so many connections."""

    def __init__(self, most_useful: int, seconds: float, size: int = 0) -> None:
        self.most_useful = most_useful
        self.seconds = seconds
        self.size = size
        self.origin = Origin("http://a", Score(), START)
        self.now = 0.0

    def run(self, seconds: float, in_use: float = 1.0) -> list[int]:
        """Let time pass; the numbers of connections that it had."""
        origin, level, rooms = self.origin, self.origin.level, [self.origin.room]
        until = self.now + seconds
        while self.now < until:
            self.now += 0.1
            origin.active = round(in_use * origin.room)
            useful = min(origin.active, self.most_useful)
            done = round(useful * 0.1 / self.seconds)
            level.done += done
            origin.received += int(useful * 0.1 * self.size)
            for _ in range(done):
                level.taken(origin.active, origin.room)
                level.heads += 1
                level.latency += self.seconds * max(1.0, origin.active / self.most_useful)
            look(origin, self.now, MOST)
            if origin.room != rooms[-1]:
                rooms.append(origin.room)
        return rooms


def test_more_connections_as_long_as_more_files_come() -> None:
    assert Served(1000, 0.05).run(4) == [8, 16, 32, 64]


def test_where_more_bring_nothing_it_goes_back_and_stays_a_while() -> None:
    served = Served(8, 0.05)
    assert served.run(2) == [8, 16, 8]
    rooms = served.run(60)  # less and less often
    assert rooms == [8, 16] * (len(rooms) // 2) + [8]
    assert 3 <= rooms.count(16) <= 5
    assert Served(20, 0.05).run(3) == [8, 16, 32, 16]


def test_of_large_files_the_bytes_count() -> None:
    # none of them is done within a window
    assert Served(32, 1e9, 1_000_000).run(30)[:5] == [8, 16, 32, 64, 32]


def test_connections_that_are_not_needed_are_not_asked_for() -> None:
    assert Served(1000, 0.05).run(10, in_use=0.5) == [8]


def test_a_server_whose_answers_take_longer_and_longer_gets_no_more() -> None:
    """It brings a little more, at the price of all who wait."""
    assert Served(10, 0.05).run(2) == [8, 16, 8]


def burst(served: Served, actives: range) -> None:
    """Refuse one after the other; so many others are still served."""
    for active in actives:
        served.origin.active = active
        refused(served.origin, served.now)
        served.origin.busy_until = served.now + 1
    served.now += 1.5


def test_who_refuses_some_keeps_what_it_has_served() -> None:
    served = Served(1000, 0.05)
    origin = served.origin
    burst(served, range(7, 3, -1))  # four of eight
    assert origin.room == origin.score.level == 4
    assert served.run(60) == [4]  # it is not the search that gives it more
    origin.room = 5  # but this is tried
    refused_at = served.now
    burst(served, range(4, 3, -1))
    assert origin.room == 4
    assert origin.level.hold == refused_at + 4  # twice as long
    burst(served, range(3, 2, -1))  # it served four, and now it does not
    assert origin.room == 2
    burst(served, range(1, -1, -1))
    assert origin.room == 1


def test_who_is_done_when_a_refusal_is_heard_of_was_served() -> None:
    served = Served(1000, 0.05)
    for active in range(1, 6):
        served.origin.level.taken(active, served.origin.room)
    burst(served, range(1, 0, -1))  # of five at a time it has refused one
    assert served.origin.room == 4


def test_a_search_that_was_refused_goes_back_to_the_usual_number() -> None:
    served = Served(1000, 0.05)
    assert served.run(1.5)[-1] > START
    served.origin.active = served.origin.room - 1
    refused(served.origin, served.now)
    assert served.origin.room == START
    assert served.run(100) == [START]


class Desk:
    """A server that lets a few be served at a time, and counts."""

    def __init__(self, most: int = 1000, seconds: float = 0.02, *, serial: bool = False) -> None:
        self._most = most
        self._seconds = seconds
        self._lock = threading.Lock()
        self._turn = threading.Lock() if serial else None
        self._active = 0
        self.statuses: Counter[int] = Counter()
        self.highest = 0

    def __call__(self, talk: Talk) -> None:
        with self._lock:
            is_refused = self._active >= self._most
            self.statuses[429 if is_refused else 200] += 1
            if not is_refused:
                self._active += 1
                self.highest = max(self.highest, self._active)
        if is_refused:
            talk.pause(0.005)
            talk.answer(429, b"", "Retry-After: 0")
            return
        try:
            if self._turn:
                with self._turn:
                    talk.pause(self._seconds)
            else:
                talk.pause(self._seconds)
            # what the client has to itself is no longer of this server
        finally:
            with self._lock:
                self._active -= 1
        talk.file(CONTENT)


def jobs(wire: Wire, count: int) -> list[Job]:
    return [Job(f"{n}", (f"{wire.url}/f",), KNOWN, Path(f"{n}")) for n in range(count)]


def test_a_server_that_refuses_the_fifth_ends_up_with_four(tmp_path: Path) -> None:
    desk, memory = Desk(4), tmp_path / "origins.json"
    with Wire({"/f": desk}) as wire:
        with new_engine(memory=memory) as engine:
            outcomes = [outcome for _, outcome in fetch_all(jobs(wire, 1000), engine, None)]
            assert all(isinstance(outcome, Fetched) for outcome in outcomes)
            assert engine.origins.of(f"{wire.url}/f").room in (4, 5)  # the fifth is tried again
        assert desk.statuses[429] < 30
        # and the next run begins with them
        desk.statuses.clear()
        with new_engine(memory=memory) as engine:
            outcomes = [outcome for _, outcome in fetch_all(jobs(wire, 50), engine, None)]
            assert all(isinstance(outcome, Fetched) for outcome in outcomes)
        assert desk.statuses[429] <= 1


def test_what_pays_is_remembered_and_a_number_of_jobs_is_kept_to(tmp_path: Path) -> None:
    memory = tmp_path / "origins.json"
    desk = Desk(seconds=0.1)
    with Wire({"/f": desk}) as wire:
        with new_engine(memory=memory) as engine:
            assert len(list(fetch_all(jobs(wire, 300), engine, None))) == 300
        assert START < desk.highest <= Settings().most_jobs
        (score,) = load_scores(memory).values()
        assert score.level > START
        with new_engine(memory=memory) as engine:
            engine.origins.find_level(MOST)
            assert engine.origins.of(f"{wire.url}/f").room == score.level
        desk.highest = 0
        with new_engine(memory=memory) as engine:
            list(fetch_all(jobs(wire, 60), engine, 3))
        assert desk.highest <= 3


def test_a_server_that_has_one_clerk_is_not_overrun() -> None:
    desk = Desk(seconds=0.005, serial=True)
    with Wire({"/f": desk}) as wire, new_engine() as engine:
        outcomes = [outcome for _, outcome in fetch_all(jobs(wire, 300), engine, None)]
        assert all(isinstance(outcome, Fetched) for outcome in outcomes)
        assert engine.origins.of(f"{wire.url}/f").score.level in (0, START)
        assert desk.highest <= 2 * START
