"""The pages, without JavaScript: from choosing to the download, and what goes wrong."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.model import FileState
from datalad_jsdl.orders.states import write_states
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.look import read_look
from datalad_jsdl.portal.rules import DatasetRule, Openness, Rules, Terms
from tests.lab import Lab
from tests.pages.conftest import TOKEN, made, manifest, signed_in, study, work
from tests.pages.forms import Page
from tests.pages.steps import HERE, Make, listed, ordered
from tests.portal import content_of, described


def test_signing_in_and_out(portal: Make, tmp_path: Path) -> None:
    site = portal(study(tmp_path / "study"))
    client = TestClient(make_app(site), headers={"sec-fetch-site": "same-origin"})
    asked = client.get("/orders", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=/orders")
    page = Page.at(client, "/sign-in", next="/orders")
    wrong = page.button("Open the portal").press(client, token="guess")
    assert (wrong.status, "This is not the token" in wrong.text) == (401, True)
    right = page.button("Open the portal").press(client, token=f"http://x/?token={TOKEN}")
    assert (right.status, right.url) == (200, "/orders")
    assert Page.at(client, "/sign-in").url == "/datasets/study"
    assert right.button("Sign out").press(client).url == "/sign-in"
    assert client.get("/orders", follow_redirects=False).status_code == 303


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_nobody_is_led_elsewhere(portal: Make, tmp_path: Path, back: str) -> None:
    client = signed_in(portal(study(tmp_path / "study")))
    found = client.get("/sign-in", params={"next": back}, follow_redirects=False)
    assert found.headers["location"] == "/"


def test_a_token_leaves_the_address_at_once(portal: Make, tmp_path: Path) -> None:
    client = TestClient(make_app(portal(study(tmp_path / "study"))))
    found = client.get("/?token=s3cret&x=1", follow_redirects=False)
    assert (found.status_code, found.headers["location"]) == (303, "/?x=1")
    cookie = found.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert TOKEN not in cookie
    wrong = client.get("/?token=other", follow_redirects=False)
    assert wrong.headers["location"] == "/sign-in?wrong=1"
    assert "set-cookie" not in wrong.headers


def test_what_is_served(portal: Make, tmp_path: Path, lab: Lab) -> None:
    site = portal(study(tmp_path / "study"), manifest(lab, tmp_path))
    home = Page.at(signed_in(site), "/")
    assert "2 datasets" in home.text
    assert home.links["study"] == "/datasets/study"
    assert "Manifest" in home.text


def test_folders(portal: Make, tmp_path: Path) -> None:
    client = signed_in(portal(study(tmp_path / "study")))
    top = Page.at(client, "/")
    assert top.url == "/datasets/study"
    assert "26 files" in top.text
    inside = Page.at(client, top.links["sub-03"])
    assert inside.links["anat"] == "/datasets/study?folder=sub-03/anat"
    assert "sub-03_T1w.nii.gz" in Page.at(client, inside.links["anat"]).text
    largest = Page.at(client, "/datasets/study", sort="-size").text
    assert largest.index("sub-12") < largest.index("sub-01")
    found = Page.at(client, "/datasets/study", q="BOLD")
    assert "12 names have" in found.text
    assert found.button("Add all 12 results").press(client).status == 200


def test_pages_of_a_large_folder(portal: Make, tmp_path: Path) -> None:
    names = {f"d/scan-{n:03}": b"x" for n in range(250)}
    site = portal(made(tmp_path / "large", names))
    client = signed_in(site)
    first = Page.at(client, "/datasets/large", folder="d")
    assert "Page 1 of 3" in first.text
    assert "scan-100" not in first.text
    last = Page.at(client, Page.at(client, first.links["Next"]).links["Next"])
    assert "scan-249" in last.text
    assert "Next" not in last.links
    found = Page.at(client, "/datasets/large", q="scan-")
    assert "250 files added" in found.button("Add all 250 results").press(client).text
    review = Page.at(client, "/list")
    assert "Page 1 of 3" in review.text
    assert "scan-249" in Page.at(client, "/list?page=3").text
    assert "scan-249" in Page.at(client, "/list?page=99").text


def test_what_operators_set(portal: Make, tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "terms.txt").write_text("Be <kind>.")
    (tmp_path / "portal.ini").write_text(
        "[portal]\nname = Lake & <b>Side\nlogo = logo.svg\naccent = #7a1f5c\n"
        "terms = terms.txt\nimprint = https://www.example.org/imprint\n"
    )
    look = read_look(tmp_path / "portal.ini")
    client = signed_in(portal(study(tmp_path / "study"), look=look))
    page = Page.at(client, "/datasets/study")
    assert "Lake & <b>Side" in page.text
    assert page.links["Imprint"] == "https://www.example.org/imprint"
    assert "Be <kind>." in Page.at(client, page.links["Terms"]).text
    assert "--accent:#7a1f5c" in client.get("/look/accent.css").text
    logo = client.get("/look/logo")
    assert logo.headers["content-type"] == "image/svg+xml"
    assert "script-src" in logo.headers["content-security-policy"]


def test_a_filter(portal: Make, tmp_path: Path) -> None:
    site = portal(study(tmp_path / "study"))
    client = signed_in(site)
    address = "/datasets/study?from.age=30&is.sex=F"
    found = Page.at(client, address)
    assert "4 files match" in found.text
    done = found.button("Add all 4 files").press(client)
    assert "4 files added to your list." in done.text
    assert done.url.startswith(address)
    assert {path.partition("/")[0] for path in listed(site)} == {"sub-10", "sub-12"}
    typed = Page.at(client, "/datasets/study", where="age > 31")
    assert "2 files match" in typed.text
    wrong = Page.at(client, "/datasets/study", where="weight > 3")
    assert "No table has the column weight" in wrong.text
    assert "Expected a number, got old." in Page.at(client, "/datasets/study?from.age=old").text


def test_from_choosing_to_the_download(portal: Make, tmp_path: Path) -> None:
    site = portal(study(tmp_path / "study"))
    client = signed_in(site)
    folder = Page.at(client, "/datasets/study")
    nothing = folder.button("Add selected").press(client)
    assert "Tick what you want first" in nothing.text
    added = folder.button("Add selected").press(client, "sub-01", "README")
    assert "3 files added to your list." in added.text
    assert "On your list" in added.text
    again = folder.button("Add folder sub-01").press(client)
    assert "2 files: all of them were on your list already." in again.text
    assert not any(button.text.startswith("Add folder sub-01") for button in again.buttons)
    Page.at(client, "/datasets/study?folder=sub-01").button("Remove anat").press(client)
    partly = Page.at(client, "/datasets/study")
    assert "1 on your list" in partly.text
    rest = partly.button("Add the rest of sub-01").press(client)
    assert "1 file added, 1 were on your list already." in rest.text
    review = Page.at(client, "/list")
    assert "All 3 files are ready to order." in review.text
    removed = review.button("Remove sub-01/anat").press(client)
    assert "Removed 1 file." in removed.text
    assert len(listed(site)) == 2
    assert "1 file is on your list again." in removed.button("Undo").press(client).text
    order = ordered(client, name="cut.zip")
    assert order.url.startswith("/orders/")
    assert "Queued" in order.text
    assert ("meta", {"http-equiv": "refresh", "content": "3"}) in order.elements
    assert work(site) == 1
    ready = Page.at(client, order.url)
    assert "Ready" in ready.text
    assert "3 files, every one read and checked." in ready.text
    # later, one is replaced at its mirror
    found = site.desk.orders.find(order.url.rpartition("/")[2])
    now = datetime.now(timezone.utc)
    damaged = FileState(Access.DAMAGED, now, now, text="its content has changed")
    write_states(site.desk.store, [(found.files[0].ref, damaged)])
    replaced = Page.at(client, order.url).text
    assert "1 file could not be read since. The download ends there" in replaced
    assert "every one" not in replaced
    href = next(link for text, link in ready.links.items() if text.startswith("Download cut.zip"))
    # the link needs no login
    content = TestClient(make_app(site)).get(href).content
    assert hashlib.sha256(content).hexdigest() in ready.text
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == 3
    assert f"curl -fC - -O 'http://testserver{href}'" in ready.text
    assert "cut.zip" in Page.at(client, "/orders").text


def test_an_empty_list_and_history(portal: Make, tmp_path: Path) -> None:
    client = signed_in(portal(study(tmp_path / "study")))
    assert "Your list is empty" in Page.at(client, "/list").text
    assert "No orders yet" in Page.at(client, "/orders").text


def test_what_stands_in_the_way(portal: Make, tmp_path: Path, lab: Lab) -> None:
    site = portal(manifest(lab, tmp_path))
    client = signed_in(site)
    Page.at(client, "/datasets/m").button("Add everything, 6 files").press(client)
    before = Page.at(client, "/list")
    assert "1 file has terms you have not read" in before.text
    assert before.links["Read terms (opens a new tab)"] == "https://terms.example/read"
    asking = before.button("Ask the mirrors").press(client)
    assert "Asking the mirrors" in asking.text
    work(site)
    after = Page.at(client, "/list")
    assert "1 file is gone from all mirrors" in after.text
    assert "The mirrors were asked for all 6 files that were on the list (Today" in after.text
    assert "what is unavailable is named above" in after.text
    assert "Order 5 files" in after.text  # the mirror gave the file that the manifest restricts
    gone = after.button("Take off the list").press(client)
    assert "Removed 1 file." in gone.text


def test_each_reason_has_its_action(portal: Make, tmp_path: Path, lab: Lab) -> None:
    members = {}
    for name, faults in (("login", {"status": 401}), ("refused", {"status": 451})):
        members[name] = described(name, lab.put(name, content_of(name), **faults))
    for kind in ("request", "login"):
        restricted = described(f"by-{kind}", lab.put(f"by-{kind}", content_of("x")))
        members[f"by-{kind}"] = {**restricted, "access": {"kind": kind, "url": f"{HERE}/{kind}"}}
    (tmp_path / "m.json").write_text(json.dumps(members))
    site = portal(tmp_path / "m.json")
    client = signed_in(site)
    Page.at(client, "/datasets/m").button("Add everything").press(client)
    page = Page.at(client, "/list")
    assert page.links["Ask for access (opens a new tab)"] == f"{HERE}/request"
    assert page.links["Log in (opens a new tab)"] == f"{HERE}/login"
    page.button("Ask the mirrors").press(client)
    work(site)
    asked = Page.at(client, "/list")
    assert "1 file needs a login (127.0.0.1" in asked.text
    assert "1 file was refused by all mirrors" in asked.text
    for name in ("login", "refused"):
        lab.put(name, content_of(name))
    assert asked.button("Try again now").action == "/list/check"
    asked.button("Ask again").press(client)
    work(site)
    assert "All 4 files are ready to order." in Page.at(client, "/list").text


def test_a_form_without_end(portal: Make, tmp_path: Path) -> None:
    client = signed_in(portal(study(tmp_path / "study")))
    for data in ({"path": "x" * 5_000_000}, {"path": ["x"] * 30_000}):
        found = client.post("/datasets/study/add", data=data)
        assert found.status_code == 413
        assert "add their folder" in found.text
    folder = Page.at(client, "/datasets/study")
    assert "2 files added" in folder.button("Add folder sub-02").press(client).text


def test_terms_are_read_before_ordering(portal: Make, tmp_path: Path) -> None:
    rules = Rules({"study": DatasetRule(terms=Terms("Be <kind>.\n\nCite us."))})
    site = portal(study(tmp_path / "study"), made(tmp_path / "free", {"a": b"1"}), rules=rules)
    client = signed_in(site)
    for name in ("study", "free"):
        Page.at(client, f"/datasets/{name}").button("Add everything").press(client)
    review = Page.at(client, "/list")
    assert "Terms of study that you have not read" in review.text
    assert "some have terms to read first" in review.text
    led = ordered(client)
    assert led.url == review.links["Read terms of study"] == "/datasets/study/terms"
    assert "Be <kind>. Cite us." in led.text
    button = led.button("Accept and go back")
    (version,) = (value for name, value in button.boxes if name == "accept")
    assert button.press(client).url == led.url  # the box is not ticked
    accepted = button.press(client, version)
    assert accepted.url == "/list"
    assert "Terms of study" not in accepted.text
    assert "You accepted these terms" in Page.at(client, led.url).text
    site.rules = Rules({"study": DatasetRule(terms=Terms("Other ones."))})
    stale = button.press(client, version)
    assert (stale.status, "The terms have changed" in stale.text) == (409, True)
    declined = Page.at(client, led.url).button("Decline, remove the 26 files").press(client)
    assert "Removed 26 files." in declined.text
    assert ordered(client).url.startswith("/orders/")
    assert Page.at(client, "/datasets/free/terms").status == 404


def test_what_is_not_for_a_visitor_is_not_there(portal: Make, tmp_path: Path) -> None:
    hidden = DatasetRule(Openness.GROUPS, frozenset({"lab"}))
    sources = [made(tmp_path / name, {"f": name.encode()}) for name in ("a", "b", "c")]
    site = portal(*sources, rules=Rules({"b": hidden}))
    client = signed_in(site)
    assert "2 datasets" in Page.at(client, "/").text
    for path in ("/datasets/b", "/datasets/b/terms"):
        assert Page.at(client, path).status == 404
    token = {"token": Page.at(client, "/list").buttons[0].fields[0][1]}
    assert client.post("/datasets/b/add", data={**token, "add": "folder"}).status_code == 404
    assert listed(site) == []
