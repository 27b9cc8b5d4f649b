"""Modification times: what is read, what is refused, how they are written."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.model.times import format_mtime, parse_mtime

READ: dict[str, list[object]] = {
    "2024-05-01T00:00:00Z": ["2024-05-01", 1714521600, "2024-05-01T00:00"],
    "2024-05-01T12:00:00Z": ["2024-05-01T12:00:00Z", " 2024-05-01t12:00:00.0z\n"],
    "2024-05-01T10:00:00Z": ["2024-05-01T12:00:00+02:00", "2024-05-01 04:30:00 -0530"],
    "2024-05-01T12:00:00.500000Z": ["2024-05-01T12:00:00,5Z", 1714564800.5],
    "2024-05-01T12:00:00.123456Z": ["2024-05-01 12:00:00.123456789"],
    "2016-12-31T23:59:59Z": ["2016-12-31T23:59:60Z", "2017-01-01T00:59:60+01:00"],
    "1969-12-31T23:59:59Z": [-1, -1.0],
    "0001-01-01T00:00:00Z": ["0001-01-01"],
}
REFUSED: list[object] = ["", "yesterday", "1714564800", "24-05-01", "2024-05-01Z", "01 May 2024"]
REFUSED += ["2024-13-01", "2024-02-30", "2023-02-29", "0000-01-01", "\u0662024-05-01"]
REFUSED += [f"2024-05-01T{time}" for time in ("24:00:00Z", "12:60:00Z", "12:00:61Z", "12:00 CEST")]
REFUSED += [f"2024-05-01T12:00:00{zone}" for zone in ("+24:00", "+01:60", "-99:99", "+1", "ZZ")]
REFUSED += ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", 1714564800000, 10**400]
REFUSED += [1e300, float("nan"), float("inf"), float("-inf"), True, None, [2024, 5, 1], {}]


@pytest.mark.parametrize(("value", "spelled"), [(v, s) for s in READ for v in READ[s]])
def test_read(value: object, spelled: str) -> None:
    assert format_mtime(parse_mtime(value)) == spelled


@pytest.mark.parametrize("value", REFUSED)
def test_refused(value: object) -> None:
    with pytest.raises(ValueError, match="mtime"):
        parse_mtime(value)


@settings(max_examples=100)
@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-1380, 1380))
def test_what_is_written_reads_back(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    spelled = format_mtime(moment)
    assert spelled.endswith("Z")
    assert parse_mtime(spelled) == moment
