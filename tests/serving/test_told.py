"""Where on the server something is, is told to who runs the portal for themselves only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal import actions
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.making import made_site
from datalad_jsdl.portal.served import served_of
from datalad_jsdl.portal.site import Site
from datalad_jsdl.portal.told import without_places
from tests.pages.conftest import TOKEN, made, work

PROXY = "[sign-in]\nby = proxy\norigin = http://testserver\ntrusted = 127.0.0.1\n"


@pytest.fixture(params=["several", "alone"])
def portal(
    home: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Site, Path, bool]]:
    """A portal, its dataset, and whether users sign in."""
    several = request.param == "several"
    settings = tmp_path / "portal.ini"
    settings.write_text(PROXY if several else "")
    root = made(tmp_path / "data" / "study", {"a": b"a", "b": b"bb"})
    listening = listen("127.0.0.1", 0)
    with Store.of_file(tmp_path / "s.sqlite") as store:
        site, _ = made_site(Desk(store), [str(root)], listening, TOKEN, settings)
        yield site, root, several
        site.close()
    listening.socket.close()


def test_a_dataset_that_is_gone(portal: tuple[Site, Path, bool]) -> None:
    site, root, several = portal
    host = "testserver" if several else next(iter(site.hosts))
    headers = {"host": host, "sec-fetch-site": "same-origin", "x-remote-user": "ada"}
    if not several:
        headers["authorization"] = f"Bearer {TOKEN}"
    client = TestClient(make_app(site), client=("127.0.0.1", 1), headers=headers)
    user = "ada" if several else "me"
    file = {"dataset": "study", "path": "a"}
    assert client.post("/api/v1/download/list/me/add", json=file).status_code == 200
    order = client.put("/api/v1/download/list/me/order", json={}).json()["orderId"]
    root.rename(root.with_name("elsewhere"))
    work(site)
    assert Jobs(site.desk.store).of_user(user)[0].message
    actions.add_later(site, user, site.served[0], Choice(("a",)))
    work(site)
    job = Jobs(site.desk.store).of_user(user)[0].id
    said = ""
    for path in (
        "/datasets/study", f"/orders/{order}", f"/orders/{order}/compare", "/list", "/",
        "/api/v1/datasets", "/api/v1/datasets/study/files", f"/api/v1/orders/{order}",
        f"/api/v1/orders/{order}/archive", f"/api/v1/orders/{order}/comparison",
        f"/api/v1/jobs/{job}", "/api/v1/download/list/me/review",
    ):  # fmt: skip
        said += client.get(path).text
    for path in ("/api/v1/download/list/me/add", f"/api/v1/orders/{order}/repeat"):
        said += client.post(path, json=file).text
    assert (str(root) in said) is not several
    assert (str(root.parent) in said) is not several
    assert "study" in said


def test_paths_in_texts(home: Path, tmp_path: Path) -> None:
    root = made(tmp_path / "data" / "study", {"a": b"a"})
    with Store.of_file(tmp_path / "in" / "s.sqlite") as store:
        desk = Desk(store)
        told = without_places(desk, served_of(desk, [str(root)]))
    for text, shown in (
        (f"cannot read {root}/.git/config: no", "cannot read study/.git/config: no"),
        (f"in '{root}'; go on", "in 'study'; go on"),
        (f"it is not in {root}.", "it is not in study."),
        (f"{tmp_path}/in/s.sqlite is locked", "(a place on the server) is locked"),
        (f"{home}/.netrc: bad", "(a place on the server): bad"),
        ("https://x.example/tmp/y", "https://x.example/tmp/y"),
        ("a/tmp/b", "a/tmp/b"),
    ):
        assert told(text) == shown
