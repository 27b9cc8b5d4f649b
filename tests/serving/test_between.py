"""What parts of the portal mean for each other: visitors, embedding, rules, rates, the log."""

from __future__ import annotations

import json
import time

import pytest
from starlette.testclient import TestClient

from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.embedding.keys import EmbedKey
from datalad_jsdl.portal.embedding.signing import SignedForm, signature_of
from datalad_jsdl.portal.logs import PortalLog
from datalad_jsdl.portal.refusals import REFUSALS
from datalad_jsdl.portal.site import Site
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
