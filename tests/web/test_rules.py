"""What rules of datasets, roles and terms mean to who asks the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.portal.identity import TokenIdentity, Visitor
from datalad_jsdl.portal.rules import DatasetRule, Openness, Rules, Terms
from datalad_jsdl.portal.site import Site
from tests.portal import write_manifest
from tests.web.conftest import TOKEN, running

LIST = "/download/list/me"
F1 = {"dataset": "m", "path": "a/f1"}
TERMS = Terms("Cite us.")


@dataclass(frozen=True)
class InGroup(TokenIdentity):
    """The one user, in groups."""

    groups: frozenset[str] = frozenset()

    def visitor(self, *asked: Any) -> Visitor | None:
        found = super().visitor(*asked)
        return None if found is None else replace(found, groups=self.groups)


@pytest.fixture
def ruled(portal: Callable[..., Site], members: dict[str, Any]) -> Callable[..., Site]:
    write_manifest("m.json", members)
    write_manifest("other.json", members)

    def make(rules: Rules, *groups: str) -> Site:
        site = portal("m.json", "other.json", rules=rules)
        site.identity = InGroup(TOKEN, "jsdl_1", frozenset(groups))
        return site

    return make


def test_a_dataset_for_a_group(ruled: Callable[..., Site]) -> None:
    rules = Rules({"other": DatasetRule(Openness.GROUPS, frozenset({"lab"}))})
    with running(ruled(rules)) as client:
        assert [item["name"] for item in client.get("/datasets")["datasets"]] == ["m"]
        client.get("/datasets/other/files", 404)
        client.post(f"{LIST}/add", {**F1, "dataset": "other"}, 404)
        client.post("/query", {"dataset": "other", "query": {"glob": "*"}}, 404)
        client.post("/entity/children", {"parentId": "other/a"}, 404)
        body = {"concreteType": "AddFolderRequest", "parentId": "other"}
        client.post(f"{LIST}/add/async/start", body, 404)
    with running(ruled(rules, "lab")) as client:
        assert len(client.get("/datasets")["datasets"]) == 2
        client.post(f"{LIST}/add", {**F1, "dataset": "other"})
    # what a list has of before is ordered no more
    with running(ruled(rules)) as client:
        client.post(f"{LIST}/add", F1)
        order = client.ask("PUT", f"{LIST}/order", 201, json={}).json()
        assert order["files"][0]["dataset"] == "m"
        assert order["numberOfFiles"] == 1


def test_limits_by_role(ruled: Callable[..., Site]) -> None:
    rules = Rules(limits=Limits(files=1), roles={"staff": Limits(files=2)})
    for groups, most in (((), 1), (("staff",), 2)):
        with running(ruled(rules, *groups)) as client:
            body = {"concreteType": "AddFolderRequest", "parentId": "m", "recursive": True}
            token = client.post(f"{LIST}/add/async/start", body, 202)["token"]
            client.wait(f"{LIST}/add/async/get/{token}")
            problem = client.ask("PUT", f"{LIST}/order", 409, json={}).json()
            assert problem["filesOver"] == 5 - most
            assert client.get(f"{LIST}/review")["limits"]["files"] == most


def test_terms_are_accepted_before_an_order(ruled: Callable[..., Site]) -> None:
    rules = Rules({"m": DatasetRule(terms=TERMS)})
    with running(ruled(rules)) as client:
        client.post(f"{LIST}/add", F1)
        problem = client.ask("PUT", f"{LIST}/order", 403, json={}).json()
        assert problem["terms"] == {"m": TERMS.version}
        assert client.get(LIST)["numberOfFiles"] == 1
        terms = client.get("/datasets/m/terms")
        assert (terms["text"], terms["acceptedOn"]) == ("Cite us.", None)
        client.post("/datasets/m/terms", {"version": "another"}, 409)
        assert client.post("/datasets/m/terms", {"version": TERMS.version})["acceptedOn"]
        made = client.ask("PUT", f"{LIST}/order", 201, json={}).json()
        client.get("/datasets/other/terms", 404)
        client.post("/datasets/other/terms", {"version": "x"}, 404)
    # other terms have to be accepted again
    with running(ruled(Rules({"m": DatasetRule(terms=Terms("Cite us, please."))}))) as client:
        client.post(f"/orders/{made['orderId']}/repeat", {}, 403)
