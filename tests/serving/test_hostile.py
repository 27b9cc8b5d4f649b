"""A hostile visitor: refused, in the log without what was sent, and others are served meanwhile."""

from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.worker import run_job
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.portal import actions
from datalad_jsdl.portal.accounts.proxy import ProxyIdentity, networks_of
from datalad_jsdl.portal.api.routes import api_routes
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.embedding.keys import EmbedKey
from datalad_jsdl.portal.order_actions import archive_path
from datalad_jsdl.portal.pages.routes import page_routes
from datalad_jsdl.portal.refusals import REFUSALS
from datalad_jsdl.portal.rules import DatasetRule, Openness, Rules
from datalad_jsdl.portal.served import served_of
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.pages.conftest import HOSTILE, made, work
from tests.pages.forms import Page
from tests.serving.test_embedding import ATLAS, SECRET, form

HERE = {"sec-fetch-site": "same-origin"}
CELLS = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)",
    "</option></select><svg onload=alert(1)>", "{{7*7}}", "'; DROP TABLE orders; --",
]  # fmt: skip


@pytest.fixture
def site(home: Path, tmp_path: Path) -> Iterator[Site]:
    """A portal of several users, with one dataset for all and one for staff."""
    table = "participant_id\t<b onclick=alert(1)>\n"
    table += "".join(f"sub-{n}\t{cell}\n" for n, cell in enumerate(CELLS))
    files = {**{name: name.encode() for name in HOSTILE}, "participants.tsv": table.encode()}
    data = tmp_path / "data"
    made(data / "open", files)
    made(data / "staff", {"secret": b"for staff only"})
    (tmp_path / "outside").write_text("root:outside")
    with Store.of_file(tmp_path / "s.sqlite") as store:
        desk = Desk(store)
        site = Site(
            desk, served_of(desk, [str(data)]), ProxyIdentity(networks_of(["127.0.0.1"])),
            frozenset({"testserver"}),
            rules=Rules({"staff": DatasetRule(Openness.GROUPS, frozenset({"staff"}))}),
            embed={"atlas": EmbedKey("atlas", (SECRET,), frozenset({ATLAS}), True)},
        )  # fmt: skip
        yield site
        site.close()


@pytest.fixture(autouse=True)
def log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(REFUSALS, "_kinds", {})
    caplog.set_level(logging.INFO, "datalad.jsdl")
    return caplog


def browser(site: Site, user: str, **headers: str) -> TestClient:
    """Of a user whom the proxy has signed in."""
    return TestClient(
        make_app(site), client=("127.0.0.1", 1), follow_redirects=False,
        headers={"x-remote-user": user, "accept": "text/html", **headers},
    )  # fmt: skip


def is_served(site: Site) -> bool:
    return browser(site, "ada").get("/datasets/open").status_code == 200


def ordered(site: Site, user: str, name: str = "all") -> str:
    """An order of a user, prepared."""
    actions.add(site, user, actions.choose(site, site.served[0], Choice(("participants.tsv",))))
    order = site.desk.orders.create(user, name).summary.id
    Jobs(site.desk.store).start("prepare", user, {"order": order})
    work(site)
    return order


UP = ["../outside", "..%2foutside", "..%2F..%2Foutside", "%2e%2e/outside", "....//outside",
      "..\\outside", "..%5coutside", "/etc/passwd", "%2fetc%2fpasswd", "..%00/outside",
      "..%252foutside", "\u2025/outside", "portal.css/../../site.py"]  # fmt: skip


@pytest.mark.parametrize("up", UP)
def test_no_path_leads_out(site: Site, up: str) -> None:
    eve = browser(site, "eve")
    order = ordered(site, "eve")
    for path in (
        f"/static/{up}", f"/about/{up}", f"/datasets/{up}", f"/datasets/open/{up}",
        f"/datasets/open?folder={up}", f"/datasets/open?q={up}", f"/datasets/open/terms/{up}",
        f"/orders/{up}", f"/orders/{order}/{up}", f"/d/{up}", f"/d/{order}.{up}/x.zip",
        f"/chosen/{up}", f"/choose?dataset={up}", f"/choose?dataset=open&path={up}",
        f"/look/{up}", f"/sign-in?next={up}", f"/api/v1/datasets/{up}/files",
        f"/api/v1/datasets/open/files?folder={up}", f"/api/v1/orders/{up}/archive",
        f"/api/v1/{up}", f"/{up}",
    ):  # fmt: skip
        answer = eve.get(path)
        assert b"root:" not in answer.content, path
        assert b"from __future__" not in answer.content, path
        assert answer.status_code < 500, path
        assert urls_stay(answer.headers.get("location", "/")), path
    for body in ({"dataset": "open", "path": up}, {"dataset": up, "path": "x"}):
        added = eve.post("/api/v1/download/list/me/add", json=body, headers=HERE)
        assert added.status_code in (400, 404), body
    assert is_served(site)


def urls_stay(location: str) -> bool:
    return location.startswith("/") and not location.startswith(("//", "/\\"))


@pytest.mark.parametrize("name", ["../../x", "..\\x", "a/b", "/etc/x", "..", "\r\nset-cookie: a=b"])
def test_no_name_of_a_zip_leads_out(site: Site, name: str) -> None:
    eve = browser(site, "eve")
    eve.post(
        "/api/v1/download/list/me/add", json={"dataset": "open", "path": "-dash"}, headers=HERE
    )
    body = {"zipFileName": name}
    answer = eve.put("/api/v1/download/list/me/order", json=body, headers=HERE)
    assert answer.status_code == 400, answer.text
    assert "set-cookie" not in answer.headers


def test_what_is_of_others_is_not_there(site: Site, log: pytest.LogCaptureFixture) -> None:
    """The answer is that for what nobody has, so that nothing is learned of it."""
    order = ordered(site, "ada")
    job = Jobs(site.desk.store).of_user("ada")[0].id
    eve = browser(site, "eve")
    for path in (
        "/orders/{}", "/orders/{}/compare", "/api/v1/orders/{}", "/api/v1/orders/{}/archive",
        "/api/v1/orders/{}/archive.sha256", "/api/v1/orders/{}/manifest", "/api/v1/orders/{}/curl",
        "/api/v1/orders/{}/events", "/api/v1/orders/{}/comparison", "/api/v1/download/order/{}",
    ):  # fmt: skip
        theirs, nobodys = (eve.get(path.format(i)) for i in (order, "x" * 24))
        assert theirs.status_code == nobodys.status_code == 404, path
        assert theirs.text.replace(order, "x" * 24) == nobodys.text, path
    for method, path in (
        ("POST", f"/api/v1/orders/{order}/links/revoke"),
        ("POST", f"/api/v1/orders/{order}/repeat"),
        ("POST", f"/api/v1/download/order/{order}/async/start"),
        ("DELETE", f"/api/v1/jobs/{job}"), ("GET", f"/api/v1/jobs/{job}"),
        ("GET", "/api/v1/download/list/ada"), ("DELETE", "/api/v1/download/list/ada"),
        ("GET", f"/api/v1/download/list/me/add/async/get/{job}"),
        ("GET", "/api/v1/download/order/ada/history"),
        ("GET", "/api/v1/datasets/staff/files"), ("GET", "/datasets/staff"),
    ):  # fmt: skip
        body = {"json": {}} if method == "POST" else {}
        assert eve.request(method, path, headers=HERE, **body).status_code == 404, path
    found = [record.getMessage() for record in log.records]
    assert "refused: GET /orders/{order} with 404 for 'eve', from 127.0.0.1" in found
    assert order not in log.text
    assert is_served(site)


def link_of(site: Site, order: str) -> tuple[str, float]:
    """The signature of a link, and when it expires."""
    path, expires = archive_path(site, site.desk.orders.summary(order))
    return path.split("/")[2].partition(".")[2], expires


def test_a_capability_is_not_made_up(site: Site, log: pytest.LogCaptureFixture) -> None:
    one, other = ordered(site, "ada"), ordered(site, "ada", "other")
    good, expires = link_of(site, one)
    foreign, _ = link_of(site, other)
    eve = TestClient(make_app(site))
    assert eve.get(f"/d/{one}.{good}/all.zip").status_code == 200
    half = len(good) // 2
    another = "y" if good[half] == "x" else "x"
    for made_up in (
        foreign, good[:-1], good + "0", good[:half] + another + good[half + 1 :], good.swapcase(),
        "x", "0" * len(good), good.replace(good[0], "\u0130", 1), f"{int(expires) + 9999}.{good}",
        "." + good, good + "%00", "%2e%2e",
    ):  # fmt: skip
        assert eve.get(f"/d/{one}.{made_up}/all.zip").status_code in (404, 410), made_up
        assert eve.get(f"/d/{one}.{made_up}/manifest.json").status_code in (404, 410), made_up
    site.capabilities.revoke(one)
    assert eve.get(f"/d/{one}.{good}/all.zip").status_code == 410
    assert "refused: GET /d/{order}.{signature}/{name} with 404" in log.text
    assert good not in log.text
    assert is_served(site)


@pytest.mark.parametrize("host", ["evil.example", "testserver:1", "testserver.evil.example", "",
                                  "testserver@evil.example", "a" * 9000])  # fmt: skip
def test_another_host(site: Site, host: str, log: pytest.LogCaptureFixture) -> None:
    eve = browser(site, "eve", host=host)
    for path in ("/", "/orders", "/api/v1/datasets", "/choose"):
        answer = eve.get(path)
        assert answer.status_code == 421
        assert not host or host not in answer.text
    assert "with 421" in log.text
    assert "evil" not in log.text
    assert is_served(site)


def test_a_host_that_is_forwarded_means_nothing(site: Site) -> None:
    order = ordered(site, "eve")
    eve = browser(site, "eve", **{"x-forwarded-host": "evil.example", "forwarded": "host=evil"})
    for path in (f"/orders/{order}", f"/api/v1/orders/{order}", f"/api/v1/orders/{order}/curl"):
        answer = eve.get(path)
        assert answer.status_code == 200
        assert "evil" not in answer.text


def test_a_user_that_is_made_up(site: Site) -> None:
    """The field counts from the proxy only, and once."""
    app = make_app(site)
    away = TestClient(app, client=("10.1.2.3", 1), headers={"x-remote-user": "ada"})
    assert away.get("/api/v1/download/list/me").status_code == 401
    twice = TestClient(app, client=("127.0.0.1", 1))
    fields = [("x-remote-user", "ada"), ("x-remote-user", "eve")]
    assert twice.get("/api/v1/download/list/me", headers=fields).status_code == 401  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://evil.testserver"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
        {"referer": "http://testserver/"},
        {},
    ],
    ids=str,
)
def test_no_other_page_changes_anything(
    site: Site, fields: dict[str, str], log: pytest.LogCaptureFixture
) -> None:
    """All that can be written to, but for what a signature is looked at."""
    eve = browser(site, "ada", **fields)
    routes = [route for route in page_routes(site) if isinstance(route, Route)]
    writable = [
        (method, re.sub(r"\{\w+\}", "open", route.path))
        for route in routes
        for method in (route.methods or ()) - {"GET", "HEAD"}
    ]
    writable += [
        (method, re.sub(r"\{\w+\}", "me", getattr(route, "path", "")))
        for route in api_routes(site)
        for method in ("POST", "PUT", "DELETE", "PATCH")
    ]
    assert len(writable) > 100
    for method, path in writable:
        wanted = 415 if path == "/choose" else 403
        assert eve.request(method, path).status_code == wanted, (method, path)
    assert "with 403" in log.text
    assert is_served(site)


def test_names_and_cells_are_text(site: Site) -> None:
    """No element, no attribute and no address is made of them."""
    eve = browser(site, "eve", **HERE)
    everything = {"concreteType": "AddFolderRequest", "parentId": "open", "recursive": True}
    eve.post("/api/v1/download/list/me/add/async/start", headers=HERE, json=everything)
    work(site)
    attack = '"><script>alert(1)</script>'
    for path in (
        "/datasets/open", "/list", "/choose?dataset=open", "/orders",
        f"/datasets/open?q={attack}&sort={attack}&page={attack}&folder={attack}",
        f"/datasets/open?where={attack}&is.{attack}={attack}&from.x={attack}",
        f"/list?removed={attack}&of=1&added=1&chosen={attack}",
        f"/sign-in?next=javascript:{attack}",
        f"/nothing/{attack}", f"/orders/{attack}", f"/choose?dataset={attack}&path={attack}",
    ):  # fmt: skip
        page = Page(eve, eve.get(path))
        names = {tag for tag, _ in page.elements}
        assert names.isdisjoint({"b", "i", "img", "iframe", "object", "embed"}), path
        for tag, given in page.elements:
            assert not any(name.startswith("on") or name == "style" for name in given), path
            assert not given.get("href", "").lower().lstrip().startswith(("javascript:", "data:"))
            if tag == "script":
                assert given["src"] == "/static/portal.js"
            if tag == "svg":
                assert "onload" not in given
        assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "alert(1)" in eve.get("/datasets/open").text


def test_what_is_no_page_is_never_one(site: Site) -> None:
    """A browser makes no page of what others have named."""
    order = ordered(site, "eve")
    eve = browser(site, "eve", accept="*/*")
    for path in ("/api/v1/datasets/open/files", f"/api/v1/orders/{order}/manifest",
                 f"/api/v1/orders/{order}/archive", "/api/v1/nothing/<script>"):  # fmt: skip
        answer = eve.get(path)
        assert "html" not in answer.headers["content-type"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def posted_order(site: Site, manifest: dict[str, Any]) -> str:
    """What comes of a posted manifest: an order, as far as it gets."""
    eve = browser(site, "eve", origin=ATLAS)
    went = eve.post("/choose", data=form({"manifest": manifest}))
    assert went.status_code == 303, went.text
    assert eve.get(went.headers["location"]).status_code == 303
    order = site.desk.orders.create("eve", "x").summary.id
    Jobs(site.desk.store).start("prepare", "eve", {"order": order})
    work(site)
    return order


@pytest.fixture
def allowing(home: Path) -> Iterator[Callable[[str], None]]:
    """Sets which addresses the portal's user allows."""
    name = "annex.security.allowed-ip-addresses"

    def allow(value: str) -> None:
        subprocess.run(["git", "config", "--global", name, value], check=True)

    yield allow
    allow("127.0.0.1")


def failed(site: Site) -> str:
    """Why a preparation has failed."""
    job = Jobs(site.desk.store).of_user("eve")[0]
    return str(job.result)


@pytest.mark.parametrize("allowed", ["", "all", "10.0.0.0"])
def test_a_manifest_leads_to_no_inner_address(
    site: Site, lab: Lab, allowing: Callable[[str], None], allowed: str
) -> None:
    """Whatever it is written as; what is allowed for the operator's own manifests counts not."""
    allowing(allowed)
    lab.put("inner", b"x" * 3000)
    port = lab.port
    hosts = [
        "127.0.0.1", "localhost", "m1.localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0",
        "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254", "10.0.0.1",
        "127.0.0.1.", "LOCALHOST", "user@127.0.0.1",
    ]  # fmt: skip
    members = {f"f{n}": {"urls": [f"http://{host}:{port}/inner"], "size": 3000}
               for n, host in enumerate(hosts)}  # fmt: skip
    if allowed == "10.0.0.0":
        del members["f11"]
    posted_order(site, members)
    assert lab.requests == []
    assert "'prepared': 0" in failed(site)
    assert is_served(site)


def test_a_redirect_leads_to_no_inner_address(site: Site, lab: Lab) -> None:
    """The first hop is allowed by itself, the second is not."""
    with Lab(host="127.0.0.2") as inner:
        inner.put("inner", b"x" * 3000)
        url = lab.put("away", status=302, location=f"{inner.url}/inner")
        posted_order(site, {"f": {"urls": [url], "size": 3000}})
        assert inner.requests == []
    assert "'prepared': 0" in failed(site)
    assert len(lab.requests) > 0


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x.example/a", "gopher://x/", "a/b",
                                 "//127.0.0.1/x", "ssh://x.example/a"])  # fmt: skip
def test_a_manifest_has_web_addresses_only(site: Site, url: str) -> None:
    eve = browser(site, "eve", origin=ATLAS)
    went = eve.post("/choose", data=form({"manifest": {"f": {"urls": [url], "size": 3}}}))
    page = eve.get(went.headers["location"])
    assert page.status_code == 400
    assert list(site.desk.lists.files("eve")) == []


def test_a_manifest_gets_no_login_of_ours(
    site: Site, lab: Lab, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the operator has named one for that very address."""
    netrc = home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login operator password hush\n")
    netrc.chmod(0o600)
    rule = ["git", "config", "--global", "datalad.jsdl.credential", f"{lab.url} netrc"]
    subprocess.run(rule, check=True)
    try:
        url = lab.put("closed", b"x" * 3000, status=401)
        lab.files["/closed"].headers["WWW-Authenticate"] = 'Basic realm="x"'
        posted_order(site, {"f": {"urls": [url], "size": 3000}})
    finally:
        netrc.unlink()
        subprocess.run(
            ["git", "config", "--global", "--unset", "datalad.jsdl.credential"], check=True
        )
    assert lab.requests
    assert not any("authorization" in {k.lower() for k in r.headers} for r in lab.requests)


def test_everything_again_and_again(site: Site, log: pytest.LogCaptureFixture) -> None:
    """One user's many jobs: their number is limited, and the next of somebody else comes first."""
    eve, jobs = browser(site, "eve", **HERE), Jobs(site.desk.store)
    answers = []
    for number in range(60):
        body = {
            "concreteType": "AddQueryRequest",
            "dataset": "open",
            "query": {"glob": f"*{number}"},
        }
        url = "/api/v1/download/list/me/add/async/start"
        answers.append(eve.post(url, json=body, headers=HERE).status_code)
    assert answers == [202] * 50 + [429] * 10
    kinds = tasks(site.desk, kept=site.kept)
    assert run_job(jobs, kinds) is not None
    order = ordered_only(site, "ada")
    assert jobs.queue_position(jobs.start("prepare", "ada", {"order": order})) <= 1
    done = [run_job(jobs, kinds) for _ in range(2)]
    assert "ada" in {job.user for job in done if job is not None}
    assert "with 429 for 'eve'" in log.text
    assert is_served(site)


def ordered_only(site: Site, user: str) -> str:
    actions.add(site, user, actions.choose(site, site.served[0], Choice(("participants.tsv",))))
    return site.desk.orders.create(user, "x").summary.id
