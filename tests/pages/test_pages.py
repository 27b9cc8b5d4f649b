"""The pages, without JavaScript: from choosing to the download, and what goes wrong."""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.look import read_look
from datalad_jsdl.portal.rules import DatasetRule, Openness, Rules, Terms
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.pages.conftest import HOSTILE, TOKEN, hostile, made, manifest, signed_in, study, work
from tests.pages.forms import Page
from tests.portal import content_of, described

Make = Callable[..., Site]
HERE = "https://portal.example.org"


def _listed(site: Site) -> list[str]:
    return [file.ref.path for file in site.desk.lists.files("me")]


def _ordered(client: TestClient, **filled: str) -> Page:
    return Page.at(client, "/list").button("Order ").press(client, **filled)


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
    assert {path.partition("/")[0] for path in _listed(site)} == {"sub-10", "sub-12"}
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
    assert len(_listed(site)) == 2
    assert "1 file is on your list again." in removed.button("Undo").press(client).text
    order = _ordered(client, name="cut.zip")
    assert order.url.startswith("/orders/")
    assert "Queued" in order.text
    assert ("meta", {"http-equiv": "refresh", "content": "3"}) in order.elements
    assert work(site) == 1
    ready = Page.at(client, order.url)
    assert "Ready" in ready.text
    assert "3 files, every one read and checked." in ready.text
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
    led = _ordered(client)
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
    assert _ordered(client).url.startswith("/orders/")
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
    assert _listed(site) == []


def test_an_order_with_a_file_that_fails(portal: Make, tmp_path: Path, lab: Lab) -> None:
    site = portal(manifest(lab, tmp_path))
    client = signed_in(site)
    page = Page.at(client, "/datasets/m", folder="scans")
    page.button("Add selected").press(client, "scans/f0", "scans/f1", "scans/gone")
    order = _ordered(client, name="three")
    work(site)
    failed = Page.at(client, order.url)
    assert "Interrupted" in failed.text
    assert "1 file of 3 could not be read" in failed.text
    assert "scans/gone" in failed.text.replace(" ", "")
    rest = failed.button("Order the other 2 files").press(client)
    work(site)
    assert "2 files, every one read" in Page.at(client, rest.url).text
    assert "three-others.zip" in rest.text
    lab.put("scans/gone", content_of("scans/gone"))
    again = failed.button("Try this file again").press(client)
    assert again.url == order.url
    work(site)
    assert "3 files, every one read" in Page.at(client, order.url).text


def test_how_far_a_preparation_is(portal: Make, tmp_path: Path) -> None:
    """Bytes of bytes, the rate of the last seconds, and a time only while it moves."""
    site = portal(study(tmp_path / "study"))
    client = signed_in(site)
    Page.at(client, "/datasets/study").button("Add everything").press(client)
    url = _ordered(client).url
    seconds = 0.0
    lease = Jobs(site.desk.store, lambda: seconds).claim()
    assert lease is not None
    for second in range(11):
        seconds = float(second)
        lease.report(500_000 + 20_000 * second, 1_000_000)
    shown = client.get(url).text.replace("\u00a0", " ")
    assert '<progress id="pr" max="100" value="70">70 %</progress>' in shown
    facts = (
        r"<strong>70 %</strong> · 700 KB of 1\.00 MB · (1\d|20)\.\d KB/s · about \d0 s left</span>"
    )
    assert re.search(facts, shown)
    for second in range(11, 18):  # it stands still
        seconds = float(second)
        lease.report(700_000, 1_000_000)
    shown = client.get(url).text.replace("\u00a0", " ")
    assert "<strong>70 %</strong> · 700 KB of 1.00 MB</span>" in shown


def test_cancelling(portal: Make, tmp_path: Path) -> None:
    site = portal(study(tmp_path / "study"))
    client = signed_in(site)
    Page.at(client, "/datasets/study").button("Add everything").press(client)
    order = _ordered(client)
    cancelled = order.button("Cancel preparation").press(client)
    assert "You cancelled the preparation." in cancelled.text
    assert work(site) == 0
    cancelled.button("Prepare the zip").press(client)
    work(site)
    assert "Ready" in Page.at(client, order.url).text


def test_what_does_not_fit_stays(portal: Make, tmp_path: Path) -> None:
    site = portal(study(tmp_path / "study"), limits=Limits(files=3, size=200_000))
    client = signed_in(site)
    Page.at(client, "/datasets/study").button("Add everything").press(client)
    review = Page.at(client, "/list")
    assert "12 files are too large for one order" in review.text
    assert "do not fit into one order (at most 3 files and 200 KB)" in review.text
    order = _ordered(client)
    assert "Holds3 files" in order.text.replace("Holds ", "Holds")
    assert len(_listed(site)) == 23


@pytest.mark.parametrize("name", ["a/b", ".hidden", "x" * 300])
def test_a_name_that_no_zip_can_have(portal: Make, tmp_path: Path, name: str) -> None:
    client = signed_in(portal(study(tmp_path / "study")))
    Page.at(client, "/datasets/study").button("Add everything").press(client)
    found = _ordered(client, name=name)
    assert found.status == 409
    assert "The name of" in found.text
    assert ("input", "true") not in found.elements


def test_again_and_compared_with_today(portal: Make, tmp_path: Path) -> None:
    root = study(tmp_path / "study")
    site = portal(root)
    client = signed_in(site)
    Page.at(client, "/datasets/study").button("Add selected").press(client, "sub-01", "README")
    order = _ordered(client)
    same = Page.at(client, f"{order.url}/compare")
    assert "All 3 files are the same today." in same.text
    (root / "README").write_text("changed")
    subprocess.run(["git", "rm", "-q", "-r", "sub-01/anat"], cwd=root, check=True)
    subprocess.run(["git", "commit", "-q", "-a", "-m", "x"], cwd=root, check=True)
    changed = Page.at(client, f"{order.url}/compare")
    assert "1 of 3 files is the same" in changed.text
    changed.button("Put today").press(client)
    assert len(_listed(site)) == 2
    history = Page.at(client, "/orders")
    history.button("Order again").press(client)
    assert len(_listed(site)) == 3


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
    order = _ordered(client, name="<img src=x>'\".zip")
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
    assert sorted(_listed(site)) == sorted(name for name in HOSTILE)
    tokens = [b for b in Page.at(client, "/list").buttons if b.name == "only"]
    assert len(tokens) == len(HOSTILE)
    for button in tokens:
        assert "Removed 1 file." in button.press(client).text
    assert _listed(site) == []


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
