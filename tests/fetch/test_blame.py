"""Whose bytes were wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.fetch.file.blame import Verdict, cut_out, judge

NOTHING: dict[str, Any] = {
    "live": ["a", "b"],
    "suspects": [],
    "asked_again": [],
    "answers": 1,
    "in_order": False,
}


@pytest.mark.parametrize(
    ("sources", "facts", "verdict"),
    [
        ({"a": 9}, {}, Verdict(faulty="a")),
        ({"a": 9}, {"answers": 2}, Verdict(again="a")),
        ({"a": 9}, {"answers": 2, "asked_again": ["a"]}, Verdict(faulty="a")),
        ({"": 9}, {"answers": 2}, Verdict(faulty="")),
        ({"a": 9, "b": 3}, {}, Verdict(drop=frozenset("b"))),
        ({"a": 9, "b": 30}, {}, Verdict(drop=frozenset("a"))),
        ({"a": 9, "": 90}, {}, Verdict(drop=frozenset([""]))),
        ({"a": 9, "b": 3}, {"suspects": ["b"]}, Verdict(one_source=True)),
        ({"a": 9, "b": 3}, {"in_order": True}, Verdict(one_source=True)),
    ],
)
def test_verdicts(sources: dict[str, int], facts: dict[str, Any], verdict: Verdict) -> None:
    assert judge(sources, **(NOTHING | facts)) == verdict


spans = st.lists(st.integers(0, 60), min_size=0, max_size=12, unique=True).map(
    lambda edges: [(a, b) for a, b in zip(*[iter(sorted(edges))] * 2, strict=False)]
)


@given(ranges=spans, bad=spans)
def test_exactly_the_bad_parts_are_cut_out(
    ranges: list[tuple[int, int]], bad: list[tuple[int, int]]
) -> None:
    kept = cut_out([(start, end, "s") for start, end in ranges], bad)
    there = {byte for start, end in ranges for byte in range(start, end)}
    there -= {byte for start, end in bad for byte in range(start, end)}
    assert [byte for start, end, _ in kept for byte in range(start, end)] == sorted(there)
