"""Selections that pages elsewhere have posted: each nonce once, each for one list, for a while."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from datalad_jsdl.errors import StoreError
from datalad_jsdl.orders.store import posted
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.orders.store.posted import (
    find_posted,
    forget_posted,
    keep_posted,
    take_posted,
)


def test_of_many_with_one_nonce_one_is_kept(store: Store) -> None:
    end = time.time() + 60

    def keep(number: int) -> str | None:
        return keep_posted(store, "a", "nonce", str(number), end)

    with ThreadPoolExecutor(8) as pool:
        kept = [found for found in pool.map(keep, range(24)) if found]
    assert len(kept) == 1
    assert keep_posted(store, "b", "nonce", "", end)


def test_it_is_for_one_list(store: Store) -> None:
    made = keep_posted(store, "a", "nonce", "{}", time.time() + 60, is_trusted=True)
    assert made
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda n: take_posted(store, made, f"u{n}", ["x/y"]), range(8)))
    assert taken.count(True) == 1
    found = find_posted(store, made)
    assert found is not None
    assert found.user == f"u{taken.index(True)}"
    assert (found.is_trusted, found.listed_before) == (True, ("x/y",))
    forget_posted(store, made)
    found = find_posted(store, made)
    assert found is not None
    assert (found.selection, found.listed_before) == ("", ())
    assert keep_posted(store, "a", "nonce", "{}", time.time() + 60) is None


def test_a_nonce_is_remembered_until_it_expires(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = time.time() + 60
    made = keep_posted(store, "a", "nonce", "{}", end)
    assert made
    monkeypatch.setattr(posted.time, "time", lambda: end + 1)
    assert find_posted(store, made) is None
    assert keep_posted(store, "a", "nonce", "{}", end + 60)


def test_there_is_room_for_so_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posted, "_MOST", 25)
    for number in range(2):
        assert keep_posted(store, "a", str(number), "x" * 10, time.time() + 60)
    with pytest.raises(StoreError, match="too many posted selections"):
        keep_posted(store, "a", "last", "x" * 10, time.time() + 60)
