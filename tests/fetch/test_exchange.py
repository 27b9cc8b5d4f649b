"""A connection whose exchange is not over is not used again, whatever it was for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.documents import WebApi
from datalad_jsdl.fetch.mirrors.presence import announced_size, is_present
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.model.content import Expected, Fetched
from tests.fetch.waits import Waits, new_engine, probed, sampled
from tests.wire import Talk, Wire

CONTENT, OTHER = b"[1]" * 3000, b"[22]" * 500
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n"


def hinted(talk: Talk) -> None:
    talk.send(HINTS)
    talk.pause(0.02)  # late enough to be taken for the answer to what is asked next
    talk.file(CONTENT)


def doubled(talk: Talk) -> None:
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT)
    body = b"" if talk.asked.method == "HEAD" else CONTENT
    talk.send((whole + body) * 2)


def overlong(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT) + CONTENT + b"more")


def body_for_head(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT) + CONTENT)


def no_content(talk: Talk) -> None:
    """204 has no body; this server sends one."""
    talk.send(b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nabcde")


def fetch(url: str, engine: Engine) -> bool:
    outcome = fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
    return isinstance(outcome, Fetched) and Path("f").read_bytes() == CONTENT


def read(url: str, engine: Engine) -> bool:
    return WebApi(engine).get(url).text.encode() == CONTENT


def ask(url: str, engine: Engine) -> bool:
    return probed(url, Expected(len(CONTENT)), engine).state is State.OK


def take_sample(url: str, engine: Engine) -> bool:
    return sampled(url, Expected(len(CONTENT)), engine, 500).state is State.OK


def is_there(url: str, engine: Engine) -> bool:
    return is_present([url], Expected(len(CONTENT)), engine)


def measure(url: str, engine: Engine) -> bool:
    return announced_size([url], engine) == len(CONTENT)


WAYS = [fetch, read, ask, take_sample, is_there, measure]


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as server:
        yield server


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answer", [hinted, doubled, overlong, body_for_head])
def test_what_follows_is_right(
    wire: Wire, answer: Callable[[Talk], None], way: Callable[[str, Engine], bool]
) -> None:
    url, other = wire.put("/f", answer), wire.put("/other", OTHER)
    with new_engine(Waits(), connections=1) as engine:
        for turn in range(3):
            assert way(url, engine)
            outcome = fetch_file(Job("o", (other,), Expected(), Path(f"o{turn}")), engine)
            assert isinstance(outcome, Fetched)
            assert Path(f"o{turn}").read_bytes() == OTHER


def test_a_body_where_none_can_be(wire: Wire) -> None:
    url, other = wire.put("/f", no_content), wire.put("/other", OTHER)
    with new_engine(Waits(), connections=1) as engine:
        fetch_file(Job("f", (url,), Expected(), Path("f")), engine)
        outcome = fetch_file(Job("o", (other,), Expected(), Path("o")), engine)
    assert isinstance(outcome, Fetched)
    assert Path("o").read_bytes() == OTHER


def test_connections_are_used_again_where_nothing_is_left(wire: Wire) -> None:
    """Else all of the above would hold for the wrong reason."""
    url = wire.put("/f", hinted)
    with new_engine(Waits(), connections=1) as engine:
        assert all(fetch(url, engine) for _ in range(3))
        assert all(ask(url, engine) for _ in range(3))
    assert {asked.connection for asked in wire.asked} == {0}


@pytest.mark.parametrize("answer", [doubled, overlong])
def test_and_not_where_something_is_left(wire: Wire, answer: Callable[[Talk], None]) -> None:
    url = wire.put("/f", answer)
    with new_engine(Waits(), connections=1) as engine:
        assert all(fetch(url, engine) for _ in range(3))
    assert {asked.connection for asked in wire.asked} == {0, 1, 2}


def drip(talk: Talk, head: bytes) -> None:
    for at in range(len(head)):
        talk.send(head[at : at + 1])
        talk.pause(0.05)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X-Endless: x\r\n" * 1000,
        b"HTTP/1.1 200 " + b"x" * 10_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 10_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 1000,
    ],
    ids=["fields", "reason", "extension", "trailer"],
)
def test_what_drips_beside_the_body_is_not_waited_for_for_ever(wire: Wire, head: bytes) -> None:
    dripping = wire.put("/f", lambda talk: drip(talk, head))
    good = wire.put("/good", CONTENT)
    with new_engine(Waits(), read_timeout=0.2, retries=1) as engine:
        job = Job("f", (dripping, good), Expected(len(CONTENT)), Path("f"))
        assert isinstance(fetch_file(job, engine), Fetched)
    assert Path("f").read_bytes() == CONTENT
