"""What the API's document promises is kept, whatever is asked: by schemathesis.

What the tests of `test_api` are answered is compared with the document, too.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import checks

import datalad_jsdl
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.portal.actions import add, choose
from datalad_jsdl.portal.api.answer_schemas import ANSWERS
from datalad_jsdl.portal.api.document import BASE
from datalad_jsdl.portal.site import Site
from tests.web.conftest import TOKEN, Client, running

HEADERS = {"authorization": f"Bearer {TOKEN}"}
# a query, or the name of a file, can be wrong in ways that no schema tells
WITH_TEXT = {"query", "getStatistics", "startAdding", "createOrder", "repeatOrder"}

LINKED = ["createOrder", "getOrder", "getOrderState", "startPreparation", "getPrepared",
          "getArchive", "getCurl"]  # fmt: skip


def settings(examples: int) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=examples, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip


def fill(site: Site) -> None:
    """Put files on the list."""
    (served,) = site.served
    add(site, "me", choose(site, served, Choice(("a",))))


def be_known(case: schemathesis.Case) -> None:
    """Have it be about the user and the dataset that there are: no chance would find them."""
    for name, value in {"user": "me", "name": "m"}.items():
        if name in (case.path_parameters or {}):
            case.path_parameters[name] = value


def test_each_field_of_a_problem_is_in_the_document() -> None:
    """Whatever the portal's modules give to `ProblemError`, and `problem_of` adds."""
    given = {"filesOver", "bytesOver", "terms"}
    for file in (Path(datalad_jsdl.__file__).parent / "portal").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "ProblemError":
                given |= {keyword.arg for keyword in node.keywords if keyword.arg}
    assert "numberOfFailed" in given
    described = set(ANSWERS["Problem"]["properties"]) - {"title", "status", "detail"}
    assert given - {"headers"} == described


@pytest.mark.slow
def test_each_operation_with_anything(client: Client, site: Site) -> None:
    schema = schemathesis.openapi.from_url(f"{client.url}{BASE}/openapi.json")
    fill(site)
    for result in schema.get_all_operations():
        operation = result.ok()
        # that a token is needed is seen by `test_nobody_sees_what_is_of_others`
        excluded: list[Any] = [checks.ignored_auth]
        if operation.definition.raw["operationId"] in WITH_TEXT:
            excluded.append(checks.positive_data_acceptance)

        @settings(5)
        @hypothesis.given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            be_known(case)
            case.call_and_validate(base_url=client.url, headers=HEADERS, excluded_checks=excluded)  # noqa: B023 - it is asked before the next

        ask()


def test_from_creating_an_order_to_its_archive(site: Site) -> None:
    """Along the document's links; no worker is there, so that all goes as it did before."""
    with running(site, jobs=0) as client:
        _follow_links(client, site)


def _follow_links(client: Client, site: Site) -> None:
    schema = schemathesis.openapi.from_url(f"{client.url}{BASE}/openapi.json")
    machine: Any = schema.include(operation_id=LINKED).as_state_machine()
    answered: Counter[tuple[str, int]] = Counter()

    class Orders(machine):  # type: ignore[misc]
        def before_call(self, case: schemathesis.Case) -> None:
            be_known(case)
            if _name(case) == "createOrder":
                fill(site)
                case.body = {}

        def get_call_kwargs(self, case: schemathesis.Case) -> dict[str, Any]:
            return {"base_url": client.url, "headers": HEADERS}

        def validate_response(self, response: Any, case: schemathesis.Case, **more: Any) -> None:
            answered[_name(case), response.status_code] += 1
            excluded = [checks.ignored_auth, checks.positive_data_acceptance]
            case.validate_response(response, excluded_checks=excluded, transport_kwargs=more)

    Orders.run(settings=hypothesis.settings(settings(8), stateful_step_count=8))
    assert answered["createOrder", 201]
    assert answered["getOrderState", 200]
    assert answered["getArchive", 200] + answered["getArchive", 206]


def _name(case: schemathesis.Case) -> str:
    return str(case.operation.definition.raw["operationId"])
