"""From a list to an order, alone and with others who order at the same time."""

from __future__ import annotations

import multiprocessing
import secrets
from concurrent.futures import ProcessPoolExecutor
from itertools import chain

import pytest

from datalad_jsdl.errors import OrderError
from datalad_jsdl.orders.archive_names import archive_name
from datalad_jsdl.orders.lists import FileLists
from datalad_jsdl.orders.model import Statistics
from datalad_jsdl.orders.ordering import Limits, Orders
from datalad_jsdl.orders.store.opening import Store
from tests.orders.test_lists import OTHER, STUDY, file


def test_an_order_takes_the_list(store: Store) -> None:
    lists, orders = FileLists(store), Orders(store)
    lists.add("me", [file("b"), file("a", None), file("z", source=OTHER)], [STUDY, OTHER])
    order = orders.create("me", "visit 1")
    assert [(f.ref.source, f.ref.path) for f in order.files] == [
        ("other", "z"), ("study", "a"), ("study", "b"),
    ]  # fmt: skip
    assert order.summary.archive_name == "visit 1.zip"
    assert order.summary.statistics == Statistics(3, 20, 1)
    assert list(lists.files("me")) == []
    assert orders.find(order.summary.id) == order
    assert orders.history("me") == ([order.summary], 1)


def test_an_order_of_some_leaves_the_others(store: Store) -> None:
    lists, orders = FileLists(store), Orders(store)
    lists.add("me", [file(name) for name in "abc"], [STUDY])
    order = orders.create("me", is_chosen=lambda f: f.ref.path != "b")
    assert [f.ref.path for f in order.files] == ["a", "c"]
    assert [f.ref.path for f in lists.files("me")] == ["b"]


def test_limits_are_of_the_order_and_nothing_moves(store: Store) -> None:
    lists, orders = FileLists(store), Orders(store)
    lists.add("me", [file(name) for name in "abc"], [STUDY])
    with pytest.raises(OrderError, match="3 files are too many") as caught:
        orders.create("me", limits=Limits(files=2))
    assert caught.value.files_over == 1
    with pytest.raises(
        OrderError, match="30 bytes are too much for one order, by 5 bytes"
    ) as caught:
        orders.create("me", limits=Limits(size=25))
    assert caught.value.bytes_over == 5
    assert lists.statistics("me").files == 3
    assert orders.history("me") == ([], 0)
    orders.create("me", limits=Limits(3, 30))
    with pytest.raises(OrderError, match="the list is empty"):
        orders.create("me")


def test_history_is_newest_first_and_paged(store: Store) -> None:
    lists, orders = FileLists(store), Orders(store)
    made = []
    for name in "abcde":
        lists.add("me", [file(name)], [STUDY])
        made.append(orders.create("me", name).summary)
    assert orders.history("me", limit=2) == (made[:2:-1], 5)
    assert orders.history("me", limit=2, offset=4) == (made[:1], 5)
    assert orders.history("you") == ([], 0)
    with pytest.raises(OrderError, match="there is no order x"):
        orders.find("x")


@pytest.mark.parametrize(
    ("name", "is_called"),
    [
        *[("a", "a.zip"), ("a.zip", "a.zip"), ("A.ZIP", "A.ZIP"), ("ä" * 98, "ä" * 98 + ".zip")],
        ("", "files-19700101-000000.zip"),
    ],
)
def test_names(name: str, is_called: str) -> None:
    assert archive_name(name, 0) == is_called


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "a\\b",
        "a\nb",
        "\x7f",
        "../x",
        ".hidden",
        " a",
        "ä" * 99,
        "\ud800",
        "\x85",
        "a\u2028b",
    ],
)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(OrderError, match="name of"):
        archive_name(name, 0)


def order_often(url: str, user: str, times: int) -> list[list[str]]:
    """What each of so many attempts has got."""
    got = []
    with Store(url) as store:
        for _ in range(times):
            try:
                order = Orders(store).create(user)
            except OrderError:
                got.append([])
            else:
                got.append([f.ref.path for f in order.files])
    return got


def add_often(url: str, user: str, times: int) -> list[list[str]]:
    with Store(url) as store:
        for n in range(times):
            FileLists(store).add(user, [file(f"{n}-{m}") for m in range(3)], [STUDY])
    return []


@pytest.mark.parametrize("times", [20, pytest.param(500, marks=pytest.mark.slow)])
def test_two_order_from_one_list_at_the_same_time(store: Store, url: str, times: int) -> None:
    """While a third adds files: none is lost, and none is in two orders."""
    FileLists(store).add("me", [], [STUDY])
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        work = [(order_often, times), (order_often, times), (add_often, times)]
        got = [pool.submit(function, url, "me", number) for function, number in work]
        ordered = list(chain.from_iterable(chain.from_iterable(g.result() for g in got)))
    left = [f.ref.path for f in FileLists(store).files("me")]
    wanted = sorted(f"{n}-{m}" for n in range(times) for m in range(3))
    assert sorted(ordered + left) == wanted
    summaries, _ = Orders(store).history("me", limit=10_000)
    assert sum(summary.statistics.files for summary in summaries) == len(ordered)


def test_an_id_is_no_option(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or ``datalad download-order show ID`` would not take it."""
    drawn = iter(["-" + "a" * 23, "--" + "b" * 22, "c" * 24])
    monkeypatch.setattr(secrets, "token_urlsafe", lambda size: next(drawn))
    FileLists(store).add("me", [file("a")], [STUDY])
    assert Orders(store).create("me").summary.id == "c" * 24
