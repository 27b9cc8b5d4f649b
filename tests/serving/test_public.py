"""Visitors who are not signed in: what is public, each browser with its own list and orders."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from datalad_jsdl.errors import PortalError
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.worker import drain
from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.orders.store import tables
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.portal.accounts.anonymous import AnonymousUsers
from datalad_jsdl.portal.accounts.sealed import sealed
from datalad_jsdl.portal.accounts.settings import read_accounts
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.identity import Visitor
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.look import read_look
from datalad_jsdl.portal.making import made_site
from datalad_jsdl.portal.rules import DatasetRule, Openness, Rules
from datalad_jsdl.portal.site import Site
from tests.pages.conftest import made
from tests.pages.forms import Page

SETTINGS = """
[sign-in]
by = {by}
origin = http://testserver
{more}
[dataset open]
for = public
[dataset inner]
for = group anonymous
[role anonymous]
files = 1
"""
#: By which a page of the portal changes something.
HERE = {"sec-fetch-site": "same-origin"}
Make = Callable[..., Site]


@pytest.fixture
def portal(home: Path, tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:

        def make(by: str = "nobody", more: str = "") -> Site:
            settings = tmp_path / "portal.ini"
            settings.write_text(SETTINGS.format(by=by, more=more))
            for name in ("open", "inner", "usual"):
                made(tmp_path / "data" / name, {"a": b"a", "b": b"bb"})
            listening = listen("127.0.0.1", 0)
            stack.callback(listening.socket.close)
            store = stack.enter_context(Store.of_file(tmp_path / "s.sqlite"))
            given = [str(tmp_path / "data")]
            site, _ = made_site(Desk(store), given, listening, "", settings)
            stack.callback(site.close)
            return site

        yield make


def browser(site: Site, **fields: str) -> TestClient:
    return TestClient(make_app(site), headers={"accept": "text/html", **HERE, **fields})


def listed(client: TestClient) -> list[str]:
    found = client.get("/api/v1/download/list/me").json()
    return [file["path"] for file in found["filesToDownload"]]


def test_from_looking_to_the_download(portal: Make) -> None:
    site = portal()
    client = browser(site)
    page = Page.at(client, "/")
    assert page.url == "/datasets/open"
    assert "Sign" not in page.text
    assert client.get("/api/v1/datasets").json()["datasets"][0]["name"] == "open"
    added = client.post("/api/v1/download/list/me/add", json={"dataset": "open", "path": "a"})
    assert added.status_code == 200, added.text
    order = client.put("/api/v1/download/list/me/order", json={}).json()["orderId"]
    assert order in client.get("/orders").text
    client.post(f"/api/v1/download/order/{order}/async/start")
    drain(Jobs(site.desk.store), tasks(site.desk))
    answer = client.get(f"/api/v1/orders/{order}/archive")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [b"a"]
    other = browser(site)
    assert other.get(f"/api/v1/orders/{order}/archive").status_code == 404
    assert other.get(f"/orders/{order}").status_code == 404
    assert order not in other.get("/orders").text


def test_only_what_is_public_is_for_them(portal: Make) -> None:
    client = browser(portal())
    for name in ("inner", "usual"):
        assert client.get(f"/datasets/{name}").status_code == 404
        assert client.get(f"/api/v1/datasets/{name}/files").status_code == 404
        file = {"dataset": name, "path": "a"}
        assert client.post("/api/v1/download/list/me/add", json=file).status_code == 404
        children = {"parentId": name}
        assert client.post("/api/v1/entity/children", json=children).status_code == 404


def test_what_is_not_public_any_more_is_not_ordered(portal: Make) -> None:
    site = portal()
    client = browser(site)
    client.post("/api/v1/download/list/me/add", json={"dataset": "open", "path": "a"})
    site.rules = Rules({"open": DatasetRule(Openness.SIGNED_IN)})
    assert client.put("/api/v1/download/list/me/order", json={}).status_code >= 400


def test_each_browser_has_a_list(portal: Make) -> None:
    site = portal()
    ada, bob = browser(site), browser(site)
    ada.post("/api/v1/download/list/me/add", json={"dataset": "open", "path": "a"})
    assert (listed(ada), listed(bob)) == (["a"], [])
    form = re.search(r'name="token" value="([0-9a-f]{64})"', bob.get("/datasets/open").text)
    assert form
    stolen = ada.post("/list/remove", data={"token": form[1], "clear": "1"})
    assert stolen.status_code == 403  # a form of another browser
    assert listed(ada) == ["a"]


def test_the_role_limits_an_order(portal: Make) -> None:
    client = browser(portal())
    for path in ("a", "b"):
        client.post("/api/v1/download/list/me/add", json={"dataset": "open", "path": path})
    refused = client.put("/api/v1/download/list/me/order", json={})
    assert (refused.status_code, refused.json()["filesOver"]) == (409, 1)


def test_a_group_of_that_name_is_no_role() -> None:
    rules = Rules(roles={"anonymous": Limits(1)}, limits=Limits(5))
    assert rules.limits_of(Visitor("ada", frozenset({"anonymous"}))) == Limits(5)
    assert rules.limits_of(Visitor("x", is_anonymous=True)) == Limits(1)


def test_a_cookie_cannot_be_made_up() -> None:
    users = AnonymousUsers(b"secret", is_secure=True)
    visitor, cookie = users.made()
    assert "; Secure" in cookie
    assert "; HttpOnly" in cookie
    name, _, value = cookie.partition(";")[0].partition("=")
    assert name == users.cookie == "__Host-jsdl-visitor"
    assert users.known({name: value}) == visitor
    assert len(visitor.user) == len("anonymous:") + 22
    assert users.made()[0] != visitor
    assert AnonymousUsers(b"another", is_secure=True).known({name: value}) is None
    assert users.known({name: value[:-1]}) is None
    assert users.known({}) is None


def test_a_cookie_of_another_kind_is_not_taken() -> None:
    """Both kinds are sealed alike; each has a secret of its own, and a member of its own."""
    users = AnonymousUsers(b"secret", is_secure=False)
    for value in ({"user": "ada"}, {"anonymous": "ada"}, {"anonymous": 17}, {"anonymous": None}):
        assert users.known({users.cookie: sealed(value, b"secret", 60)}) is None


def test_who_looks_leaves_nothing(portal: Make) -> None:
    site = portal()
    client = browser(site)
    first = client.get("/datasets/open")
    assert "jsdl_visitor" in first.headers["set-cookie"]
    assert first.headers["cache-control"] == "no-store"
    assert "set-cookie" not in client.get("/datasets/open").headers
    with site.desk.store.read() as connection:
        for table in (tables.listed_files, tables.orders, tables.jobs):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


@pytest.mark.parametrize(
    ("path", "method", "fields"),
    [
        ("/health", "GET", {}),
        ("/static/portal.css", "GET", {}),
        ("/d/0123.abc/x.zip", "GET", {"accept": "*/*"}),
        # a page of another site sends no cookie, and must not have the visitor's replaced
        ("/list/remove", "POST", {"sec-fetch-site": "cross-site"}),
        ("/api/v1/download/list/me/add", "POST", {"sec-fetch-site": "cross-site"}),
    ],
)
def test_what_makes_nobody(portal: Make, path: str, method: str, fields: dict[str, str]) -> None:
    answer = browser(portal(), **fields).request(method, path)
    assert "set-cookie" not in answer.headers


def test_behind_a_proxy(portal: Make) -> None:
    """Whom it names is signed in; the others are sent there for what is not public."""
    site = portal("proxy", "trusted = 127.0.0.1\naddress = /login")
    app = make_app(site)
    ada = TestClient(
        app, headers={"x-remote-user": "ada", "accept": "text/html"}, client=("127.0.0.1", 1)
    )
    assert ada.get("/datasets/usual").status_code == 200
    assert "Sign in" not in ada.get("/").text
    client = TestClient(app, headers={"accept": "text/html"}, client=("127.0.0.1", 1))
    page = Page.at(client, "/datasets/open")
    assert "Sign in" in page.text
    assert "Sign out" not in page.text
    asked = client.get("/datasets/usual")
    assert str(asked.url) == "http://testserver/sign-in?next=/datasets/usual"
    assert 'href="/login?next=/datasets/usual"' in asked.text
    assert client.get("/datasets/none").url.path == "/sign-in"  # nobody is told which there are


def test_nobody_could_see_anything(home: Path, tmp_path: Path) -> None:
    root = made(tmp_path / "data" / "all", {"a": b"a"})
    file = tmp_path / "portal.ini"
    file.write_text("[sign-in]\nby = nobody")
    listening = listen("127.0.0.1", 0)
    with (
        Store.of_file(tmp_path / "s.sqlite") as store,
        pytest.raises(PortalError, match="nobody could see anything; set 'by' in"),
    ):
        made_site(Desk(store), [str(root)], listening, "t", file)
    listening.socket.close()


def test_what_nobody_sees_is_told(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    roots = [str(made(tmp_path / "data" / name, {"a": b"a"})) for name in ("all", "some")]
    file = tmp_path / "portal.ini"
    file.write_text("[sign-in]\nby = nobody\n[dataset all]\nfor = public\n")
    listening = listen("127.0.0.1", 0)
    with Store.of_file(tmp_path / "s.sqlite") as store:
        made_site(Desk(store), roots, listening, "t", file)
    listening.socket.close()
    assert "nobody sees some: nobody signs in" in caplog.text


def test_the_settings_of_the_docs(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/portal_users.rst").read_text()
    block = re.findall(r"code-block:: ini\n\n((?:   .*\n|\n)+)", text)[0]
    file = tmp_path / "portal.ini"
    file.write_text(re.sub("^   ", "", block, flags=re.MULTILINE))
    (tmp_path / "terms.txt").write_text("Cite it.")
    found = read_accounts(file)
    assert found.rules.datasets["atlas"].openness is Openness.PUBLIC
    assert found.rules.datasets["mri-2026"].groups == {"mri"}
    assert read_look(file).name == "Downloads of the lab"
