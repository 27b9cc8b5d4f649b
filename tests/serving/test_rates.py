"""How often visitors may ask, whom they are counted as, and what crawlers are told."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import limits
import pytest
from starlette.testclient import TestClient

from datalad_jsdl.errors import PortalError
from datalad_jsdl.portal.accounts.proxy import networks_of
from datalad_jsdl.portal.accounts.settings import read_accounts
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.clients import address_of
from datalad_jsdl.portal.identity import Visitor
from datalad_jsdl.portal.limited import counted_as
from datalad_jsdl.portal.order_actions import archive_path
from datalad_jsdl.portal.rates import DEFAULT_RATES, Kind, Rates, kind_of, rate_of
from tests.lab import free_port
from tests.serving.test_public import HERE, Make, browser, portal

__all__ = ["portal"]  # a fixture

TWO = limits.parse("2/hour")


@pytest.mark.parametrize(
    ("request_line", "kind"),
    [
        ("PUT /api/v1/download/list/me/order", Kind.ORDER),
        ("POST /api/v1/orders/x/repeat", Kind.ORDER),
        ("POST /list/order", Kind.ORDER),
        ("POST /orders/x/again", Kind.ORDER),
        ("POST /api/v1/download/list/me/add", Kind.ADD),
        ("POST /api/v1/download/list/me/add/async/start", Kind.ADD),
        ("POST /datasets/a b/add", Kind.ADD),
        ("POST /api/v1/query", Kind.SEARCH),
        ("GET /datasets/x?q=a", Kind.SEARCH),
        ("GET /datasets/x", None),
        ("GET /datasets/x/terms?a", None),
        ("POST /sign-in", Kind.SIGN_IN),
        ("GET /openid/back?code=x", Kind.SIGN_IN),
        ("HEAD /d/order.signature/x.zip", Kind.LINK),
        ("GET /api/v1/orders/x/archive", None),
        ("POST /choose", Kind.ADD),
        ("POST /choose/add", Kind.ADD),
        ("POST /chosen/x/add", Kind.ADD),
        ("POST /chosen/x/undo", None),
        ("GET /chosen/x", Kind.SEARCH),
        ("GET /choose?dataset=x", Kind.SEARCH),
        ("POST /studies/x/archive", Kind.ORDER),
        ("POST /api/series/x/archive", Kind.ORDER),
        ("GET /api/patients/x/archive", Kind.SEARCH),
        ("GET /studies?patient=x", Kind.SEARCH),
        ("GET /series/x", Kind.SEARCH),
        ("GET /", None),
    ],
)
def test_what_is_counted(request_line: str, kind: Kind | None) -> None:
    method, _, rest = request_line.partition(" ")
    path, _, query = rest.partition("?")
    assert kind_of(method, path, query.encode()) is kind


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9, 192.0.2.1", "192.0.2.1"),  # the first was said by the client
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("192.0.2.7", "203.0.113.9", "192.0.2.7"),  # no proxy: it can say what it likes
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("::ffff:192.0.2.7", "", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("10.0.0.1", "[2001:db8:1:2::5]", "2001:db8:1:2::/64"),
        ("testclient", "", "testclient"),
    ],
)
def test_where_a_request_is_from(client: str, forwarded: str, address: str) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"type": "http", "client": (client, 1), "headers": headers}
    assert address_of(scope, networks_of(["10.0.0.0/8"])) == address


def test_whom_it_is_counted_for() -> None:
    assert counted_as(Visitor("ada"), "192.0.2.1") == "user ada"
    for nobody in (None, Visitor("anonymous:x", is_anonymous=True)):
        assert counted_as(nobody, "192.0.2.1") == "at 192.0.2.1"


def test_who_asks_too_often_is_told_when_to_come_again(portal: Make) -> None:
    """A new cookie is no way around it; another address is another visitor's."""
    site = portal()
    site.rates = Rates({Kind.ADD: TWO})
    file = {"dataset": "open", "path": "a"}
    url = "/api/v1/download/list/me/add"
    answers = [browser(site).post(url, json=file) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["content-type"] == "application/problem+json"
    assert 3000 < int(answers[2].headers["retry-after"]) <= 3601
    page = browser(site).post("/datasets/open/add", data={})
    assert (page.status_code, "Too much at the same time" in page.text) == (429, True)
    elsewhere = TestClient(make_app(site), headers=HERE, client=("192.0.2.9", 1))
    assert elsewhere.post(url, json=file).status_code == 200
    assert browser(site).get("/datasets/open?q=a").status_code == 200  # of another kind


def test_links_are_not_guessed(portal: Make) -> None:
    """Those that are right are not counted."""
    site = portal()
    site.rates = Rates({Kind.LINK: TWO})
    client = TestClient(make_app(site), headers=HERE)
    client.post("/api/v1/download/list/me/add", json={"dataset": "open", "path": "a"})
    order = client.put("/api/v1/download/list/me/order", json={}).json()["orderId"]
    link, _ = archive_path(site, site.desk.orders.summary(order))
    right = [client.head(link).status_code for _ in range(3)]
    assert set(right) & {200, 409} == set(right)
    wrong = [client.get(f"/d/{order}.{n}/all.zip").status_code for n in range(3)]
    assert wrong == [404, 404, 429]


def test_a_rate_is_shared_by_redis(program: Callable[[str], str], tmp_path: Path) -> None:
    port = free_port()
    command = [program("redis-server"), "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            while not _answers(port):
                assert server.poll() is None
            url = f"redis://127.0.0.1:{port}/0"
            one, other = (Rates({Kind.ORDER: TWO}, url) for _ in range(2))
            assert [rates.wait(Kind.ORDER, "ada") for rates in (one, other)] == [0, 0]
            assert one.wait(Kind.ORDER, "ada") > 0
            assert other.wait(Kind.ORDER, "bob") == 0
        finally:
            server.terminate()
    assert one.wait(Kind.ORDER, "ada") == 0  # who cannot be counted may ask


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("given", ["", "5", "0/minute", "many", "-1/minute"])
def test_what_is_no_rate(given: str) -> None:
    with pytest.raises(PortalError, match="expected a rate such as 30/minute"):
        rate_of(given)


def test_what_operators_set_of_rates(tmp_path: Path) -> None:
    file = tmp_path / "portal.ini"
    file.write_text(
        "[sign-in]\nby = nobody\ntrusted = 10.0.0.1\n[dataset a]\nfor = public\n"
        "[rates]\norder = 2/hour\nsearch = none\ncount-in = redis://127.0.0.1/0\n"
        "[robots]\nallow = yes\n"
    )
    found = read_accounts(file)
    assert found.rates == {Kind.ORDER: TWO, Kind.SEARCH: None}
    assert (found.counted_at, found.robots) == ("redis://127.0.0.1/0", True)
    assert found.trusted == networks_of(["10.0.0.1"])
    file.write_text("[rates]\norder = often")
    with pytest.raises(PortalError, match=r"\[rates\]: expected a rate"):
        read_accounts(file)
    with pytest.raises(PortalError, match="expected a URL such as redis:"):
        Rates(DEFAULT_RATES, "nonsense://x:hush@y")


def test_crawlers_stay_away(portal: Make) -> None:
    site = portal()
    client = browser(site)
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    for path in ("/", "/datasets/open", "/health", "/nothing", "/static/portal.css"):
        assert client.get(path).headers["x-robots-tag"] == "noindex, nofollow"


def test_crawlers_may_come(portal: Make) -> None:
    site = portal()
    site.robots = True
    client = browser(site)
    assert "Disallow: /api/" in client.get("/robots.txt").text
    assert "x-robots-tag" not in client.get("/datasets/open").headers
    for path in ("/orders", "/api/v1/datasets", "/list"):
        assert client.get(path).headers["x-robots-tag"] == "noindex, nofollow"
