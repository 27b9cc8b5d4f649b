"""A file that is said to be empty is asked for like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.mirrors.ask_all import survey
from datalad_jsdl.fetch.mirrors.presence import is_present
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.mirrors.survey import Wanted
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import Waits, new_engine
from tests.lab import sha256
from tests.wire import Answer, Talk, Wire

SIZED = Expected(0)
KNOWN = Expected(0, "sha256", sha256(b""))
WRONG = Expected(0, "sha256", sha256(b"x"))


def plain(talk: Talk) -> None:
    talk.file(b"")


def chunked(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    if talk.asked.method != "HEAD":
        talk.send(b"0\r\n\r\n")


def until_the_end(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n")
    talk.close()


def no_content(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 204 No Content\r\n\r\n")


def no_head(talk: Talk) -> None:
    if talk.asked.method == "HEAD":
        talk.answer(405)
    else:
        talk.file(b"")  # 416 to a range


EMPTY: dict[str, Answer] = {
    "plain": plain,
    "chunked": chunked,
    "until-the-end": until_the_end,
    "no-content": no_content,
    "no-head": no_head,
}


def more_in_chunks(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    if talk.asked.method != "HEAD":
        talk.send(b"3\r\nabc\r\n0\r\n\r\n")


def more_until_the_end(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n")
    talk.send(b"" if talk.asked.method == "HEAD" else b"abc")
    talk.close()


MORE: dict[str, tuple[Answer, str]] = {
    "length": (lambda talk: talk.file(b"abc"), "the server has 3"),
    "chunked": (more_in_chunks, "the server has more"),
    "until-the-end": (more_until_the_end, "the server has more"),
    "gone": (lambda talk: talk.answer(404), "HTTP status 404"),
    "login": (lambda talk: talk.answer(401), "HTTP status 401"),
    "broken": (lambda talk: talk.answer(500), "HTTP status 500"),
}


def fetch(*urls: str, expected: Expected) -> Fetched | Failed:
    with new_engine(Waits()) as engine:
        return fetch_file(Job("f", urls, expected, Path("f")), engine)


@pytest.mark.parametrize("expected", [SIZED, KNOWN], ids=["size", "digest"])
@pytest.mark.parametrize("way", EMPTY)
def test_an_empty_file_is_asked_for_and_right(way: str, expected: Expected) -> None:
    with Wire({"/f": EMPTY[way]}) as wire:
        outcome = fetch(f"{wire.url}/f", expected=expected)
        assert len(wire.asked) == 1
    assert outcome == Fetched(0, "" if expected.algorithm else sha256(b""))
    assert Path("f").read_bytes() == b""


@pytest.mark.parametrize("expected", [SIZED, KNOWN], ids=["size", "digest"])
@pytest.mark.parametrize("way", MORE)
def test_what_is_not_empty_is_none(way: str, expected: Expected) -> None:
    answer, said = MORE[way]
    with Wire({"/f": answer, "/good": b""}) as wire:
        outcome = fetch(f"{wire.url}/f", expected=expected)
        assert isinstance(outcome, Failed)
        assert said in told(outcome)
        assert not Path("f").exists()
        assert not Path("f.part").exists()
        good = fetch(f"{wire.url}/f", f"{wire.url}/good", expected=expected)
    assert isinstance(good, Fetched)


@pytest.mark.parametrize("mirrors", [1, 2, 3])
def test_an_empty_file_with_the_digest_of_another(mirrors: int) -> None:
    with Wire({f"/{number}": b"" for number in range(mirrors)}) as wire:
        urls = [f"{wire.url}/{number}" for number in range(mirrors)]
        outcome = fetch(*urls, expected=WRONG)
        assert {asked.target for asked in wire.asked} == {f"/{n}" for n in range(mirrors)}
    assert isinstance(outcome, Failed)
    assert told(outcome).count(f"got {sha256(b'')}") == mirrors


@pytest.mark.parametrize("left", ["f", "f.part"])
@pytest.mark.parametrize("content", [b"", b"abc"], ids=["empty", "longer"])
def test_something_was_left_in_its_place(left: str, content: bytes) -> None:
    Path(left).write_bytes(content)
    with Wire({"/f": b""}) as wire:
        assert isinstance(fetch(f"{wire.url}/f", expected=KNOWN), Fetched)
        assert len(wire.asked) == 1
    assert Path("f").read_bytes() == b""


def check(url: str, expected: Expected) -> State:
    with new_engine(Waits()) as engine:
        found = survey([Wanted("f", (url,), expected)], engine, lambda *_: None)
    return found.answers[0][url].state


@pytest.mark.parametrize("way", EMPTY)
def test_a_check_finds_an_empty_file(way: str) -> None:
    with Wire({"/f": EMPTY[way]}) as wire:
        assert check(f"{wire.url}/f", SIZED) is State.OK
        with new_engine() as engine:
            assert is_present([f"{wire.url}/f"], SIZED, engine)


@pytest.mark.parametrize("way", MORE)
def test_a_check_finds_what_is_not_empty(way: str) -> None:
    with Wire({"/f": MORE[way][0]}) as wire:
        assert check(f"{wire.url}/f", SIZED) is not State.OK
