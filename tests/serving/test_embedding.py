"""What pages elsewhere choose: signed forms and links, for visitors who are known or not yet."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from datalad_jsdl.errors import PortalError, StoreError
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.store import posted as posted_rows
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.store.posted import keep_posted
from datalad_jsdl.portal import actions
from datalad_jsdl.portal.accounts.settings import read_accounts
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.embedding.keys import EmbedKey
from datalad_jsdl.portal.embedding.signing import (
    Refused,
    SignedForm,
    signature_of,
    signed_html,
    verified,
)
from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.served import served_of
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.pages.conftest import TOKEN, made, work
from tests.pages.forms import Page
from tests.portal import content_of, described

DOCS = Path(__file__).parents[2] / "docs/portal_embedding.rst"
SECRET = "s" * 40
ATLAS = "https://atlas.example.org"
FILES = {"README": b"hello", "sub-01/a": b"1", "sub-01/b": b"22", "sub-02/a": b"333"}
TWO = {"dataset": "study", "paths": ["sub-01"]}


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Iterator[Store]:
    with Store.of_file(tmp_path / "portal.sqlite") as store:
        yield store


@pytest.fixture
def portal(store: Store, tmp_path: Path) -> Iterator[Callable[[], Site]]:
    """Makes portals of one store, as several machines have them."""
    root = made(tmp_path / "study", FILES)
    sites = []

    def make() -> Site:
        key = EmbedKey("atlas", ("o" * 40, SECRET), frozenset({ATLAS}), may_post_manifests=True)
        desk = Desk(store)
        identity = TokenIdentity(TOKEN, "jsdl_1")
        sites.append(Site(desk, served_of(desk, [str(root)]), identity, embed={"atlas": key}))
        return sites[-1]

    yield make
    for site in sites:
        site.close()


@pytest.fixture
def site(portal: Callable[[], Site]) -> Site:
    return portal()


class Form(HTMLParser):
    """The fields of a form elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and "value" in given:
            self.fields[str(given["name"])] = given["value"] or ""


def form(selection: Any, **more: Any) -> dict[str, str]:
    """What a page of the atlas has its visitors send."""
    return Form(signed_html("http://testserver", "atlas", SECRET, selection, "Go", **more)).fields


def stranger(site: Site) -> TestClient:
    """A browser that nobody is signed in with."""
    return TestClient(make_app(site), headers={"accept": "text/html"}, follow_redirects=False)


def visitor(site: Site) -> TestClient:
    """A browser that somebody is signed in with."""
    client = stranger(site)
    client.get("/", params={"token": TOKEN})
    return client


def post(client: TestClient, fields: dict[str, str], origin: str = ATLAS) -> Any:
    """Press a button elsewhere. Browsers send no cookie along that is lax."""
    cookies = dict(client.cookies)
    client.cookies.clear()
    headers = {"origin": origin, "sec-fetch-site": "cross-site"}
    answer = client.post("/choose", data=fields, headers=headers)
    for name, value in cookies.items():
        client.cookies.set(name, value)
    return answer


def listed(site: Site) -> list[str]:
    return [file.ref.path for file in site.desk.lists.files("me")]


def press(client: TestClient, page: Any, text: str) -> Any:
    """Press a button of a page."""
    client.headers["sec-fetch-site"] = "same-origin"
    (button,) = [b for b in Page(client, page).buttons if b.text.startswith(text)]
    return client.post(button.action, data=dict(button.fields))


def test_the_files_are_on_the_list_when_the_review_opens(site: Site) -> None:
    client = visitor(site)
    went = post(client, form(TWO))
    assert went.status_code == 303
    arrived = client.get(went.headers["location"])
    assert arrived.status_code == 303, arrived.text
    review = client.get(arrived.headers["location"])
    assert listed(site) == ["sub-01/a", "sub-01/b"]
    assert "2\u00a0files added to your list." in review.text
    again = client.get(went.headers["location"])
    assert again.headers["location"] == "/list"


def test_what_was_added_is_undone_and_nothing_else(site: Site) -> None:
    client = visitor(site)
    actions.add(site, "me", actions.choose(site, site.served[0], Choice(("sub-01/a", "README"))))
    arrived = client.get(post(client, form(TWO)).headers["location"])
    review = client.get(arrived.headers["location"])
    assert "1\u00a0file added, 1 were on your list already." in review.text
    assert listed(site) == ["README", "sub-01/a", "sub-01/b"]
    undone = press(client, review, "Undo")
    assert undone.headers["location"] == "/list?removed=1"
    assert listed(site) == ["README", "sub-01/a"]
    assert press(client, review, "Undo").status_code == 410  # once


def test_who_is_not_signed_in_signs_in_first(site: Site) -> None:
    client = stranger(site)
    went = post(client, form(TWO))
    asked = client.get(went.headers["location"])
    assert asked.headers["location"].startswith("/sign-in?next=/chosen/")
    page = client.get(asked.headers["location"])
    client.headers["sec-fetch-site"] = "same-origin"
    entered = client.post("/sign-in", data={**Form(page.text).fields, "token": TOKEN})
    assert entered.headers["location"] == went.headers["location"]
    client.get(entered.headers["location"])
    assert listed(site) == ["sub-01/a", "sub-01/b"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_from_another_page_the_visitor_is_asked(site: Site, origin: str) -> None:
    client = visitor(site)
    page = client.get(post(client, form(TWO), origin).headers["location"])
    assert page.status_code == 200
    assert "sub-01/" in page.text
    assert listed(site) == []
    press(client, page, "Add")
    assert listed(site) == ["sub-01/a", "sub-01/b"]


def test_a_link_to_what_somebody_else_has_posted_asks(site: Site) -> None:
    went = post(stranger(site), form(TWO))
    client = visitor(site)
    assert client.get(went.headers["location"]).status_code == 200
    client.head(went.headers["location"])
    assert listed(site) == []


def test_a_form_is_accepted_once_by_whichever_process(
    portal: Callable[[], Site], caplog: pytest.LogCaptureFixture
) -> None:
    one, other = portal(), portal()
    fields = form(TWO)
    assert post(visitor(one), fields).status_code == 303
    for site in (one, other):
        refused = post(visitor(site), fields)
        assert refused.status_code == 410
        assert "location" not in refused.headers
    assert listed(one) == []
    assert "it was sent before" in caplog.text
    assert fields["signature"] not in caplog.text
    # the page is reloaded, as the answer says
    assert post(visitor(one), form(TWO)).status_code == 303


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"selection": json.dumps({"dataset": "study"})}, 403),
        ({"expires": "9999999999"}, 403),
        ({"nonce": "n" * 24}, 403),
        ({"nonce": "short"}, 403),
        ({"signature": "0" * 64}, 403),
        ({"signature": ""}, 403),
        ({"signature": "\u20ac"}, 403),
        ({"key": "other"}, 403),
        ({"key": ""}, 403),
        ({"expires": "soon"}, 403),
    ],
    ids=str,
)
def test_a_form_that_was_changed(
    site: Site, changes: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fields = {**form(TWO), **changes}
    refused = post(visitor(site), fields)
    assert refused.status_code == status
    assert "Nothing was changed" in refused.text
    assert "refused" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize("seconds", [-1, 100_000])
def test_a_form_has_its_time(site: Site, seconds: int) -> None:
    assert post(visitor(site), form(TWO, seconds=seconds)).status_code == 410


def test_what_is_sent_with_line_ends_is_what_was_signed() -> None:
    key = EmbedKey("atlas", (SECRET,))
    text = '{\n  "dataset": "study"\n}'
    fields = Form(signed_html("", "atlas", SECRET, {}, "")).fields
    signed = SignedForm("atlas", int(fields["expires"]), fields["nonce"], text)
    sent = {**fields, "selection": text.replace("\n", "\r\n")}
    sent["signature"] = signature_of(signed, SECRET)
    assert verified(sent, {"atlas": key}) == signed
    assert verified({**sent, "selection": "{}"}, {"atlas": key}) is Refused.CHANGED


@pytest.mark.parametrize(
    ("selection", "status"),
    [
        ({}, 400),
        ([], 400),
        ({"dataset": "study", "paths": "sub-01"}, 400),
        ({"dataset": "study", "more": 1}, 400),
        ({"dataset": "study", "manifest": {"a": ["https://x.example/a"]}}, 400),
        ({"manifest": {}}, 400),
        ({"manifest": [1]}, 400),
        ({"manifest": {f"f{n}": [] for n in range(20_001)}}, 413),
        ({"dataset": "\ud800"}, 400),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_selection_that_cannot_be_read(site: Site, selection: Any, status: int) -> None:
    """The key's owner learns of it; nothing is kept."""
    assert post(visitor(site), form(selection)).status_code == status


def test_what_a_visitor_may_not_have_is_not_there(site: Site) -> None:
    for selection in (
        {"dataset": "other"},
        {"dataset": "study", "paths": ["../../etc/passwd"]},
        {"dataset": "study", "paths": ["gone"]},
    ):
        client = visitor(site)
        page = client.get(post(client, form(selection)).headers["location"])
        assert page.status_code == 404, selection
    assert listed(site) == []


def test_a_link_asks_first(site: Site) -> None:
    client = visitor(site)
    page = client.get("/choose?dataset=study&path=sub-01&glob=*/b")
    assert page.status_code == 200
    assert listed(site) == []
    added = press(client, page, "Add 1")
    assert added.status_code == 303
    assert listed(site) == ["sub-01/b"]
    assert press(client, client.get(added.headers["location"]), "Undo").status_code == 303
    assert listed(site) == []


def test_a_link_of_who_is_not_signed_in(site: Site) -> None:
    client = stranger(site)
    asked = client.get("/choose?dataset=study&path=sub-01%2Fb")
    page = client.get(asked.headers["location"])
    client.headers["sec-fetch-site"] = "same-origin"
    entered = client.post("/sign-in", data={**Form(page.text).fields, "token": TOKEN})
    assert "sub-01/<wbr>b" in client.get(entered.headers["location"]).text


def test_no_other_page_presses_our_buttons(site: Site) -> None:
    client = visitor(site)
    for path in ("/choose/add", "/chosen/x/add", "/chosen/x/undo"):
        answer = client.post(path, data={"selection": json.dumps(TWO)})
        assert answer.status_code == 403
        headers = {"sec-fetch-site": "same-origin"}
        assert client.post(path, data={"token": "0"}, headers=headers).status_code == 403
    assert listed(site) == []


def test_an_address_cannot_choose_where_undo_goes(site: Site) -> None:
    client = visitor(site)
    page = client.get("/list?of=1&added=1&chosen=../sign-out%3F")
    assert "sign-out?" not in page.text


def test_a_manifest_comes_along(site: Site, lab: Lab) -> None:
    members = {path: described(path, lab.put(path, content_of(path))) for path in ("x/a", "b")}
    client = visitor(site)
    went = post(client, form({"name": "cohort 7", "manifest": members}))
    client.get(went.headers["location"])
    refs = [file.ref for file in site.desk.lists.files("me")]
    assert [(ref.source, ref.path) for ref in refs] == [("cohort 7", "b"), ("cohort 7", "x/a")]
    made_order = press(client, client.get("/list"), "Order")
    assert made_order.status_code == 303, made_order.text
    work(site)
    archive = client.get(f"/api/v1{made_order.headers['location']}/archive")
    assert archive.status_code == 200, archive.text
    assert content_of("x/a") in archive.content
    compared = client.get(f"{made_order.headers['location']}/compare")
    assert "no manifest that could be read again" in compared.text


def test_a_manifest_needs_leave(site: Site) -> None:
    site.embed = {"atlas": EmbedKey("atlas", (SECRET,), frozenset({ATLAS}))}
    selection = {"manifest": {"a": ["https://x.example/a"]}}
    assert post(visitor(site), form(selection)).status_code == 403


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("", "key-file is missing"),
        ("key-file = short", "has 32 characters or more"),
        ("key-file = empty", "has 32 characters or more"),
        ("key-file = good\norigins = atlas.example.org", "without a path"),
        ("key-file = good\norigins = https://a.example/x", "without a path"),
        ("key-file = good\nmanifests = maybe", "manifests is yes or no"),
        ("key-file = good\ncolour = red", "unknown setting colour"),
    ],
)
def test_settings_that_are_wrong(tmp_path: Path, settings: str, message: str) -> None:
    for name, text in (("short", "abc\n"), ("empty", "\n"), ("good", SECRET)):
        (tmp_path / name).write_text(text)
    file = tmp_path / "portal.ini"
    file.write_text(f"[embed atlas]\n{settings}")
    with pytest.raises(PortalError, match=message):
        read_accounts(file)


class TestThePage:
    """What it shows works."""

    TEXT = DOCS.read_text()

    def block(self, kind: str, number: int = 0) -> str:
        found = re.findall(rf"code-block:: {kind}\n\n((?:   .*\n|\n)+)", self.TEXT)
        return "".join(line[3:] + "\n" for line in found[number].split("\n"))

    def test_its_settings(self, tmp_path: Path) -> None:
        (tmp_path / "portal.ini").write_text(self.block("ini"))
        (line,) = re.findall(r"python3 -c '(import secrets.*)' > atlas.key", self.TEXT)
        made = subprocess.run([sys.executable, "-c", line], capture_output=True, check=True)
        (tmp_path / "atlas.key").write_bytes(made.stdout)
        key = read_accounts(tmp_path / "portal.ini").embed["atlas"]
        assert (key.origins, key.may_post_manifests) == (frozenset({ATLAS}), True)

    @pytest.mark.parametrize(
        ("kind", "language"), [("python", "python3"), ("php", "php"), ("javascript", "node")]
    )
    def test_its_forms(
        self, site: Site, tmp_path: Path, kind: str, language: str, program: Callable[[str], str]
    ) -> None:
        folder = tmp_path / "page"
        folder.mkdir()
        (folder / "atlas.key").write_text(f"{SECRET}\nanother\n")
        (folder / "f.mjs").write_text(self.block(kind))
        argv = [program(language), "f.mjs"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True)
        assert 'action="https://data.example.org/choose"' in done.stdout
        client = visitor(site)
        went = post(client, Form(done.stdout).fields)
        assert went.status_code == 303, went.text
        client.get(went.headers["location"])
        assert listed(site) == ["README", "sub-01/a", "sub-01/b"]

    def test_its_link(self, site: Site) -> None:
        (href,) = re.findall(r'href="https://data.example.org(/[^"]*)"', self.block("html"))
        page = visitor(site).get(href.replace("&amp;", "&"))
        assert "3\u00a0files" in page.text

    def test_its_selections(self, site: Site) -> None:
        for number in range(2):
            fields = form(json.loads(self.block("json", number)))
            assert post(visitor(site), fields).status_code == 303


def test_links_do_not_take_the_room_of_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anybody can open a link; only a page with a key can post."""
    monkeypatch.setattr(posted_rows, "_MOST", 10)
    until = time.time() + 60
    assert keep_posted(store, "", "n1", "12345678", until)
    with pytest.raises(StoreError):
        keep_posted(store, "", "n2", "12345678", until)
    assert keep_posted(store, "atlas", "n1", "12345678", until)
