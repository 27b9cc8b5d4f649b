"""Many operations on one engine: each is stopped by itself, and leaves nothing behind."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

import pytest

from datalad_jsdl.faults import Failed, FaultKind
from datalad_jsdl.fetch.bulk import Job, fetch_all, fetch_file
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import Waits, new_engine
from tests.lab import sha256
from tests.portal import content_of
from tests.wire import Talk, Wire

CONTENT = content_of("f", 200_000)
KNOWN = Expected(len(CONTENT), "sha256", sha256(CONTENT))


class Gate:
    """A route that gives half of the content, and the rest when it is let go."""

    def __init__(self) -> None:
        self.there = threading.Semaphore(0)
        self.go = threading.Event()

    def __call__(self, talk: Talk) -> None:
        start = int(talk.asked.headers.get("range", "bytes=0-")[6:-1])
        part = CONTENT[start:]
        talk.send(b"HTTP/1.1 206 X\r\n" if start else b"HTTP/1.1 200 X\r\n")
        last = len(CONTENT) - 1
        if start:
            talk.send(f"Content-Range: bytes {start}-{last}/{last + 1}\r\n".encode())
        talk.send(f"Content-Length: {len(part)}\r\n\r\n".encode())
        talk.send(part[: len(part) // 2])
        self.there.release()
        assert self.go.wait(20)
        talk.send(part[len(part) // 2 :])


def job(name: str, *urls: str, expected: Expected = KNOWN) -> Job:
    return Job(name, urls, expected, Path(name))


def test_an_engine_that_was_interrupted_serves_the_next_as_if_new() -> None:
    gate = Gate()
    with Wire({"/gate": gate, "/f": CONTENT}) as wire, new_engine(read_timeout=20.0) as engine:
        found: list[object] = []
        first = threading.Thread(
            target=lambda: found.append(fetch_file(job("a", f"{wire.url}/gate"), engine))
        )
        first.start()
        assert gate.there.acquire(timeout=20)
        engine.interrupt()
        first.join(20)
        (outcome,) = found
        assert isinstance(outcome, Failed)
        gate.go.set()
        assert isinstance(fetch_file(job("b", f"{wire.url}/f"), engine), Fetched)
        ((_, outcome),) = fetch_all([job("c", f"{wire.url}/f")], engine, 2)
        assert isinstance(outcome, Fetched)


def test_a_file_of_unknown_length_that_is_interrupted_is_not_whole() -> None:
    """The connection ends as it would at the end of the file."""
    there, go = threading.Event(), threading.Event()

    def endless(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n" + CONTENT[:100_000])
        there.set()
        go.wait(20)

    with Wire({"/f": endless}) as wire, new_engine(read_timeout=20.0) as engine:
        found: list[object] = []
        unknown = job("a", f"{wire.url}/f", expected=Expected())
        reader = threading.Thread(target=lambda: found.append(fetch_file(unknown, engine)))
        reader.start()
        assert there.wait(20)
        time.sleep(0.3)  # what has come is read, and more is waited for
        engine.interrupt()
        reader.join(20)
        go.set()
        (outcome,) = found
        assert isinstance(outcome, Failed)
        assert [fault.kind for fault in outcome.faults] == [FaultKind.INTERRUPTED]
        assert not Path("a").exists()


def test_of_two_at_once_one_is_interrupted_and_the_other_goes_on() -> None:
    ours, theirs = Gate(), Gate()
    with (
        Wire({"/ours": ours, "/theirs": theirs, "/f": CONTENT}) as wire,
        new_engine(read_timeout=20.0) as engine,
    ):
        found: list[object] = []

        def go_on() -> None:
            found.extend(fetch_all([job("theirs", f"{wire.url}/theirs")], engine, 1))

        other = threading.Thread(target=go_on)
        other.start()
        mine = fetch_all([job("f", f"{wire.url}/f"), job("ours", f"{wire.url}/ours")], engine, 1)
        next(mine)
        assert ours.there.acquire(timeout=20)
        assert theirs.there.acquire(timeout=20)
        mine.close()
        theirs.go.set()
        other.join(20)
        ((_, outcome),) = found
        assert isinstance(outcome, Fetched)
        ours.go.set()


def test_a_disk_that_is_full_ends_one_operation() -> None:
    with Wire({"/f": CONTENT}) as wire, new_engine() as engine:
        large = job("large", f"{wire.url}/f", expected=Expected(1 << 60))
        ((_, outcome),) = fetch_all([large], engine, 1)
        assert isinstance(outcome, Failed)
        assert outcome.disk_full
        assert isinstance(fetch_file(job("f", f"{wire.url}/f"), engine), Fetched)


def test_after_many_files_a_single_one_asks_a_mirror_with_a_back_off() -> None:
    waits = Waits()
    with Wire({"/f": CONTENT}) as wire, new_engine(waits) as engine:
        url = f"{wire.url}/f"
        list(fetch_all([job("first", url)], engine, 1))
        engine.origins.of(url).back_off_until = waits.now() + 100
        assert isinstance(fetch_file(job("single", url), engine), Fetched)
    assert not waits.seconds


def test_a_bug_is_called_one_and_the_other_files_go_on(caplog: pytest.LogCaptureFixture) -> None:
    with Wire({"/f": CONTENT}) as wire, new_engine() as engine:
        url = f"{wire.url}/f"
        # nobody may ask for a digest that the table does not have
        jobs = [job("bad", url, expected=Expected(3, "no-such", "00")), job("good", url)]
        with caplog.at_level(logging.DEBUG, "datalad.jsdl"):
            outcomes = {item.name: outcome for item, outcome in fetch_all(jobs, engine, 1)}
    assert isinstance(outcomes["good"], Fetched)
    assert isinstance(outcomes["bad"], Failed)
    assert "a bug in datalad-jsdl (KeyError" in told(outcomes["bad"])
    assert "verification.py" in caplog.text


def test_a_bug_in_the_middle_of_a_file(caplog: pytest.LogCaptureFixture) -> None:
    def progress(_: int) -> None:
        raise ValueError("http://user:word@host/")  # as urllib3 does, too

    with Wire({"/f": CONTENT}) as wire, new_engine() as engine:
        with caplog.at_level(logging.DEBUG, "datalad.jsdl"):
            outcome = fetch_file(job("f", f"{wire.url}/f"), engine, progress)
        assert len(wire.asked) == 1
    assert "a bug in datalad-jsdl (ValueError" in told(outcome)
    assert "word" not in told(outcome) + caplog.text
