"""Several addresses of DRS are asked for at a time, and come in the order of the manifest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.errors import FetchError, ManifestError, StatusError
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


@pytest.mark.parametrize("path", [None, "x/", "x"])
def test_a_row_that_breaks_off_behind_very_many_is_kept_as_it_was_given(
    monkeypatch: pytest.MonkeyPatch, path: str | None
) -> None:
    monkeypatch.setattr("datalad_jsdl.manifest.addressed._HELD", 2)

    def ask(address: str) -> Iterator[Record]:
        for name in "abc":
            yield Record(name, {"urls": [f"https://h/{name}"]}, "answer")
        raise ManifestError("no next page")

    given = record("1")._replace(path=path)
    *others, last = addressed([given], ask)
    start = "x/" if path else ""
    assert [one.path for one in others] == [f"{start}{name}" for name in "abc"]
    assert last == given._replace(fault="no next page")


@pytest.mark.parametrize(
    ("path", "folder", "start"),
    [(None, None, ""), ("y", "./", ""), ("./", "./", ""), ("x/y", "x/", "x/"), ("x/", "x/", "x/")],
)
@pytest.mark.parametrize("more", [{}, {"reason": "gone"}])
def test_of_several_addresses_the_one_that_fails_is_kept(
    path: str | None, folder: str | None, start: str, more: dict[str, str]
) -> None:
    """What it leads to comes into the row's folder, then, too."""
    fails = True

    def ask(address: str) -> Iterator[Record]:
        if fails and address.endswith("/2"):
            raise ManifestError("no object")
        yield Record(address[-1], {"urls": [f"https://h/{address[-1]}"]}, "answer")

    value = {"urls": ["drs://h/1", "drs://h/2"], **more}
    first, kept = addressed([Record(path, value, "line 1")], ask)
    assert (first.path, first.fault) == (f"{start}1", None)
    assert kept == Record(folder, {"urls": ["drs://h/2"], **more}, "line 1", "no object")
    fails = False
    (again,) = addressed([kept._replace(fault=None)], ask)
    assert again.path == f"{start}2"
