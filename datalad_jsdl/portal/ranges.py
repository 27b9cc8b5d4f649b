"""Which bytes of a representation a request is for (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timezone
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

__all__ = ["Condition", "Span", "Validators", "condition_of", "wanted_spans"]

_LONGEST = 4096  # characters of a Range field
_MOST = 16  # parts of an answer
_NEAR = 128  # bytes between two ranges, about as many as another part has around them
_RANGE = re.compile(r"([0-9]*)-([0-9]*)", re.ASCII)
_TAG = re.compile(r'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Some bytes.

    Attributes:
        start: the first.
        stop: after the last.
    """

    start: int
    stop: int

    @property
    def size(self) -> int:
        """How many they are."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells versions of a representation apart.

    Attributes:
        etag: its entity tag.
        modified: when it was changed last, in UTC, whole seconds.
    """

    etag: str
    modified: datetime

    @property
    def last_modified(self) -> str:
        """As in the field Last-Modified."""
        return format_datetime(self.modified, usegmt=True)


class Condition(Enum):
    """What comes of a request's conditions."""

    MET = 200
    NOT_MODIFIED = 304
    FAILED = 412


def condition_of(headers: Mapping[str, str], validators: Validators) -> Condition:
    """Evaluate the conditions of a GET or HEAD, in the order of RFC 9110, 13.2.2."""
    if (tags := headers.get("if-match")) is not None:
        if not _matches(tags, validators.etag, weak=False):
            return Condition.FAILED
    elif (date := _date(headers.get("if-unmodified-since"))) and validators.modified > date:
        return Condition.FAILED
    if (tags := headers.get("if-none-match")) is not None:
        if _matches(tags, validators.etag, weak=True):
            return Condition.NOT_MODIFIED
    elif (date := _date(headers.get("if-modified-since"))) and validators.modified <= date:
        return Condition.NOT_MODIFIED
    return Condition.MET


def wanted_spans(
    headers: Mapping[str, str], size: int, validators: Validators
) -> tuple[Span, ...] | None:
    """The ranges that a GET asks for.

    A field that is not understood, or asks for more than a few ranges, asks for the whole
    (RFC 9110, 14.2). Ranges that overlap, or lie close together, are made one.

    Args:
        headers: of the request; their names in lower case.
        size: of the representation, in bytes.
        validators: of the representation.

    Returns:
        None for all of it; nothing if no range can be satisfied.
    """
    given = headers.get("range")
    if given is None or not _if_range(headers.get("if-range"), validators):
        return None
    asked = _parsed(given, size)
    if asked is None:
        return None
    spans = tuple(span for span in asked if span is not None)
    if len(spans) > 1:
        spans = _coalesced(spans)
    return None if len(spans) > _MOST else spans


def _parsed(given: str, size: int) -> list[Span | None] | None:
    """Ranges as they are given, None for one that cannot be satisfied; or None for no ranges."""
    unit, equals, rest = given.partition("=")
    if unit.strip(" \t").lower() != "bytes" or not equals or len(given) > _LONGEST:
        return None
    found = []
    for item in filter(None, (item.strip(" \t") for item in rest.split(","))):
        match = _RANGE.fullmatch(item)
        if match is None or item == "-":
            return None
        first, last = match.groups()
        if first and last and int(first) > int(last):
            return None
        found.append(_span(first, last, size))
    return found or None


def _span(first: str, last: str, size: int) -> Span | None:
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    return Span(start, stop) if start < stop else None


def _coalesced(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Those that lie close together as one; if there are none, in the order asked for."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start <= merged[-1].stop + _NEAR:
            merged[-1] = Span(merged[-1].start, max(merged[-1].stop, span.stop))
        else:
            merged.append(span)
    return tuple(spans) if len(merged) == len(spans) else tuple(merged)


def _if_range(given: str | None, validators: Validators) -> bool:
    """Whether the representation is the one that a client has a part of (RFC 9110, 13.1.5)."""
    if given is None:
        return True
    given = given.strip(" \t")
    if given.startswith(('"', "W/")):
        return given == validators.etag and not given.startswith("W/")
    return _date(given) == validators.modified


def _matches(field: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of entity tags has one (RFC 9110, 8.8.3.2)."""
    if field.strip(" \t") == "*":
        return True
    own = _TAG.fullmatch(etag)
    if own is None or (own[1] and not weak):
        return False
    return any(tag[2] == own[2] and (weak or not tag[1]) for tag in _TAG.finditer(field))


def _date(given: str | None) -> datetime | None:
    """A date in any of the three formats, all in UTC (RFC 9110, 5.6.7).

    One that cannot be read counts as none (RFC 9110, 13.1.3).
    """
    try:
        found = parsedate_to_datetime(given or "")
    except (ValueError, OverflowError, TypeError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)
