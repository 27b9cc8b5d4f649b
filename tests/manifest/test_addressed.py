"""Several addresses of DRS are asked for at a time, and come in the order of the manifest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import FetchError, StatusError
from datalad_jsdl.manifest.addressed import addressed
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator


def record(name: str) -> Record:
    return Record(None, {"urls": [f"drs://h/{name}"], "digests": {}}, f"line {name}")


def test_several_at_a_time_in_their_order() -> None:
    together, number = threading.Barrier(8), 0
    plain = Record("plain", {"urls": ["https://h/plain"]}, "line 0")

    def ask(address: str) -> Iterator[Record]:
        together.wait(20)
        name = address.rpartition("/")[2]
        yield Record(name, {"urls": [f"https://h/{name}"]}, "answer")

    names = [str(n) for n in range(80)]
    given = [*map(record, names[:40]), plain, *map(record, names[40:])]
    for found, expected in zip(addressed(given, ask), given, strict=True):
        number += 1
        name = expected.where.split()[1] if expected is not plain else "plain"
        assert (found.path, found.value["urls"]) == (name, [f"https://h/{name}"])
        assert found.where.startswith(expected.where)
    assert number == 81


def test_no_further_one_is_asked_for_once_a_server_fails() -> None:
    asked = []

    def ask(address: str) -> Iterator[Record]:
        asked.append(address)
        if address.endswith("/3"):
            raise FetchError("no answer")
        yield Record("a", {"urls": ["https://h/a"]}, "answer")

    given = (record(str(n)) for n in range(1000))
    with pytest.raises(FetchError, match=r"^line 3: an address of DRS needs .* no answer$"):
        list(addressed(given, ask))
    assert len(asked) < 100


def test_rows_whose_server_wants_a_login_come_behind_the_first_that_is_answered() -> None:
    def ask(address: str) -> Iterator[Record]:
        name = address.rpartition("/")[2]
        if name != "2":
            raise StatusError("a login is needed", 401)
        yield Record(name, {"urls": [f"https://h/{name}"]}, "answer")

    found = list(addressed([record(name) for name in "1234"], ask))
    assert [(one.where, one.fault) for one in found] == [
        ("line 1", "a login is needed"),
        ("line 2", None),
        ("line 3", "a login is needed"),
        ("line 4", "a login is needed"),
    ]
    assert found[0].value == record("1").value  # to be tried again


def test_not_all_are_asked_for_where_all_want_a_login() -> None:
    asked = []

    def ask(address: str) -> Iterator[Record]:
        asked.append(address)
        raise StatusError("a login is needed", 403)
        yield

    for number in (3, 1000):
        asked.clear()
        with pytest.raises(StatusError, match=r"^line 0: an address of DRS .* a login is needed$"):
            list(addressed((record(str(n)) for n in range(number)), ask))
        assert len(asked) < 200
