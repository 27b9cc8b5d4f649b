"""What is made of mirrors' answers before a download."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.fetch.mirrors.ask_all import survey
from datalad_jsdl.fetch.mirrors.estimate import Load, Span, estimate
from datalad_jsdl.fetch.mirrors.states import Ranges, State
from datalad_jsdl.fetch.mirrors.survey import Mirror, Wanted, choose
from datalad_jsdl.fetch.phrases import phrase
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.content import Expected
from tests.lab import Lab, Version
from tests.wire import Talk, Wire

BOTH = {"connections": 8, "segments": 4, "bandwidth": 0}


@given(st.lists(st.integers(1, 40), max_size=20), st.integers(0, 200))
def test_a_sample_is_spread_over_the_groups(sizes: list[int], most: int) -> None:
    groups = [[100 * g + i for i in range(size)] for g, size in enumerate(sizes)]
    chosen = choose(groups, most)
    assert len(set(chosen)) == len(chosen) == min(most, sum(sizes))
    shares = [sum(item in group for item in chosen) for group in groups]
    # nobody has more than others that could have more, but for what cannot be divided
    starved = [share for share, size in zip(shares, sizes, strict=True) if share < size]
    assert not starved or max(shares) <= min(starved) + 1


def test_the_time_is_a_span() -> None:
    large, small = Load(1e6, 0.1), Load(0, 0.05)
    large.add(10_000_000)
    for _ in range(100):
        small.add(1000)
    assert estimate([large], **BOTH) == Span(10.1 / 4, 10.1)
    assert estimate([large, small], **BOTH) == Span(10.1 / 4, 10.1)
    assert estimate([small, Load(0, 0)], **BOTH) == Span(pytest.approx(5 / 8), pytest.approx(5))
    assert estimate([large], **(BOTH | {"bandwidth": 100_000})) == Span(100, 100)
    unknown = Load(0, 0.1)
    unknown.add(10_000_000)
    assert estimate([large, unknown], **BOTH) is None
    assert estimate([], **BOTH) is None


def test_the_state_of_a_mirror() -> None:
    mirror = Mirror("https://a.example")
    assert (mirror.state, mirror.usable) == (State.UNASKED, True)
    mirror.answers.update([State.GONE, State.LOGIN, State.LOGIN])
    assert (mirror.state, mirror.usable) == (State.LOGIN, False)
    mirror.stopped = State.LOGIN
    mirror.answers[State.OK] += 1  # it was under way
    assert (mirror.state, mirror.usable) == (State.OK, True)
    for stopped, usable in ((State.BUSY, True), (State.DEAD, False)):
        mirror.stopped = stopped
        assert (mirror.state, mirror.usable) == (stopped, usable)


def test_a_mirror_is_asked_no_more_than_is_of_use(lab: Lab, other_lab: Lab) -> None:
    """One that refuses all, one that falls silent, and a sample of one that is in order."""
    expected = Expected(3)
    files = [Wanted(f"f{i}", (lab.put(f"f{i}", status=401),), expected) for i in range(30)]
    files += [
        Wanted(f"g{i}", (other_lab.put(f"g{i}", b"abc", mute=i > 5),), expected) for i in range(30)
    ]
    with Lab() as third, Engine(AddressPolicy(allow_all=True), Settings(read_timeout=1)) as e:
        files += [Wanted(f"h{i}", (third.put(f"h{i}", b"abc"),), expected) for i in range(300)]
        found = survey(files, e, lambda done, total: None, most=90)
        states = [found.mirrors[one.url].state for one in (lab, other_lab, third)]
        assert states == [State.LOGIN, State.DEAD, State.OK]
        # four at once, and two more before the third refusal is known; how often each file is
        # asked for is left open: on a busy machine an answer may come after the timeout
        assert len({request.path for request in lab.requests}) <= 6
        # and a sample
        assert len({(request.path, request.method) for request in third.requests}) == 31
    # a silent mirror has nothing to give, whatever it gave before
    assert [bool(found.sources(number)) for number in (0, 30, 60, 61)] == [False, False, True, True]


def test_files_that_are_at_fault_are_told_from_a_mirror_that_is(lab: Lab) -> None:
    """One that gave files is asked for one of them again before it is given up."""
    expected = Expected(3)
    files = [Wanted(f"f{i}", (lab.put(f"f{i}", b"abc"),), expected) for i in range(8)]
    files += [Wanted(f"g{i}", (lab.put(f"g{i}", status=500),), expected) for i in range(9)]
    with Engine(AddressPolicy(allow_all=True)) as engine:
        found = survey(files, engine, lambda done, total: None)
    assert found.mirrors[lab.url].state is State.OK
    assert [bool(found.sources(number)) for number in range(17)] == [True] * 8 + [False] * 9


def test_a_mirror_that_breaks_down_is_given_up() -> None:
    def answer(talk: Talk) -> None:
        talk.answer(200 if len(wire.asked) < 9 else 500, b"abc")

    with Wire() as wire, Engine(AddressPolicy(allow_all=True)) as engine:
        urls = [wire.put(f"/f{i}", answer) for i in range(90)]
        files = [Wanted(f"f{i}", (url,), Expected(3)) for i, url in enumerate(urls)]
        found = survey(files, engine, lambda done, total: None)
    assert found.mirrors[wire.url].state is State.DEAD
    assert len(wire.asked) < 60
    assert not any(found.sources(number) for number in range(90))


def test_ranges_and_rate_are_told_by_files_that_are_given(lab: Lab, other_lab: Lab) -> None:
    """Neither by empty ones nor by those that are not there, whatever their order."""
    announced = {"Accept-Ranges": "bytes"}
    other_lab.put("empty", headers=announced)
    with Lab() as third, Engine(AddressPolicy(allow_all=True)) as engine:
        sizes = {"lost": 900_000, "wrong": 800_000, "empty": 0, "b": 3, "large": 300_000}
        urls = {name: lab.put(name, bytes(size), ranges=False) for name, size in sizes.items()}
        lab.put("lost", status=404)
        lab.put("wrong", bytes(799_999), ranges=False)
        lab.put("large", bytes(300_000), ranges=False, delay=0.1)  # the last to answer
        files = [Wanted(name, (url,), Expected(sizes[name])) for name, url in urls.items()]
        files += [
            Wanted("c", (third.put("empty", head=False, ranges=False),), Expected()),
            Wanted("d", (f"{other_lab.url}/empty",), Expected()),
            Wanted("e", (lab.put("terms", status=403),), Expected()),
        ]
        found = survey(files, engine, lambda done, total: None)
        mirrors = [found.mirrors[one.url] for one in (lab, third, other_lab)]
        assert engine.origins.of(lab.url).score.rate > 0
        # one file alone was asked for with a range, but for those that HEAD did not give
        asked = [r.path for r in lab.requests if r.method == "GET" and r.status == 200]
        assert asked == ["/wrong", "/large"]
        assert len(third.requests) == 2
        assert [m.ranges for m in mirrors] == [Ranges.IGNORED, Ranges.UNTOLD, Ranges.ANNOUNCED]
        assert [m.ranges.known for m in mirrors] == [False, None, True]
        # what one file says of a login is said of the mirror, in full
        assert mirrors[0].state is State.OK
        assert mirrors[0].fault
        assert f"  datalad jsdl-login {lab.url}/terms" in phrase(mirrors[0].fault)
        assert found.sizes()[lab.url] == (2_000_003, 1)
        # a second look does not measure again
        lab.put("b", b"abc", headers=announced)
        again = survey(files[3:5], engine, lambda done, total: None).mirrors[lab.url]
        assert (again.ranges, again.sampled) == (Ranges.ANNOUNCED, False)
        assert max(Ranges.ANNOUNCED, Ranges.IGNORED).known is False
        assert max(Ranges).known is True


def test_a_file_that_only_head_gives_is_not_given(lab: Lab) -> None:
    """HEAD is good, GET is not: the next largest is the sample."""
    files = [
        Wanted("f", (lab.put("f", versions=[Version(bytes(9)), Version(bytes(8))]),), Expected(9)),
        Wanted("g", (lab.put("g", bytes(5)),), Expected(5)),
    ]
    with Engine(AddressPolicy(allow_all=True)) as engine:
        found = survey(files, engine, lambda done, total: None)
    mirror = found.mirrors[lab.url]
    assert mirror.answers == {State.SIZE: 1, State.OK: 1}
    assert mirror.ranges is Ranges.GIVEN
    assert [bool(found.sources(number)) for number in (0, 1)] == [False, True]


def test_a_mirror_without_head_and_ranges_is_spared(lab: Lab) -> None:
    urls = [lab.put(f"f{i}", bytes(100_000), head=False, ranges=False) for i in range(100)]
    with Engine(AddressPolicy(allow_all=True)) as engine:
        files = [Wanted(url, (url,), Expected()) for url in urls]
        found = survey(files, engine, lambda done, total: None)
    asked = [request for request in lab.requests if request.method == "GET"]
    assert 50 <= len(asked) - 1 == len(found.answers) < 55  # and a sample
    assert all(found.sources(number) for number in range(100))
    assert found.size(next(iter(found.answers))) == 100_000


class Desk:
    """A server of one file under many names, which it is asked for; it counts how many at once."""

    def __init__(self, most: int = 1000, *, serial: bool = False) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._turn = threading.Lock() if serial else nullcontext()
        self._active = 0
        self.refused = self.highest = 0

    def __call__(self, talk: Talk) -> None:
        with self._lock:
            self._active += 1
            is_refused = self._active > self._most
            self.refused += is_refused
            self.highest = max(self.highest, self._active)
        try:
            if is_refused:
                talk.answer(429, b"", "Retry-After: 0")
                return
            with self._turn:
                talk.pause(0.02)
            talk.answer(200, b"content")
        finally:
            with self._lock:
                self._active -= 1


@pytest.mark.parametrize(
    ("desk", "most"),
    [
        pytest.param(Desk(), 16, id="quick"),
        pytest.param(Desk(4), 8, id="refuses the fifth"),
        pytest.param(Desk(serial=True), 8, id="one after the other"),
    ],
)
def test_more_questions_at_a_time_where_that_makes_no_answer_slower(desk: Desk, most: int) -> None:
    with Wire() as server, Engine(AddressPolicy(allow_all=True)) as engine:
        server.other = desk
        wanted = [
            Wanted(f"{n}", (f"{server.url}/{n}",), Expected(7, "sha256", "0" * 64))
            for n in range(150)
        ]
        found = survey(wanted, engine, lambda done, all_: None)
    (mirror,) = found.mirrors.values()
    assert (mirror.state, mirror.answers[State.OK]) == (State.OK, 150)
    assert desk.highest <= most
    assert desk.highest > 4
    assert desk.refused <= 12  # those of one look, and no more


def test_a_limit_of_the_user_s_is_kept() -> None:
    desk = Desk()
    settings = Settings(connections_per_host=2)
    with Wire() as server, Engine(AddressPolicy(allow_all=True), settings) as engine:
        server.other = desk
        wanted = [Wanted(f"{n}", (f"{server.url}/{n}",), Expected(7)) for n in range(40)]
        survey(wanted, engine, lambda done, all_: None)
    assert desk.highest == 2
