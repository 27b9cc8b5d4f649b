"""``access``: who may have a file, and where to ask."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.manifest.record import Record, entry_from_record
from datalad_jsdl.model.entry import Entry, Refusal
from datalad_jsdl.model.restriction import MOST_TEXT, Restriction, RestrictionKind
from datalad_jsdl.model.secrecy import DEFAULT, Secrecy

URL = "https://h.org/a"
RANDOM = "q8Zt3LwX0vNcB5RyK7dM"
LOGIN, TERMS, REQUEST = RestrictionKind


def read(access: Any, base_url: str | None = None, secrecy: Secrecy = DEFAULT) -> Entry | Refusal:
    return entry_from_record(
        Record("a", {"url": URL, "access": access}, "line 7"), base_url, secrecy
    )


def entry(access: Any, *more: Any) -> Entry:
    found = read(access, *more)
    assert isinstance(found, Entry), found
    return found


def reason(access: Any, *more: Any) -> str:
    found = read(access, *more)
    assert isinstance(found, Refusal), found
    return found.reason


@pytest.mark.parametrize(
    ("access", "restriction"),
    [
        (None, None),
        ({"kind": "login"}, Restriction(LOGIN)),
        ({"kind": "terms", "url": None, "text": None}, Restriction(TERMS)),
        ({"kind": "terms", "url": f"{URL}?set=1#top"}, Restriction(TERMS, f"{URL}?set=1#top")),
        ({"kind": "request", "url": "b c"}, Restriction(REQUEST, "https://h.org/x/b%20c")),
        ({"kind": "request", "text": " Ask é@h.org. "}, Restriction(REQUEST, "", "Ask é@h.org.")),
        ({"kind": "login", "text": f"See {URL}?s=1."}, Restriction(LOGIN, "", f"See {URL}?s=1.")),
        ({"kind": "login", "text": " "}, Restriction(LOGIN)),
        ({"kind": "login", "text": "x" * MOST_TEXT}, Restriction(LOGIN, "", "x" * MOST_TEXT)),
    ],
)  # fmt: skip
def test_what_is_read(access: Any, restriction: Restriction | None) -> None:
    assert entry(access, "https://h.org/x/").restriction == restriction


REFUSED: dict[str, list[Any]] = {
    "access is not an object": ["login", ["login"], True, 1],
    "expected the kind login, terms or request, got": [
        {"kind": kind} for kind in (None, "LOGIN", "", 1, ["login"], {"login": 1}, f"{RANDOM * 9}")
    ],
    "access: the url is not a string": [{"kind": "login", "url": url} for url in (1, [URL], {})],
    "access: the text is not a string": [{"kind": "login", "text": text} for text in (1, ["a"])],
    "access: a URL is empty": [{"kind": "login", "url": ""}],
    "access: a URL is relative": [{"kind": "login", "url": "terms.html"}],
    "access: a URL has the scheme": [
        {"kind": "login", "url": url} for url in ("javascript:alert(1)", "ftp://h/", "mailto:a@h")
    ],
    "access: a URL contains a login": [
        {"kind": "login", "url": url} for url in ("https://me:hunter2@h.org/", "https://hunter2@h/")
    ],
    "access: a URL contains a control": [{"kind": "login", "url": f"{URL}\n"}],
    "seems to contain a secret": [
        *(
            {"kind": "login", "url": f"{URL}?{query}"}
            for query in ("sig=hunter2", "X-Amz-Signature=hunter2", f"token={RANDOM}")
        ),
        {"kind": "login", "url": f"{URL}?key={RANDOM}"},  # it may be one
        {"kind": "login", "text": f"Go to {URL}?sig=hunter2"},
        {"kind": "login", "text": "Go to ftp://me:hunter2@h.org/a"},
    ],
    "longer than 500 characters": [{"kind": "login", "text": "é" * 501}],
    "line break or control": [
        {"kind": "login", "text": f"a{c}b"}
        for c in "\n\r\t\0\x1b\x7f\x85\u2028\u2029\u202e\u2066\ud800"
    ],
}


@pytest.mark.parametrize(("access", "why"), [(a, why) for why in REFUSED for a in REFUSED[why]])
def test_what_is_refused(access: Any, why: str) -> None:
    said = reason(access)
    assert why in said
    assert said.startswith("access")
    assert "hunter2" not in said
    assert len(said) < 200


def test_the_user_says_what_is_no_secret() -> None:
    access = {"kind": "request", "url": f"{URL}?key={RANDOM}"}
    said = Secrecy.of(iter(["key"]), iter([]))
    restriction = entry(access, None, said).restriction
    assert restriction == Restriction(REQUEST, access["url"])
    assert restriction.public(said) == restriction
    assert restriction.public(DEFAULT) == Restriction(REQUEST)


def test_other_members_are_passed_over_by_name() -> None:
    found = entry({"kind": "login", "until": "2030", "URL": URL})
    assert found.restriction == Restriction(LOGIN)
    assert found.unknown == ("access.until", "access.URL")


def test_a_refused_entry_is_given_back_with_its_url_resolved() -> None:
    access = {"kind": "none", "url": "terms", "more": 1}
    found = read(access, "https://h.org/x/")
    assert isinstance(found, Refusal)
    assert found.given["access"] == {**access, "url": "https://h.org/x/terms"}
    found = read("login", "https://h.org/x/")
    assert isinstance(found, Refusal)
    assert found.given["access"] == "login"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    st.sampled_from(RestrictionKind),
    st.none() | TEXTS.map("https://h/{}".format),
    st.none() | TEXTS,
)
def test_what_is_read_is_read_again(
    kind: RestrictionKind, url: str | None, text: str | None
) -> None:
    with suppress(ValueError):
        found = Restriction.parse({"kind": kind.value, "url": url, "text": text})
        read_again = Restriction.parse(found.to_json())
        assert read_again == found
