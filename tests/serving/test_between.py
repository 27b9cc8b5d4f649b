"""What parts of the portal mean for each other: visitors, embedding, rules, rates, the log."""

from __future__ import annotations

import json
import time

from starlette.testclient import TestClient

from datalad_jsdl.portal.embedding.keys import EmbedKey
from datalad_jsdl.portal.embedding.signing import SignedForm, signature_of
from datalad_jsdl.portal.site import Site
from tests.serving.test_public import Make, browser, listed, portal

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
