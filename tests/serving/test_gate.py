"""What no request passes: other names, other sites, heads without end, clients that stall."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from datalad_jsdl.orders.model import Order
from datalad_jsdl.portal import connections, streams
from datalad_jsdl.portal.guards import CrowdedError, Streams
from datalad_jsdl.portal.identity import TokenIdentity
from tests.portal import content_of
from tests.serving.site import TOKEN, Portal, dataset_of, served

LARGE = 60_000_000  # bytes, more than systems hold back for a client


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("portal"))
    try:
        with served(dataset_of({"large": content_of("large", LARGE)})) as portal:
            yield portal
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def order(portal: Portal) -> Order:
    return portal.order()


@pytest.fixture(scope="module")
def cookie(portal: Portal) -> str:
    identity = portal.site.identity
    assert isinstance(identity, TokenIdentity)
    assert TOKEN not in identity.cookie_value
    return f"{identity.cookie}={identity.cookie_value}"


def test_a_cookie_does_instead_of_the_token(portal: Portal, order: Order, cookie: str) -> None:
    url = f"/api/v1/orders/{order.summary.id}/archive"
    assert portal.ask(url, "HEAD", authorization="", cookie=cookie).status == 200
    assert portal.ask(url, "HEAD", authorization="", cookie=cookie + "0").status == 401


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({}, False),
        ({"sec_fetch_site": "cross-site", "authorization": f"Bearer {TOKEN}"}, True),
    ],
    ids=str,
)
def test_only_pages_from_here_change_anything(
    portal: Portal, order: Order, cookie: str, fields: dict[str, str | None], passes: bool
) -> None:
    """What passes is told that an archive cannot be posted to."""
    url = f"/api/v1/orders/{order.summary.id}/archive"
    answer = portal.ask(url, "POST", **{"cookie": cookie, "authorization": None, **fields})
    assert answer.status == (405 if passes else 403)


def test_every_answer_is_hardened(portal: Portal) -> None:
    for path in ("/health", "/nothing", "/api/v1/orders/x/archive"):
        headers = portal.ask(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "server" not in headers


def test_a_head_without_end(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_HEAD_WITHIN", 0.2)
    for beginning in (b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX: "):
        with socket.create_connection(portal.address, 60) as waiting:
            waiting.sendall(beginning)
            assert waiting.recv(100) == b""


def test_a_connection_that_goes_on_without_a_request(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_HEAD_WITHIN", 0.3)
    with socket.create_connection(portal.address, 60) as waiting:
        waiting.sendall(f"GET /health HTTP/1.1\r\nHost: {portal.host}\r\n\r\n".encode())
        assert b"200" in waiting.recv(10_000)
        waiting.sendall(b"\r\n")
        assert b"".join(iter(lambda: waiting.recv(100), b"")) in (b"", b"ok\n")


def test_a_head_that_is_too_large(portal: Portal) -> None:
    with socket.create_connection(portal.address, 60) as endless:
        endless.sendall(f"GET /health HTTP/1.1\r\nHost: {portal.host}\r\n".encode())
        lines = (b"x: " + b"y" * 1000 + b"\r\n") * 100_000
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            endless.sendall(lines)


def test_a_login_that_browsers_repeat_is_no_token(portal: Portal, cookie: str) -> None:
    """Where a proxy asks for a password, pages elsewhere have browsers send it along."""
    url = "/api/v1/orders/x/archive"
    answer = portal.ask(url, "POST", authorization="Basic eDp5", cookie=cookie)
    assert answer.status == 403


def test_a_client_that_takes_nothing(
    portal: Portal, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "_WITHIN", 0.3)
    with socket.create_connection(portal.address, 60) as slow:
        who = f"Host: {portal.host}\r\nAuthorization: Bearer {TOKEN}"
        url = f"/api/v1/orders/{order.summary.id}/archive"
        slow.sendall(f"GET {url} HTTP/1.1\r\n{who}\r\n\r\n".encode())
        while not portal.site.streams.under_way:
            time.sleep(0.01)
        while portal.site.streams.under_way:
            time.sleep(0.01)
        with pytest.raises(ConnectionResetError):
            list(iter(lambda: slow.recv(1 << 20), b""))


def test_there_is_room_for_some() -> None:
    streams = Streams(of_user=2, of_order=3, of_process=4)
    with streams.one("a", "1"), streams.one("a", "2"):
        with pytest.raises(CrowdedError), streams.one("a", "3"):
            pass
        with streams.one("b", "1"), streams.one("c", "1"):
            assert streams.under_way == 4
            with pytest.raises(CrowdedError), streams.one("d", "4"):
                pass
        with streams.one("b", "1"), streams.one("c", "3"):
            pass
    assert streams.under_way == 0


def test_too_many_are_told_when_to_come_again(
    portal: Portal, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal.site.streams, "of_user", 0)
    answer = portal.ask(f"/api/v1/orders/{order.summary.id}/archive")
    assert (answer.status, answer.headers["Retry-After"]) == (429, "10")
