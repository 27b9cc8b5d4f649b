"""Modification times: what a manifest may say, and one spelling to record them in."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from datalad_jsdl.model.urls import excerpt

__all__ = ["format_mtime", "parse_mtime", "usual_time"]

# RFC 3339, with the liberties that portals take: a space or nothing for the T part,
# any number of fraction digits, a zone without colon or none at all.
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*"
    r"(?:([Zz])|([+-])([01]\d|2[0-3]):?([0-5]\d))?)?"
)
# in UTC, as `format_mtime` and stores of objects write it: in a third of the time
_usual = re.compile(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}"
    r"(?:\.[0-9]{3}(?:[0-9]{3})?)?(?:Z|\+00:00)"
).fullmatch


def parse_mtime(value: object) -> datetime:
    """A manifest's modification time as an aware datetime in UTC.

    Takes RFC 3339 text, or seconds since 1970 as a number. A time without a zone is
    UTC. Fractions finer than a microsecond are cut off.

    Raises:
        ValueError: it is no time, or one outside the years 1 to 9999.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"mtime is {type(value).__name__}, not a time")
    try:
        if isinstance(value, str):
            return _parse_text(value.strip())
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=value)
    except (OverflowError, ValueError):
        raise ValueError(
            f"mtime {excerpt(value)} is not a time (expected a form like 2024-05-01T12:00:00Z)"
        ) from None


@lru_cache(maxsize=1000)  # a reader looks whether it is one, and then it is read
def usual_time(text: str) -> datetime | None:
    """The time in a spelling such as that of `format_mtime`; None for all else."""
    if _usual(text):
        try:
            return datetime.fromisoformat(text[:-1] + "+00:00" if text[-1] == "Z" else text)
        except ValueError:
            return None  # a leap second, or no time at all
    return None


@lru_cache(maxsize=1000)
def _parse_text(text: str) -> datetime:
    if found := usual_time(text):
        return found
    match = _RFC3339.fullmatch(text)
    if not match or not text.isascii():
        raise ValueError
    year, month, day, hour, minute, second, fraction, _, sign, zone_h, zone_m = match.groups()
    moment = datetime(
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        # a leap second (RFC 3339, 5.6) is the end of its minute
        59 if second == "60" else int(second or 0),
        int((fraction or "0")[:6].ljust(6, "0")),
        timezone.utc,
    )
    if not sign:
        return moment
    offset = timedelta(hours=int(zone_h), minutes=int(zone_m))
    return moment - offset if sign == "+" else moment + offset


def format_mtime(mtime: datetime) -> str:
    """The one spelling: RFC 3339 in UTC with Z, a fraction only where there is one."""
    return mtime.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
