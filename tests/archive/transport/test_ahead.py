"""Small contents out of zips for an export: right ones in any order, the others from elsewhere."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.archive.content import Content
from datalad_jsdl.archive.transport.ahead import GroupsAhead
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.model.content import Expected, Fetched
from tests.archive.transport.zips import canonical, named, some_files
from tests.lab import Lab, older

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.archive.shelf import Outcome

FILES = some_files(300, 30_000)  # several groups
ELSEWHERE = (Failed(()), bytearray())


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as server:
        yield server


def taken(lab: Lab, data: bytes, order: list[int]) -> list[Outcome]:
    """What comes of contents that are asked for in this order."""
    archive = named(lab.put("all.zip", data))
    contents = [
        Content(
            path,
            f"x/{path}".encode(),
            size=len(content),
            expected=Expected(len(content), "sha256", hashlib.sha256(content).hexdigest()),
            urls=("http://127.0.0.1:9/none",),
            archives=(archive,),
        )
        for path, content in FILES.items()
    ]
    with Engine(AddressPolicy(allow_all=True)) as engine:
        groups = GroupsAhead(contents, lambda content: engine)
        try:
            return [groups.fetch(number, lambda: ELSEWHERE) for number in order]
        finally:
            groups.close()


@pytest.mark.parametrize("step", [1, -1, 7])
def test_all_come_in_any_order(lab: Lab, step: int) -> None:
    order = [number * step % 300 for number in range(300)]
    expected = list(FILES.values())
    for number, (outcome, content) in zip(order, taken(lab, canonical(FILES), order), strict=True):
        assert isinstance(outcome, Fetched)
        assert content == expected[number]
    assert 4 <= len(lab.requests) <= 12


def test_wrong_ones_come_from_elsewhere(lab: Lab) -> None:
    wrong = {path: older(c) if n % 3 == 0 else c for n, (path, c) in enumerate(FILES.items())}
    for number, (outcome, content) in enumerate(taken(lab, canonical(wrong), list(range(300)))):
        assert (outcome is ELSEWHERE[0]) == (number % 3 == 0)
        if number % 3:
            assert content == list(FILES.values())[number]


def test_what_is_asked_for_twice_comes_from_elsewhere(lab: Lab) -> None:
    first, again = taken(lab, canonical(FILES), [5, 5])
    assert isinstance(first[0], Fetched)
    assert again is ELSEWHERE
