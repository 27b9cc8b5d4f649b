"""What parts of the portal mean for each other: visitors, embedding, rules, rates, the log."""

from __future__ import annotations

import json
import re
import time

import pytest
from starlette.testclient import TestClient

from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.worker import drain
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.embedding.keys import EmbedKey
from datalad_jsdl.portal.embedding.signing import SignedForm, signature_of
from datalad_jsdl.portal.logs import PortalLog
from datalad_jsdl.portal.order_actions import archive_path
from datalad_jsdl.portal.refusals import REFUSALS
from datalad_jsdl.portal.rules import DatasetRule, Openness, Rules
from datalad_jsdl.portal.site import Site
from tests.lab import Lab
from tests.portal import content_of, described
from tests.serving.test_public import HERE, Make, browser, listed, portal

__all__ = ["portal"]  # a fixture

SECRET = "s" * 40
ATLAS = "https://atlas.example.org"


def post(client: TestClient, selection: object, nonce: str = "n" * 16) -> str:
    """Where a browser is sent that has posted a page's form."""
    form = SignedForm("atlas", int(time.time()) + 600, nonce, json.dumps(selection))
    fields = {
        "key": form.key,
        "expires": str(form.expires),
        "nonce": form.nonce,
        "selection": form.selection,
        "signature": signature_of(form, SECRET),
    }
    head = {"origin": ATLAS, "sec-fetch-site": "cross-site"}
    answer = client.post("/choose", data=fields, headers=head, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def with_atlas(site: Site) -> Site:
    key = EmbedKey("atlas", (SECRET,), frozenset({ATLAS}), may_post_manifests=True)
    site.embed = {"atlas": key}
    return site


def test_who_comes_from_another_page_for_the_first_time_finds_the_files(portal: Make) -> None:
    client = browser(with_atlas(portal()))
    there = post(client, {"dataset": "open", "paths": ["a"]})
    assert "jsdl_visitor" not in client.cookies  # of somebody who is here already, it must stay
    page = client.get(there)
    assert page.url.path == "/list"
    assert listed(client) == ["a"]


def refusals(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """The lines of the log on what is refused, of this process."""
    lines: list[dict[str, object]] = []

    def write(event: str, **fields: object) -> None:
        lines.append({"event": event, **fields})

    monkeypatch.setattr(REFUSALS, "_kinds", {})
    monkeypatch.setattr(REFUSALS, "log", PortalLog(b"secret", write))
    return lines


def test_strangers_cannot_flood_the_log(portal: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    site, lines = portal(), refusals(monkeypatch)
    for _ in range(20):  # each without a cookie, and so somebody new
        assert browser(site).get("/orders/nothing").status_code == 404
    assert len(lines) == len(REFUSALS._kinds) == 1
    assert "user" not in lines[0]


def test_what_is_refused_is_told_of_the_visitor(
    portal: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whom the proxy names, by the pseudonym of other lines, and from where they are."""
    site, lines = portal("proxy", "trusted = 127.0.0.1"), refusals(monkeypatch)
    app = make_app(site)
    for address in ("192.0.2.1", "192.0.2.2"):
        fields = {"x-remote-user": "ada", "x-forwarded-for": f"198.51.100.7, {address}", **HERE}
        ada = TestClient(app, headers=fields, client=("127.0.0.1", 1))
        assert ada.get("/orders/nothing").status_code == 404
    assert [line["client"] for line in lines] == ["192.0.2.1", "192.0.2.2"]
    assert {line["user"] for line in lines} == {PortalLog(b"secret").pseudonym("user ada")}


def ordered(site: Site, client: TestClient, dataset: str = "open") -> str:
    """An order of a file that is ready."""
    client.post("/api/v1/download/list/me/add", json={"dataset": dataset, "path": "a"})
    answer = client.put("/api/v1/download/list/me/order", json={})
    assert answer.status_code == 201, answer.text
    drain(Jobs(site.desk.store), tasks(site.desk))
    return str(answer.json()["orderId"])


def by_proxy(site: Site, user: str, groups: str = "") -> TestClient:
    fields = {"x-remote-user": user, "x-groups": groups, **HERE}
    return TestClient(make_app(site), headers=fields, client=("127.0.0.1", 1))


PROXY = "trusted = 127.0.0.1\ngroups-field = x-groups"
#: What somebody does with an order's archive, or learns of its files.
DONE = [
    ("GET", "/api/v1/orders/{}/archive"),
    ("HEAD", "/api/v1/orders/{}/archive"),
    ("GET", "/api/v1/orders/{}/archive.sha256"),
    ("GET", "/api/v1/orders/{}/manifest"),
    ("GET", "/api/v1/orders/{}/curl"),
    ("GET", "/api/v1/orders/{}/events"),
    ("GET", "/api/v1/orders/{}/comparison"),
    ("GET", "/api/v1/download/order/{}"),
    ("POST", "/api/v1/download/order/{}/async/start"),
    ("GET", "/orders/{}"),
    ("GET", "/orders/{}/compare"),
]


def test_who_loses_access_to_a_dataset_loses_its_downloads(portal: Make) -> None:
    site = portal("proxy", PROXY)
    insider, outsider = by_proxy(site, "ada", "anonymous"), by_proxy(site, "ada", "others")
    order = ordered(site, insider, "inner")
    for method, path in DONE:
        assert insider.request(method, path.format(order)).status_code < 400, path
        answer = outsider.request(method, path.format(order))
        assert answer.status_code == 403, path
        assert method == "HEAD" or "inner" in answer.text
    for path in ("/orders", "/api/v1/download/order/me/history"):
        assert order in outsider.get(path).text
    again = outsider.post(f"/api/v1/orders/{order}/repeat", json={})
    assert again.status_code == 409
    assert insider.get(f"/api/v1/orders/{order}/archive").status_code == 200


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        (DatasetRule(Openness.GROUPS, frozenset({"anonymous"})), 200),
        (DatasetRule(Openness.GROUPS, frozenset({"others"})), 410),
        (DatasetRule(Openness.SIGNED_IN), 410),
    ],
)
def test_a_link_ends_when_its_files_are_for_others(
    portal: Make, rule: DatasetRule, status: int
) -> None:
    site = portal("proxy", PROXY)
    ada = by_proxy(site, "ada", "anonymous")
    summary = site.desk.orders.summary(ordered(site, ada, "inner"))
    link, _ = archive_path(site, summary)
    manifest = f"{link.rpartition('/')[0]}/manifest.json"
    anybody = TestClient(make_app(site))
    assert anybody.get(link).status_code == anybody.get(manifest).status_code == 200
    site.rules = Rules({"inner": rule})
    assert anybody.get(link).status_code == anybody.get(manifest).status_code == status
    new, _ = archive_path(site, summary)
    assert anybody.get(new).status_code == 200
    assert anybody.get(new.replace(summary.id, "x" * len(summary.id))).status_code == 404


def test_what_is_served_no_more_is_not_downloaded(portal: Make) -> None:
    """It has no rule any more, which would be one for everybody."""
    site = portal("proxy", PROXY)
    ada = by_proxy(site, "ada", "anonymous")
    summary = site.desk.orders.summary(ordered(site, ada, "inner"))
    link, _ = archive_path(site, summary)
    site.served = [item for item in site.served if item.name != "inner"]
    site.rules = Rules()
    anybody = TestClient(make_app(site))
    assert anybody.get(link).status_code == 410
    assert anybody.get(link.replace(".", ".x", 1)).status_code == 404
    assert ada.get(f"/api/v1/orders/{summary.id}/archive").status_code == 403


def test_the_rest_of_what_a_page_has_posted_is_ordered(portal: Make, lab: Lab) -> None:
    """It is in no dataset that there could be a rule for."""
    site = with_atlas(portal("proxy", PROXY))
    client = by_proxy(site, "ada")
    right = described("a", lab.put("a", content_of("a")))
    wrong = described("b", f"{lab.url}/gone")
    there = post(client, {"name": "cohort", "manifest": {"a": right, "b": wrong}})
    client.post(f"{there}/add", data={"token": token_of(client, there)})
    client.get(there)
    order = client.put("/api/v1/download/list/me/order", json={}).json()["orderId"]
    drain(Jobs(site.desk.store), tasks(site.desk))
    here = f"/orders/{order}"
    made = client.post(f"{here}/others", data={"token": token_of(client, here)})
    assert made.status_code == 200, made.text
    new = made.url.path.rpartition("/")[2]
    files = client.get(f"/api/v1/download/order/{new}").json()["files"]
    assert [file["path"] for file in files] == ["a"]


def token_of(client: TestClient, path: str) -> str:
    """What forms of the visitor carry."""
    found = re.search(r'name="token" value="([0-9a-f]{64})"', client.get(path).text)
    assert found
    return found[1]
