"""A hostile visitor with sockets of their own: others are served meanwhile, and the log says so."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn

from datalad_jsdl.orders.model import Order
from datalad_jsdl.portal import connections, refusals
from datalad_jsdl.portal.connections import Protocol
from datalad_jsdl.portal.refusals import REFUSALS, Refusals
from tests.portal import content_of
from tests.serving.site import TOKEN, Portal, dataset_of, served

MANY = 300  # connections


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("portal"))
    try:
        with served(dataset_of({"large": content_of("large", 60_000_000)})) as portal:
            yield portal
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def order(portal: Portal) -> Order:
    return portal.order()


@pytest.fixture(autouse=True)
def log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """What is told, from the beginning of each test."""
    monkeypatch.setattr(REFUSALS, "_kinds", {})
    caplog.set_level(logging.INFO, "datalad.jsdl")
    return caplog


def is_served(portal: Portal) -> bool:
    """Whether somebody else is answered."""
    page = portal.ask("/datasets/ds", accept="text/html")
    return page.status == 200 and b"large" in page.body


def until_told(log: pytest.LogCaptureFixture, text: str) -> None:
    end = time.monotonic() + 30
    while not any(re.search(text, record.getMessage()) for record in log.records):
        assert time.monotonic() < end, log.text
        time.sleep(0.02)
    assert TOKEN not in log.text


@contextmanager
def attackers(portal: Portal, number: int, said: bytes) -> Iterator[list[socket.socket]]:
    """Connections, each of which has said something."""
    with ExitStack() as stack:
        found = []
        for _ in range(number):
            attacker = stack.enter_context(socket.create_connection(portal.address, 60))
            attacker.sendall(said)
            found.append(attacker)
        yield found


def head(portal: Portal, path: str, *fields: str, method: str = "GET") -> bytes:
    lines = (f"{method} {path} HTTP/1.1", f"Host: {portal.host}", *fields, "", "")
    return "\r\n".join(lines).encode()


def test_heads_that_come_byte_by_byte(
    portal: Portal, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_HEAD_WITHIN", 2.0)
    with attackers(portal, MANY, b"GET / HTTP/1.1\r\nHost: x\r\nX: ") as all_of_them:
        for byte in b"slow":
            for attacker in all_of_them:
                attacker.sendall(bytes([byte]))
            assert is_served(portal)
        for attacker in all_of_them:
            attacker.settimeout(60)
            assert attacker.recv(100) == b""
    until_told(log, "refused: a head that does not come, from 127.0.0.1")
    assert is_served(portal)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/choose", "application/x-www-form-urlencoded"),
        ("/sign-in", "application/x-www-form-urlencoded"),
        ("/api/v1/download/list/me/add", "application/json"),
    ],
)
def test_bodies_that_do_not_come(
    portal: Portal, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    path: str, kind: str,
) -> None:  # fmt: skip
    for module in ("pages.forms", "api.requests"):
        monkeypatch.setattr(f"datalad_jsdl.portal.{module}._WITHIN", 2.0)
    fields = (f"Content-Type: {kind}", "Content-Length: 1000", f"Authorization: Bearer {TOKEN}")
    with attackers(portal, MANY, head(portal, path, *fields, method="POST")) as all_of_them:
        assert is_served(portal)
        answers = [attacker.recv(100) for attacker in all_of_them]
    assert {answer.split()[1] for answer in answers} == {b"408"}
    until_told(log, "refused: POST .* with 408")
    assert is_served(portal)


def test_forms_that_fill_the_memory(
    portal: Portal, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of nobody in particular have little room; who signs in needs none of it."""
    monkeypatch.setattr(portal.site.strangers, "most", 3_000_000)
    kind = "Content-Type: application/x-www-form-urlencoded"
    said = (
        head(portal, "/choose", kind, "Content-Length: 2000000", method="POST") + b"a" * 1_000_000
    )
    with attackers(portal, 5, said) as all_of_them:
        refused = [a for a in all_of_them if _answered(a)]
        assert refused
        assert {attacker.recv(100).split()[1] for attacker in refused} == {b"503"}
        entered = portal.ask(
            "/sign-in", "POST", sec_fetch_site="same-origin", authorization=None,
            content_type="application/x-www-form-urlencoded", content_length="0",
        )  # fmt: skip
        assert entered.status == 401
        assert is_served(portal)
    until_told(log, "refused: POST .* with 400")  # of those that went away
    assert "a bug" not in log.text


def _answered(attacker: socket.socket) -> bool:
    attacker.settimeout(1)
    try:
        return bool(attacker.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    "ranges",
    [
        ",".join(f"{2 * n}-{2 * n}" for n in range(1000)),
        "0-," * 1000,
        ",".join(f"{1000 * n}-{1000 * n}" for n in range(500)),
        ",".join(["-1"] * 1000),
    ],
    ids=["side-by-side", "all-the-same", "far-apart", "ends"],
)
def test_a_thousand_ranges(portal: Portal, order: Order, ranges: str) -> None:
    """They are one range, or none: each costs no more than the archive as a whole."""
    url = f"/api/v1/orders/{order.summary.id}/archive"
    size = order.summary.archive_size or 0
    who = f"Authorization: Bearer {TOKEN}"
    with attackers(portal, 5, head(portal, url, who, f"Range: bytes={ranges}")) as all_of_them:
        assert is_served(portal)
        for attacker in all_of_them:
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += attacker.recv(1000)
            (length,) = re.findall(rb"content-length: (\d+)", answer)
            assert b"multipart" not in answer
            assert int(length) <= size
    assert is_served(portal)


def test_a_zip_of_everything_again_and_again(
    portal: Portal, order: Order, log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one user may have at once is limited, and the pages are not held up by it."""
    monkeypatch.setattr(portal.site.streams, "of_user", 20)
    url = f"/api/v1/orders/{order.summary.id}/archive"
    who = f"Authorization: Bearer {TOKEN}"
    with attackers(portal, 60, head(portal, url, who)) as all_of_them:
        assert is_served(portal)
        answers = [attacker.recv(100).split()[1] for attacker in all_of_them]
        assert answers.count(b"429") >= 40
        assert is_served(portal)
    until_told(log, r"refused: GET /api/v1/orders/\{order\}/archive with 429 for 'me'")
    while portal.site.streams.under_way:
        time.sleep(0.02)
    assert portal.ask(url, "HEAD").status == 200


def test_more_downloads_than_the_system_allows_files_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes a socket, and the content; a service begins with 1,024 for all."""
    monkeypatch.chdir(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/dev/fd")) + 60, hard))
    try:
        with served(dataset_of({"large": content_of("large", 60_000_000)})) as portal:
            url = f"/api/v1/orders/{portal.order().summary.id}/archive"
            asked = head(portal, url, f"Authorization: Bearer {TOKEN}")
            with attackers(portal, 100, asked) as all_of_them:
                assert {attacker.recv(100).split()[1] for attacker in all_of_them} == {b"200"}
                assert is_served(portal)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def endless() -> Iterator[tuple[str, int]]:
    """A server with our connections, whose answers are larger than systems hold for a client."""

    async def app(scope: object, receive: object, send: object) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": []}
        await send(start)  # type: ignore[operator]  # of ASGI
        await send({"type": "http.response.body", "body": b"x" * 50_000_000})  # type: ignore[operator]

    config = uvicorn.Config(app, http=Protocol, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        yield listening.getsockname()
        server.should_exit = True
        thread.join()


def test_an_answer_that_is_not_taken(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whatever page: what waits for a client is not kept for ever."""
    monkeypatch.setattr(connections, "_TAKEN_WITHIN", 0.5)
    with endless() as address:
        with socket.create_connection(address, 60) as slow:
            slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            until_told(log, "refused: a client that takes next to nothing, from 127.0.0.1")
            with pytest.raises(ConnectionResetError):
                list(iter(lambda: slow.recv(1 << 20), b""))
        with socket.create_connection(address, 60) as fast:
            fast.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert sum(map(len, iter(lambda: fast.recv(1 << 20), b""))) > 50_000_000


def test_a_flood_is_a_few_lines(log: pytest.LogCaptureFixture) -> None:
    now = 0.0
    told = Refusals(lambda: now)
    for _ in range(1000):
        told.tell("a head", "1.2.3.4")
    now = 61.0
    told.tell("a head", "1.2.3.4")
    assert [record.getMessage() for record in log.records] == [
        "refused: a head, from 1.2.3.4",
        "refused: a head, from 1.2.3.4, and 999 times more since the last line",
    ]
    for number in range(5000):
        told.tell("a head", f"1.2.{number}")
    assert len(told._kinds) <= refusals._MOST + 1
