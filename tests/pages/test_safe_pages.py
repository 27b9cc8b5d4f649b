"""What visitors and their files say does no harm on pages; errors are pages, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.pages.conftest import HOSTILE, hostile, made, signed_in, study, work
from tests.pages.forms import Page
from tests.pages.steps import Make, listed, ordered


def test_names_are_text_everywhere(portal: Make, tmp_path: Path) -> None:
    site = portal(hostile(tmp_path / "hostile"), made(tmp_path / "<i>ds", {"<u>a": b"1"}))
    client = signed_in(site)
    pages = [Page.at(client, "/"), Page.at(client, "/datasets/hostile")]
    added = pages[1].button("Add everything").press(client)
    assert f"{len(HOSTILE)} files added to your list. Left out" in added.text
    links = [link for link in pages[0].links.values() if link.startswith("/datasets/")]
    pages += [Page.at(client, link) for link in links]
    pages += [added, Page.at(client, "/list"), Page.at(client, "/datasets/hostile", q="<b>")]
    pages.append(Page.at(client, "/datasets/hostile?folder=folder%20%3Cb%3E"))
    pages.append(Page.at(client, "/datasets/hostile", folder="caf%E9", q='"><script>'))
    order = ordered(client, name="<img src=x>'\".zip")
    work(site)
    pages += [Page.at(client, order.url), Page.at(client, f"{order.url}/compare")]
    pages += [Page.at(client, "/orders"), Page.at(client, "/datasets/<script>")]
    known = {"script", "img", "b", "i", "u"}
    for page in pages:
        scripts = [given for tag, given in page.elements if tag in known]
        assert scripts == [{"type": "module", "src": "/static/portal.js"}], page.url
        assert not any(name.startswith("on") for _, given in page.elements for name in given)
        assert not any("style" in given for _, given in page.elements)
        assert "\u202e" not in page.html
        assert "{{7*7}}" in page.text or "49" not in page.text


def test_each_hostile_name_by_itself(portal: Make, tmp_path: Path) -> None:
    site = portal(hostile(tmp_path / "hostile"))
    client = signed_in(site)
    page = Page.at(client, "/datasets/hostile")
    for button in [b for b in page.buttons if b.text.startswith("Add fi") and "xe9" not in b.text]:
        assert "1 file added" in button.press(client).text
    page.button("Add folder folder").press(client)
    assert sorted(listed(site)) == sorted(name for name in HOSTILE)
    tokens = [b for b in Page.at(client, "/list").buttons if b.name == "only"]
    assert len(tokens) == len(HOSTILE)
    for button in tokens:
        assert "Removed 1 file." in button.press(client).text
    assert listed(site) == []


def test_forms_of_others_are_refused(portal: Make, tmp_path: Path) -> None:
    site = portal(study(tmp_path / "study"))
    client = signed_in(site)
    forged = client.post("/list/remove", data={"clear": "1"})
    assert (forged.status_code, "not from a page" in forged.text) == (403, True)
    assert "<h1>" in forged.text
    elsewhere = client.post(
        "/list/remove", data={"clear": "1"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert (elsewhere.status_code, "<h1>" in elsewhere.text) == (403, True)
    assert client.post("/list/remove", json={}).status_code == 415


def test_orders_of_others_are_not_there(portal: Make, tmp_path: Path) -> None:
    site = portal(study(tmp_path / "study"))
    client = signed_in(site)
    Page.at(client, "/datasets/study").button("Add everything").press(client)
    files = list(site.desk.lists.files("me"))
    site.desk.lists.add("you", files, [site.served[0].source])
    theirs = site.desk.orders.create("you").summary.id
    for path in (f"/orders/{theirs}", f"/orders/{theirs}/compare", "/orders/no", "/orders/%0a"):
        assert Page.at(client, path).status == 404
    token = next(v for n, v in Page.at(client, "/list").button("Order").fields if n == "token")
    for action in ("prepare", "cancel", "others", "again"):
        found = client.post(f"/orders/{theirs}/{action}", data={"token": token})
        assert found.status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing", 404), ("/datasets/none", 404), ("/datasets/study?folder=none", 404),
     ("/static/../look.py", 404), ("/static/none.js", 404), ("/about/terms", 404),
     ("/list/order", 405), ("/d/x.y/z.zip", 404)],
)  # fmt: skip
def test_error_pages(portal: Make, tmp_path: Path, path: str, status: int) -> None:
    page = Page.at(signed_in(portal(study(tmp_path / "study"))), path)
    assert page.status == status
    assert str(status) in page.text
    assert "safe" in page.text


def test_an_error_of_ours_is_a_page_too(
    portal: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = portal(study(tmp_path / "study"))
    client = signed_in(site)
    inner = TestClient(client.app, raise_server_exceptions=False, cookies=client.cookies)

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(site.browser, "page", broken)
    page = Page(inner, inner.get("/datasets/study", headers={"accept": "text/html"}))
    assert page.status == 500
    assert "Something went wrong here" in page.text
    assert "secret" not in page.html


def test_headers(portal: Make, tmp_path: Path) -> None:
    client = signed_in(portal(study(tmp_path / "study")))
    page = client.get("/datasets/study")
    assert page.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for name, kind in (("portal.css", "text/css"), ("portal.js", "text/javascript")):
        found = client.get(f"/static/{name}")
        assert found.headers["content-type"].startswith(kind)
        assert found.headers["x-content-type-options"] == "nosniff"
