"""What the git-annex branch says of a key, and what is added to it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datalad_jsdl.model.restriction import Restriction, RestrictionKind
from datalad_jsdl.repository.annex.logs import (
    KeyState,
    add_present,
    in_order,
    mark,
    order_of,
    present_values,
    remote_state,
    set_remote_state,
)

if TYPE_CHECKING:
    from random import Random

U1, U2, U3 = (f"{n}6d72f6c-ff4f-4c13-9d6c-4d4b8f3b6a3{n}" for n in (1, 2, 3))
NOW = 1714564800.25
NOON = datetime(2024, 5, 1, 12, tzinfo=timezone.utc)


# --- presence logs


@pytest.mark.parametrize(
    ("log", "present"),
    [
        (None, []),
        (b"", []),
        (b"1s 1 a\n", ["a"]),
        (b"1s 1 a", ["a"]),
        (b"1s 0 a\n1s X b\n", []),
        (b"2s 1 b\n1s 1 a\n", ["b", "a"]),
        (b"1s 1 a\n2s 0 a\n", []),
        (b"2s 0 a\n1s 1 a\n", []),
        (b"9s 0 a\n10s 1 a\n", ["a"]),  # numbers, not text
        (b"1.5s 0 a\n1.25s 1 a\n1s 1 b\n", ["b"]),
        (b"1714564800.000000001s 1 a\n1714564799.9s 0 a\n", ["a"]),
        (b"1 1 a\n", ["a"]),  # without s
        (b"1s 1 http://a/b c\r\n", ["http://a/b c"]),
        (b"\n1s 1\njunk\njunk 1 a\n0.5s 0 a\n", []),
        (b"infs 1 a\nnans 1 a\n1s 0 a\n", []),
        (b"1s 1 \xff\n", ["\udcff"]),
    ],
)
def test_the_newest_line_for_each_value_counts(log: bytes | None, present: list[str]) -> None:
    assert present_values(log) == present


@pytest.mark.parametrize(
    ("log", "values", "expected"),
    [
        (None, [], None),
        (b"1s 1 a\n1s 0 b\n", ["a"], None),
        (None, ["b", "a"], b"1714564800.250000s 1 b\n1714564800.250000s 1 a\n"),
        (b"1s 1 b\n", ["a", "b"], b"1s 1 b\n1714564800.250000s 1 a\n"),
        (b"1s 0 b\n2s X c\n", ["a"], b"1s 0 b\n2s X c\n1714564800.250000s 1 a\n"),
        (b"1s 0 a\n", ["a"], b"1714564800.250000s 1 a\n"),
        (b"1s X a\n", ["a"], b"1714564800.250000s 1 a\n"),
        # a clock that was ahead does not win against what is added after it
        (b"1800000000.5s 0 a\n", ["a"], b"1800000001.500000s 1 a\n"),
        (b"1714564800.25s 0 a\n", ["a"], b"1714564801.250000s 1 a\n"),
        (b"1800000000.5s 0 a\n", ["a", "a"], b"1800000001.500000s 1 a\n"),
        (b"1800000000s 0 a\n", ["b"], b"1800000000s 0 a\n1714564800.250000s 1 b\n"),
        (b"infs 0 a\n", ["a"], b"1714564800.250000s 1 a\n"),
        (b"1.123456789s 1 \xff\n", ["a"], b"1.123456789s 1 \xff\n1714564800.250000s 1 a\n"),
    ],
)
def test_only_what_is_missing_is_added(
    log: bytes | None, values: list[str], expected: bytes | None
) -> None:
    assert add_present(log, values, NOW) == expected


STAMPS = st.integers(0, 4_000_000_000_000_000).map(lambda us: f"{us // 10**6}.{us % 10**6:06}s")
VALUES = st.sampled_from(["http://a/", "http://b/?x=1 2", U1, "ü", "\udcff"])
LOGS = st.lists(st.tuples(STAMPS, st.sampled_from("01X"), VALUES).map(" ".join), max_size=8).map(
    lambda lines: "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
)


@settings(max_examples=100)
@given(LOGS, st.lists(VALUES, max_size=4))
def test_what_was_added_is_present_and_the_rest_is_as_it_was(log: bytes, values: list[str]) -> None:
    new = add_present(log, values, NOW)
    assert (new is None) == (set(values) <= set(present_values(log)))
    if new is not None:
        assert set(present_values(new)) == set(present_values(log)) | set(values)
        assert add_present(new, values, NOW) is None
        # git merges the branch line by line: the older lines may come back
        assert set(present_values(new + log)) == set(present_values(log + new))
        assert set(present_values(log + new)) == set(present_values(new))


# --- state of remotes


def state_log(*lines: tuple[str, str, KeyState]) -> bytes:
    return "".join(f"{stamp} {uuid} {state}\n" for stamp, uuid, state in lines).encode()


OLD, NEW = KeyState(order=("0ld",)), KeyState(NOON, ("new",))


@pytest.mark.parametrize(
    ("log", "uuids", "state"),
    [
        (None, [U1], KeyState()),
        (state_log(("1s", U1, NEW)), [], KeyState()),
        (state_log(("1s", U1, NEW)), [U2], KeyState()),
        (state_log(("1s", U1, NEW)), [U2, U1], NEW),
        (state_log(("2s", U1, NEW), ("1s", U1, OLD)), [U1], NEW),
        (state_log(("9s", U1, OLD), ("10s", U1, NEW)), [U1], NEW),
        (state_log(("2s", U1, NEW), ("1s", U2, OLD)), [U1, U2], NEW),
        (state_log(("9s", U1, OLD), ("10s", U2, NEW), ("11s", U3, OLD)), [U1, U2], NEW),
        (state_log(("1s", U1, OLD), ("2s", U1, KeyState())), [U1], KeyState()),
        (state_log(("infs", U1, OLD), ("1s", U1, NEW)), [U1], NEW),
        (f"junk\n1s {U2}\n\n2s {U1} not JSON\n".encode(), [U1, U2], KeyState()),
    ],
)
def test_the_newest_state_of_our_remotes_counts(
    log: bytes | None, uuids: list[str], state: KeyState
) -> None:
    assert remote_state(log, uuids) == state


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (None, state_log(("1714564800.250000s", U1, NEW))),
        (state_log(("1s", U1, OLD)), state_log(("1714564800.250000s", U1, NEW))),
        (
            state_log(("1s", U2, OLD), ("2s", U1, OLD)),
            state_log(("1s", U2, OLD), ("1714564800.250000s", U1, NEW)),
        ),
        (
            state_log(("1800000000s", U2, OLD)),
            state_log(("1800000000s", U2, OLD), ("1800000001.000000s", U1, NEW)),
        ),
        (f"1s {U2} \xff any text \n".encode("latin-1"),
         f"1s {U2} \xff any text \n1714564800.250000s {U1} {NEW}\n".encode("latin-1")),
    ],
)  # fmt: skip
def test_a_new_state_is_the_newest_and_the_others_stay(log: bytes | None, expected: bytes) -> None:
    new = set_remote_state(log, U1, NEW, NOW)
    assert new == expected
    assert remote_state(new, [U1, U2]) == NEW


# --- the state itself

STATES = st.builds(
    KeyState,
    st.none() | st.datetimes(timezones=st.just(timezone.utc)),
    st.lists(st.text()).map(tuple),
    st.none() | st.builds(Restriction, st.sampled_from(RestrictionKind), text=st.just("é  a")),
)
MEMBERS = ["mtime", "order", "access", "kind", "url", "text"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("login"),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(MEMBERS), inner),
    max_leaves=5,
)


@settings(max_examples=100)
@given(STATES)
def test_a_state_is_one_line_that_is_read_back(state: KeyState) -> None:
    assert str(state).isascii()
    assert "\n" not in str(state)
    assert KeyState.parse(str(state)) == state


@settings(max_examples=100)
@given(st.text() | JSON.map(json.dumps))
@example('{"mtime":1e999,"order":5}')
@example('{"mtime":' + "9" * 400 + "}")
@example("9" * 5000)
@example("[" * 100_000)
@example('{"mtime":"0001-01-01T00:00:00+23:00"}')
def test_a_state_can_be_any_text(text: str) -> None:
    state = KeyState.parse(text)
    assert KeyState.parse(str(state)) == state


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", KeyState()),
        ('{"mtime":"2024-05-01T12:00:00Z"}', KeyState(NOON)),
        ('{"mtime":"2024-05-01T14:00:00+02:00","else":1}', KeyState(NOON)),
        ('{"mtime":"noon","order":["a","b"]}', KeyState(None, ("a", "b"))),
        ('{"mtime":"2024-05-01T12:00:00Z","order":["a",1]}', KeyState(NOON)),
        ('{"mtime":"2024-05-01T12:00:00Z","order":"ab"}', KeyState(NOON)),
        ('{"mtime":null,"order":null}', KeyState()),
        ('["mtime","order"]', KeyState()),
        ("1714564800", KeyState()),
        ('{"access":{"kind":"login"}}', KeyState(None, (), Restriction(RestrictionKind.LOGIN))),
        (
            '{"access":{"kind":"terms","url":"https://h/t","text":"\\u00e9  a","more":1}}',
            KeyState(None, (), Restriction(RestrictionKind.TERMS, "https://h/t", "é  a")),
        ),
        ('{"mtime":"2024-05-01T12:00:00Z","access":{"kind":"later"}}', KeyState(NOON)),
        ('{"mtime":"2024-05-01T12:00:00Z","access":["login"]}', KeyState(NOON)),
        ('{"access":{"kind":"login","url":"https://me:hunter2@h/"}}', KeyState()),
        ('{"access":{"kind":"login","url":"javascript:alert(1)"}}', KeyState()),
    ],
)
def test_what_is_understood_of_a_state(text: str, state: KeyState) -> None:
    assert KeyState.parse(text) == state


def test_how_a_state_is_written() -> None:
    assert str(KeyState()) == ""
    assert str(KeyState(NOON)) == '{"mtime":"2024-05-01T12:00:00Z"}'
    restriction = Restriction(RestrictionKind.TERMS, "https://h/t", "é  a")
    assert str(KeyState(None, (), restriction)) == (
        '{"access":{"kind":"terms","url":"https://h/t","text":"\\u00e9  a"}}'
    )
    assert str(KeyState(NOON, ("a",))) == '{"mtime":"2024-05-01T12:00:00Z","order":["a"]}'


# --- the order of URLs

URLS = st.lists(st.text("abc/?", max_size=5), unique=True, max_size=8)


@settings(max_examples=100)
@given(URLS, st.randoms(use_true_random=False), URLS)
def test_the_order_survives_that_git_annex_sorts(
    urls: list[str], random: Random, others: list[str]
) -> None:
    order = order_of(urls)
    assert in_order(sorted(urls), order) == urls
    strangers = [url for url in others if url not in urls]
    mixed = urls + strangers
    random.shuffle(mixed)
    if order:
        assert in_order(mixed, order) == urls + sorted(strangers)
    else:
        assert in_order(mixed, order) == sorted(mixed)


def test_alphabetical_order_needs_no_record() -> None:
    assert order_of(["http://a/", "http://b/"]) == ()
    assert order_of(["http://b/", "http://a/"]) == (mark("http://b/"), mark("http://a/"))
    assert in_order(["http://b/", "http://a/"], ()) == ["http://a/", "http://b/"]


def test_a_mark_is_for_ever() -> None:
    assert mark("http://example.com/") == "2a1b4024"
