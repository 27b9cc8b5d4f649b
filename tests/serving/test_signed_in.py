"""Two users whom a provider signs in: what each may see, what has to be accepted, what is whose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from starlette.testclient import TestClient

from datalad_jsdl.errors import PortalError
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.store.sessions import Sessions
from datalad_jsdl.orders.store.terms import accepted_on
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.making import made_site
from datalad_jsdl.portal.rules import DatasetRule, Openness, Rules
from datalad_jsdl.portal.site import Site
from tests.pages.conftest import made
from tests.serving.provider import Provider

SETTINGS = """
[sign-in]
by = openid
origin = http://testserver
issuer = {issuer}
client-id = jsdl
client-secret-file = secret.txt
[dataset staff-only]
for = group staff
terms = terms.txt
[role staff]
files = 1
"""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider("jsdl", "hush") as provider:
        yield provider


@pytest.fixture
def site(home: Path, tmp_path: Path, provider: Provider) -> Iterator[Site]:
    (tmp_path / "secret.txt").write_text("hush\n")
    (tmp_path / "terms.txt").write_text("Cite us.\n")
    settings = tmp_path / "portal.ini"
    settings.write_text(SETTINGS.format(issuer=provider.issuer))
    for name in ("all", "staff-only"):
        made(tmp_path / "data" / name, {"a": b"a", "b": b"bb"})
    listening = listen("127.0.0.1", 0)
    with Store.of_file(tmp_path / "s.sqlite") as store:
        desk = Desk(store)
        site, address = made_site(desk, [str(tmp_path / "data")], listening, "", settings)
        assert address == "http://testserver/"
        yield site
        site.close()
    listening.socket.close()


def browser(site: Site, provider: Provider, **claims: object) -> TestClient:
    """Somebody who is signed in, by links alone."""
    provider.user = claims
    client = TestClient(make_app(site), follow_redirects=False)
    page = client.get("/", follow_redirects=True)
    link = re.search(r'href="(/openid/start[^"]*)"', page.text)
    assert link, page.text
    away = client.get(link[1].replace("&amp;", "&"))
    back = requests.get(away.headers["location"], allow_redirects=False, timeout=60)
    home = client.get(back.headers["Location"])
    assert home.headers["location"] == "/"
    return client


def test_each_sees_what_is_for_them(site: Site, provider: Provider) -> None:
    ada = browser(site, provider, sub="1", name="Ada", groups=["staff"])
    bob = browser(site, provider, sub="2", name="Bob")
    names = [
        [dataset["name"] for dataset in client.get("/api/v1/datasets").json()["datasets"]]
        for client in (ada, bob)
    ]
    assert names == [["all", "staff-only"], ["all"]]
    assert "staff-only" not in bob.get("/").text
    assert bob.get("/api/v1/datasets/staff-only/files").status_code == 404


def test_whom_nothing_is_for_is_told_so(site: Site, provider: Provider) -> None:
    rule = DatasetRule(Openness.GROUPS, frozenset({"staff"}))
    site.rules = Rules({item.name: rule for item in site.served})
    bob = browser(site, provider, sub="2", name="Bob")
    assert "Nothing here is for you." in bob.get("/").text
    ada = browser(site, provider, sub="1", name="Ada", groups=["staff"])
    assert "Nothing here" not in ada.get("/").text


def test_lists_are_of_one_user(site: Site, provider: Provider) -> None:
    ada = browser(site, provider, sub="1", name="Ada", groups=["staff"])
    bob = browser(site, provider, sub="2", name="Bob")
    fields = {"sec-fetch-site": "same-origin"}
    added = ada.post(
        "/api/v1/download/list/me/add", json={"dataset": "all", "path": "a"}, headers=fields
    )
    assert added.status_code == 200, added.text
    assert len(ada.get("/api/v1/download/list/me").json()["filesToDownload"]) == 1
    assert bob.get("/api/v1/download/list/me").json()["filesToDownload"] == []
    assert bob.get("/api/v1/download/list/1").status_code == 404
    order = ada.put("/api/v1/download/list/me/order", json={}, headers=fields).json()["orderId"]
    assert bob.get(f"/api/v1/download/order/{order}").status_code == 404
    assert bob.get(f"/api/v1/orders/{order}/archive").status_code == 404


def test_who_has_signed_out_has_signed_out(site: Site, provider: Provider) -> None:
    """A cookie that somebody has copied is no use, in whatever process."""
    ada = browser(site, provider, sub="1", name="Ada")
    thief = TestClient(make_app(site), cookies=dict(ada.cookies), follow_redirects=False)
    assert thief.get("/api/v1/datasets").status_code == 200
    form = re.search(r'name="token" value="([0-9a-f]{64})"', ada.get("/list").text)
    assert form
    fields = {"sec-fetch-site": "same-origin"}
    out = ada.post("/sign-out", data={"token": form[1]}, headers=fields)
    assert out.headers["location"] == "/sign-in"
    assert thief.get("/api/v1/datasets").status_code == 401
    with Store(site.desk.store.url) as store:
        assert Sessions(store).is_ended(_session(site, thief))
    again = browser(site, provider, sub="1", name="Ada")
    assert again.get("/api/v1/datasets").status_code == 200


def _session(site: Site, client: TestClient) -> str:
    found = site.identity.visitor({}, dict(client.cookies), "")
    assert found is not None
    return found.session


def test_what_has_ended_is_forgotten(tmp_path: Path) -> None:
    with Store.of_file(tmp_path / "s.sqlite") as store:
        sessions = Sessions(store)
        assert not sessions.is_ended("a")
        assert sessions.is_known("a")
        sessions.end("a", -1)
        assert not sessions.is_known("a")
        assert sessions.is_ended("a")
        sessions.end("b", 60)  # rows of sessions that would be over go
        assert [sessions.is_ended(name) for name in "ab"] == [False, True]


def test_terms_come_before_an_order(site: Site, provider: Provider) -> None:
    ada = browser(site, provider, sub="1", name="Ada", groups=["staff"])
    fields = {"sec-fetch-site": "same-origin"}
    file = {"dataset": "staff-only", "path": "a"}
    ada.post("/api/v1/download/list/me/add", json=file, headers=fields)
    refused = ada.put("/api/v1/download/list/me/order", json={}, headers=fields)
    assert refused.status_code in (403, 409), refused.text
    assert "terms" in refused.json()["detail"]
    terms = ada.get("/api/v1/datasets/staff-only/terms")
    version = terms.json()["version"]
    accepted = ada.post(
        "/api/v1/datasets/staff-only/terms", json={"version": version}, headers=fields
    )
    assert accepted.status_code == 200, accepted.text
    assert accepted_on(site.desk.store, "1", "staff-only", version) is not None
    made_order = ada.put("/api/v1/download/list/me/order", json={}, headers=fields)
    assert made_order.status_code == 201, made_order.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            "[sign-in]\nby = proxy\ntrusted = 127.0.0.1\n[dataset al]\nfor = group a",
            "served are: all",
        ),
        ("[dataset all]\nfor = group a", "remove the sections"),
        ("[role staff]\nfiles = 1", "remove the sections"),
    ],
)
def test_a_rule_that_is_for_nothing(
    home: Path, tmp_path: Path, settings: str, message: str
) -> None:
    """It would leave open what it was meant for."""
    root = made(tmp_path / "data" / "all", {"a": b"a"})
    file = tmp_path / "portal.ini"
    file.write_text(settings)
    listening = listen("127.0.0.1", 0)
    with Store.of_file(tmp_path / "s.sqlite") as store:
        with pytest.raises(PortalError, match=message):
            made_site(Desk(store), [str(root)], listening, "t", file)
        file.write_text("[portal]\nname = x")
        made_site(Desk(store), [str(root)], listening, "t", file)[0].close()
    listening.socket.close()


def test_nobody_fills_the_queue(
    site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datalad_jsdl.portal.actions._ACTIVE", 1)
    bob = browser(site, provider, sub="2", name="Bob")
    fields = {"sec-fetch-site": "same-origin"}
    url = "/api/v1/download/list/me/add/async/start"
    body = {"concreteType": "AddFolderRequest", "parentId": "all"}
    first, second = (bob.post(url, json=body, headers=fields) for _ in range(2))
    assert first.status_code < 300, first.text
    assert second.status_code == 429
