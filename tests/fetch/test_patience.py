"""An archive that is slow to begin is waited for, one that is dead is not waited for twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import urllib3
from urllib3.connection import HTTPConnection

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_all, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.answers import Limits, no_answer
from datalad_jsdl.fetch.mirrors.ask_all import survey
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.mirrors.survey import Wanted
from datalad_jsdl.fetch.phrases import phrase, told
from datalad_jsdl.fetch.settings import Settings
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import Waits, new_engine
from tests.lab import sha256
from tests.portal import content_of
from tests.wire import Answer, Talk, Wire

CONTENT = content_of("f", 150_000)
KNOWN = Expected(len(CONTENT), "sha256", sha256(CONTENT))
LIMIT = 0.2  # seconds; three and nine times as much are the next two limits
HEAD = f"HTTP/1.1 200 X\r\nContent-Length: {len(CONTENT)}\r\n"


def late(seconds: float) -> Answer:
    """Answers after so many seconds."""

    def answer(talk: Talk) -> None:
        talk.pause(seconds)
        talk.file(CONTENT)

    return answer


def late_body(talk: Talk) -> None:
    """The head comes at once, as of a zip that is still being made."""
    talk.send(f"{HEAD}\r\n".encode())
    talk.pause(2 * LIMIT)
    talk.send(CONTENT)


def patient() -> Engine:
    return new_engine(Waits(), read_timeout=LIMIT, segments=1)


def job(name: str, *urls: str) -> Job:
    return Job(name, urls, KNOWN, Path(name))


@pytest.mark.parametrize(
    ("answer", "requests"),
    [(late(2 * LIMIT), 2), (late_body, 2), (late(5 * LIMIT), 3)],
    ids=["head", "body", "longer"],
)
def test_a_slow_archive_is_waited_for(answer: Answer, requests: int) -> None:
    with Wire({"/f": answer, "/next": answer}) as wire, patient() as engine:
        outcome = fetch_file(job("f", f"{wire.url}/f"), engine)
        assert isinstance(outcome, Fetched), outcome
        assert len(wire.asked) == requests
        # what was learned of it holds for the next file
        assert isinstance(fetch_file(job("next", f"{wire.url}/next"), engine), Fetched)
        assert len(wire.asked) == requests + 1
    assert Path("f").read_bytes() == CONTENT


def test_many_files_of_a_slow_archive() -> None:
    files = {f"/{number}": late(2 * LIMIT) for number in range(24)}
    with Wire(dict(files)) as wire, patient() as engine:
        jobs = [job(path[1:], wire.url + path) for path in files]
        outcomes = list(fetch_all(jobs, engine, 8))
        assert all(isinstance(outcome, Fetched) for _, outcome in outcomes)
        assert len(wire.asked) <= 24 + 8


def test_where_there_is_another_mirror_it_is_not_waited_longer() -> None:
    with Wire({"/f": late(2 * LIMIT), "/g": CONTENT}) as wire, patient() as engine:
        outcome = fetch_file(job("f", f"{wire.url}/f", f"{wire.url}/g"), engine)
        assert isinstance(outcome, Fetched)
        assert [asked.target for asked in wire.asked] == ["/f", "/g"]


def test_a_mirror_that_has_failed_is_none_to_turn_to() -> None:
    routes = {"/f": late(2 * LIMIT), "/g": lambda talk: talk.answer(500)}
    with Wire({"/f": routes["/f"]}) as wire, Wire({"/g": routes["/g"]}) as other:
        with patient() as engine:
            outcome = fetch_file(job("f", f"{wire.url}/f", f"{other.url}/g"), engine)
        assert isinstance(outcome, Fetched), outcome
        assert len(wire.asked) == 2


@pytest.mark.parametrize("last", ["", "Connection: close\r\n"], ids=["kept", "closed"])
def test_a_gap_in_the_middle_is_given_no_longer(last: str) -> None:
    def answer(talk: Talk) -> None:
        if len(talk.server.asked) > 2:
            talk.file(CONTENT)
            return
        talk.pause(2 * LIMIT)
        talk.send(f"{HEAD}{last}\r\n".encode() + CONTENT[:100_000])
        talk.pause(2 * LIMIT)
        talk.send(CONTENT[100_000:])
        talk.close()

    with Wire({"/f": answer}) as wire, patient() as engine:
        assert isinstance(fetch_file(job("f", f"{wire.url}/f"), engine), Fetched)
        assert [asked.headers.get("range") for asked in wire.asked] == [
            None, None, "bytes=100000-",
        ]  # fmt: skip


def test_a_silent_mirror_is_given_up_with_the_limit_and_its_setting() -> None:
    with Wire({"/f": late(60)}) as wire, patient() as engine:
        outcome = fetch_file(job("f", f"{wire.url}/f"), engine)
        assert isinstance(outcome, Failed)
        expected = "no response within 1.8 seconds (git config datalad.jsdl.read-timeout)"
        assert expected in told(outcome)
        # nobody else waits for it again
        outcomes = list(fetch_all([job(f"{n}", f"{wire.url}/f") for n in range(20)], engine, 4))
        assert all(isinstance(outcome, Failed) for _, outcome in outcomes)
        assert "skipped for " in told(outcomes[-1][1])
        assert len(wire.asked) < 8


def test_retries_are_named() -> None:
    busy = "Retry-After: 86400"
    with (
        Wire({"/f": lambda talk: talk.answer(503, b"", busy)}) as wire,
        new_engine(Waits(), retries=2) as engine,
    ):
        said = told(fetch_file(job("f", f"{wire.url}/f"), engine))
    assert "gave up after 2 attempts (git config datalad.jsdl.retries)" in said
    assert "more than the limit of 30 seconds (git config datalad.jsdl.max-wait)" in said


def check(*urls: str) -> tuple[State, float]:
    with patient() as engine:
        found = survey([Wanted("f", urls, KNOWN)], engine, lambda *_: None)
        origin = engine.origins.of(urls[0])
    return found.mirrors[origin.name].state, origin.score.latency


@pytest.mark.parametrize("body", [late(2 * LIMIT), late_body], ids=["head", "body"])
def test_a_check_measures_the_first_byte_of_a_file_and_not_of_head(body: Answer) -> None:
    def answer(talk: Talk) -> None:
        if talk.asked.method == "HEAD":
            talk.answer(200, CONTENT, "Accept-Ranges: bytes")
        else:
            body(talk)

    with Wire({"/f": answer}) as wire, Wire({"/g": CONTENT}) as other:
        state, latency = check(f"{wire.url}/f")
        assert state is State.OK
        assert latency > LIMIT
        # a download would not wait for it, either, where there is another
        assert check(f"{wire.url}/f", f"{other.url}/g")[0] is State.DEAD


def test_a_check_waits_for_a_slow_archive() -> None:
    with Wire({"/f": late(2 * LIMIT)}) as wire:
        assert check(f"{wire.url}/f")[0] is State.OK


def test_limits_that_no_server_here_can_reach_are_named() -> None:
    limits = Limits.of(Settings(connect_timeout=1.0))
    connection = HTTPConnection("a.example")  # a backlog that is full differs between systems
    error = urllib3.exceptions.ConnectTimeoutError(connection, "timed out")
    assert phrase(no_answer("", error, limits)) == (
        "no connection within 1 second (git config datalad.jsdl.connect-timeout)"
    )
