"""Ranges and conditions by RFC 9110, from a table that other programs are held to as well."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.portal.ranges import Condition, Span, Validators, condition_of, wanted_spans

SIZE = 1000
CASES = json.loads((Path(__file__).parent.parent / "vectors/ranges.json").read_text("utf-8"))
MODIFIED = datetime(2026, 11, 25, 14, 2, 3, tzinfo=timezone.utc)
OURS = Validators('"tag"', MODIFIED)
DAY = timedelta(days=1)


def http(when: datetime) -> str:
    return Validators("", when).last_modified


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['range']} {case.get('if_range')}")
def test_the_table(case: dict[str, Any]) -> None:
    headers = {"range": case["range"]}
    if "if_range" in case:
        headers["if-range"] = case["if_range"]
    found = wanted_spans(headers, SIZE, OURS)
    spans = None if found is None else [[span.start, span.stop] for span in found]
    assert spans == case["spans"]


@pytest.mark.parametrize(
    "date",
    [
        "Wed, 25 Nov 2026 14:02:03 GMT",
        "Wednesday, 25-Nov-26 14:02:03 GMT",
        "Wed Nov 25 14:02:03 2026",
    ],
)
def test_a_date_in_each_of_its_formats(date: str) -> None:
    assert condition_of({"if-modified-since": date}, OURS) is Condition.NOT_MODIFIED
    headers = {"range": "bytes=0-9", "if-range": date}
    assert wanted_spans(headers, SIZE, OURS) == (Span(0, 10),)


def test_without_ranges_it_is_the_whole() -> None:
    assert wanted_spans({}, SIZE, OURS) is None
    assert wanted_spans({"if-range": '"tag"'}, SIZE, OURS) is None


def test_an_answer_has_few_parts() -> None:
    """A thousand ranges are made few, or the whole is sent."""
    apart = ",".join(f"{n * 1000}-{n * 1000}" for n in range(17))
    assert wanted_spans({"range": f"bytes={apart}"}, 1 << 20, OURS) is None
    fewer = ",".join(f"{n * 1000}-{n * 1000}" for n in range(16))
    assert len(wanted_spans({"range": f"bytes={fewer}"}, 1 << 20, OURS) or ()) == 16
    near = ",".join(f"{n}-{n}" for n in range(0, 2000, 2))
    assert len(near) > 4096
    assert wanted_spans({"range": f"bytes={near}"}, 1 << 20, OURS) is None
    fewer = near[: near.index(",1000-")]
    assert wanted_spans({"range": f"bytes={fewer}"}, 1 << 20, OURS) == (Span(0, 999),)


def test_a_weak_tag_is_no_ground_for_a_part() -> None:
    weak = Validators('W/"tag"', MODIFIED)
    for tag in ('W/"tag"', '"tag"'):
        assert wanted_spans({"range": "bytes=0-9", "if-range": tag}, SIZE, weak) is None


@given(st.text(alphabet="bytes=0123456789-, \t", max_size=60), st.integers(1, 10_000))
def test_whatever_is_asked_for_lies_inside(field: str, size: int) -> None:
    spans = wanted_spans({"range": field}, size, OURS)
    assert spans is None or all(0 <= span.start < span.stop <= size for span in spans)


@given(
    st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 300)), min_size=1, max_size=10),
)
def test_every_byte_that_is_asked_for_is_answered(asked: list[tuple[int, int]]) -> None:
    field = ",".join(f"{start}-{start + more}" for start, more in asked)
    spans = wanted_spans({"range": f"bytes={field}"}, SIZE, OURS)
    wanted = {n for start, more in asked for n in range(start, min(start + more + 1, SIZE))}
    assert spans is not None
    answered = {n for span in spans for n in range(span.start, span.stop)}
    assert wanted <= answered
    assert len(answered - wanted) <= 128 * len(asked)


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({}, Condition.MET),
        ({"if-match": '"tag"'}, Condition.MET),
        ({"if-match": '"a", "tag"'}, Condition.MET),
        ({"if-match": "*"}, Condition.MET),
        ({"if-match": '"a"'}, Condition.FAILED),
        ({"if-match": 'W/"tag"'}, Condition.FAILED),
        ({"if-match": ""}, Condition.FAILED),
        ({"if-none-match": '"tag"'}, Condition.NOT_MODIFIED),
        ({"if-none-match": 'W/"tag"'}, Condition.NOT_MODIFIED),
        ({"if-none-match": "*"}, Condition.NOT_MODIFIED),
        ({"if-none-match": '"a,b"'}, Condition.MET),
        ({"if-modified-since": http(MODIFIED)}, Condition.NOT_MODIFIED),
        ({"if-modified-since": http(MODIFIED - DAY)}, Condition.MET),
        ({"if-modified-since": "soon"}, Condition.MET),
        ({"if-unmodified-since": http(MODIFIED)}, Condition.MET),
        ({"if-unmodified-since": http(MODIFIED - DAY)}, Condition.FAILED),
        ({"if-none-match": '"a"', "if-modified-since": http(MODIFIED)}, Condition.MET),
        ({"if-match": '"tag"', "if-unmodified-since": http(MODIFIED - DAY)}, Condition.MET),
    ],
)
def test_conditions(headers: dict[str, str], outcome: Condition) -> None:
    assert condition_of(headers, OURS) is outcome


def test_ranges_are_made_one_up_to_128_bytes_apart() -> None:
    for gap, count in ((128, 1), (129, 2)):
        asked = f"bytes=0-9,{10 + gap}-{20 + gap}"
        assert len(wanted_spans({"range": asked}, SIZE, OURS) or ()) == count


def test_a_date_of_another_zone_is_the_same_moment() -> None:
    same = "Wed, 25 Nov 2026 15:02:03 +0100"
    assert condition_of({"if-modified-since": same}, OURS) is Condition.NOT_MODIFIED
    earlier = "Wed, 25 Nov 2026 14:02:03 +0100"
    assert condition_of({"if-modified-since": earlier}, OURS) is Condition.MET


@pytest.mark.parametrize("ours", ['W/"tag"', "no tag"])
def test_what_is_no_strong_tag_matches_none(ours: str) -> None:
    validators = Validators(ours, MODIFIED)
    for asked in ('"tag"', 'W/"tag"', '"no tag"'):
        assert condition_of({"if-match": asked}, validators) is Condition.FAILED
    weak = condition_of({"if-none-match": '"tag"'}, validators)
    assert weak is (Condition.NOT_MODIFIED if ours.startswith("W/") else Condition.MET)
