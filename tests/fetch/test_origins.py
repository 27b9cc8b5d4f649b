"""Which mirror is asked next, and how many times at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datalad_jsdl.faults import Fault, FaultKind, Reply
from datalad_jsdl.fetch.mirrors.ranking import matches
from datalad_jsdl.fetch.mirrors.registry import Origins
from datalad_jsdl.fetch.mirrors.scores import Score, load_scores, save_scores
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.urls import origin_of
from tests.fetch.waits import Waits

A, B, C = (f"https://{name}.example/f" for name in "abc")
RESET = Fault(FaultKind.NO_ANSWER, A, detail="reset")
BUSY = Fault(FaultKind.OVERLOADED, A, reply=Reply(503))


@pytest.fixture
def waits() -> Waits:
    return Waits()


def new(waits: Waits | None = None, known: dict[str, Score] | None = None, **s: Any) -> Origins:
    return Origins(Settings(**s), known or {}, (waits or Waits()).now)


def ask(origins: Origins, url: str, fault: Fault | None = None, gained: int = 0) -> None:
    assert origins.acquire([url], block=False) == url
    origins.release(url, fault, gained)


def test_origin_of() -> None:
    assert origin_of("HTTPS://A.Example:443/x?y") == "https://a.example"
    assert origin_of("http://[::1]:8080/x") == "http://[::1]:8080"
    assert origin_of("http://a:b/") == "(unreadable URL)"


@pytest.mark.parametrize(
    ("pattern", "url", "meant"),
    [
        ("*.amazonaws.com", "https://s3.amazonaws.com/b/k?X-Amz-Signature=1", True),
        ("*.amazonaws.com", "https://amazonaws.com.evil.example/", False),
        ("a.example", "https://A.example:8443/x", True),
        ("a.example:8443", "https://a.example:8443/x", True),
        ("a.example:8443", "https://a.example/x", False),
        ("https://a.example", "https://a.example/x/y", True),
        ("https://a.example/x/*", "https://a.example/x/y", True),
        ("https://a.example/x/*", "https://a.example/z/x/", False),
        ("http://*", "https://a.example/x", False),
    ],
)
def test_patterns(pattern: str, url: str, meant: bool) -> None:
    assert matches(url, pattern) is meant


def test_the_given_order_holds_until_something_is_known() -> None:
    origins = new()
    assert origins.rank([B, A, C], 1000) == [B, A, C]


def test_preferences_come_first() -> None:
    origins = new(prefer=("c.example", "b.example"), avoid=("a.example",))
    d = "https://d.example/f"
    assert origins.rank([A, B, C, d], None) == [C, B, d, A]


def test_much_slower_and_unreliable_mirrors_come_later_but_are_tried_again() -> None:
    known = {
        "https://a.example": Score(rate=1e5, latency=0.01, requests=9),
        "https://b.example": Score(rate=1e7, latency=0.01, requests=9),
    }
    origins = new(known=known)
    orders = [origins.rank([A, B, C], 10_000_000) for _ in range(32)]
    assert orders.count([B, C, A]) == 30
    assert orders.count([A, B, C]) == 2
    known = {"https://a.example": Score(success=0.3, requests=9)}
    assert new(known=known).rank([A, B], None) == [B, A]


def test_three_faults_in_a_row_and_it_backs_off(waits: Waits) -> None:
    origins = new(waits)
    for _ in range(3):
        assert not origins.wait(A)
        ask(origins, A, RESET)
    assert 29 < origins.wait(A) <= 30
    assert not origins.is_dead(A)  # it may be back soon
    assert origins.rank([A, B], None) == [B, A]
    waits.sleep(31)
    # one request finds out; nobody else asks meanwhile
    assert origins.acquire([A], block=False) == A
    assert origins.acquire([A], block=False) is None
    origins.release(A, RESET)
    assert 59 < origins.wait(A) <= 60
    assert origins.is_dead(A)
    waits.sleep(61)
    ask(origins, A)
    assert not origins.wait(A)
    assert origins.acquire([A, A], block=False) == A


def test_faults_with_progress_or_of_one_url_do_not_count(waits: Waits) -> None:
    origins = new(waits)
    for _ in range(5):
        ask(origins, A, RESET, gained=1000)
        ask(origins, A, Fault(FaultKind.GONE, A, reply=Reply(404)))
    assert not origins.wait(A)
    assert origins.of(A).score.success < 0.7


def test_no_connection_at_all_is_dead_at_once(waits: Waits) -> None:
    origins = new(waits)
    for _ in range(3):
        ask(origins, A, Fault(FaultKind.UNCONNECTED, A))
    assert origins.is_dead(A)


def test_a_busy_mirror_is_asked_less(waits: Waits) -> None:
    origins = new(waits, connections_per_host=8)
    assert [origins.acquire([A], block=False) for _ in range(9)] == [A] * 8 + [None]
    for _ in range(8):
        origins.release(A, BUSY)
    assert 0 < origins.wait(A) <= 1
    assert not origins.is_dead(A)
    waits.sleep(1.1)
    assert origins.acquire([A], block=False) == A
    assert origins.acquire([A], block=False) is None  # one at a time
    origins.release(A, None)
    for _ in range(100):
        ask(origins, A)
    assert [origins.acquire([A], block=False) for _ in range(2)] == [A, None]  # not yet
    origins.release(A, None)
    waits.sleep(2)
    for _ in range(100):
        ask(origins, A)
    assert [origins.acquire([A], block=False) for _ in range(8)] == [A] * 8


def test_another_mirror_is_used_where_the_first_has_no_room() -> None:
    origins = new(connections_per_host=1, connections=2)
    assert origins.acquire([A, B], block=False) == A
    assert origins.acquire([A, B], block=False) == B
    assert origins.acquire([C], block=False) is None  # two in all
    origins.leave(A)
    assert origins.acquire([C], block=False) == C
    assert origins.of(A).score.requests == 0


def test_room_grows_with_the_jobs_unless_the_user_says_otherwise() -> None:
    origins = new()
    origins.expect_jobs(20)
    assert [origins.acquire([A], block=False) for _ in range(21)] == [A] * 20 + [None]
    origins = new(connections_per_host=2)
    origins.expect_jobs(20)
    assert [origins.acquire([A], block=False) for _ in range(3)] == [A, A, None]


def test_quarantine_ends(waits: Waits) -> None:
    origins = new(waits)
    wrong = Fault(FaultKind.CONTENT, A)
    origins.quarantine.add(wrong, "00")
    assert origins.quarantine.of(A, "00") == wrong
    assert not origins.quarantine.of(A, "11")
    waits.sleep(601)
    assert not origins.quarantine.of(A, "00")


def test_scores_are_merged_and_survive(tmp_path: Path) -> None:
    file = tmp_path / "annex/jsdl/origins.json"
    score = Score()
    score.add_rate(1e6)
    score.add_latency(0.05)
    score.add_request(good=True)
    save_scores(file, {"https://a.example": score, "https://unused.example": Score()})
    other = Score(requests=1, used=1.0, fault="reset")
    save_scores(file, {"https://b.example": other, "https://a.example": Score(requests=1)})
    assert load_scores(file) == {"https://a.example": score, "https://b.example": other}
    assert str(score).startswith(
        "1.0 MB/s per connection, responds in 50 ms, 100% of recent requests"
    )
    assert [path.name for path in file.parent.iterdir()] == ["origins.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[1]", b"\xff", b'{"version": 1, "origins": 3}', b'{"version": 1}']
    + [
        json.dumps({"version": 1, "origins": {"x": value}}).encode()
        for value in (3, {}, {"rate": "fast"}, {"rate": -1}, {"evil": 1}, {"fault": 3})
    ],
)
def test_what_cannot_be_read_is_forgotten(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "origins.json"
    file.write_bytes(content)
    assert load_scores(file) in ({}, {"x": Score()})
    save_scores(file, {"https://a.example": Score(requests=1, used=1.0)})
    assert "https://a.example" in load_scores(file)
