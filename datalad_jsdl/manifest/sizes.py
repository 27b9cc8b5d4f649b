"""What portals write where they do not know a size.

The project's own forms say nothing then; of all other documents this is the place that tells an
unknown size from one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import ALGORITHMS, canonical_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["number_told", "size_told", "sizes_told"]

_UNKNOWN = frozenset(
    {"", "-", "-1", "?", "na", "n/a", "nan", "null", "none", "nil", "unknown", "undefined"}
)
# 12.0: where a cell of the column is empty, pandas makes all numbers fractions
_MOST_DIGITS = 19
_WHOLE = re.compile(rf"([0-9]{{1,{_MOST_DIGITS}}})(?:\.0+)?(?:\s*(?:b|bytes?))?", re.IGNORECASE)
_ROUNDED = re.compile(r"[0-9.,]+\s*[kmgtp]i?b?(?:ytes)?", re.IGNORECASE)


def sizes_told(records: Iterator[Record]) -> Iterator[Record]:
    """The same records, with no size where it says nothing.

    That is: -1, null, and words such as "NA"; "4.7 MB", which is rounded; and 0, if no record
    has anything else. NCBI's dehydrated packages have that for every file. Where one has, 0
    is 0; so it is where the digest is that of nothing. Numbers in text become numbers.
    """
    held: list[Record] = []
    for record in map(size_told, records):
        if _size(record) == 0:
            held.append(record)
            continue
        if record.value is not None:  # what is refused tells nothing
            yield from held
            yield record
            yield from map(size_told, records)
            return
        held.append(record)
    yield from (_without_zero(record) for record in held)


def _size(record: Record) -> Any:
    return record.value.get("size") if isinstance(record.value, dict) else None


def size_told(record: Record) -> Record:
    """The record, with a number for its size, or none where it says nothing.

    Whether 0 says something only `sizes_told` sees.
    """
    path, value, where, fault = record
    size = value.get("size") if isinstance(value, dict) else None
    if size is None or (type(size) is int and size != -1):
        return record
    return Record(path, {**value, "size": number_told(size)}, where, fault)


def number_told(size: Any) -> Any:
    """The number of bytes; None for unknown; what is none of both as it is, to be refused."""
    if type(size) is str and size.isdecimal() and size.isascii() and len(size) <= _MOST_DIGITS:
        return int(size)  # as most are
    if isinstance(size, float) and size.is_integer() and 0 <= size < 1 << 53:
        return int(size)
    if isinstance(size, float) and size != size:  # NaN, which Python's JSON has
        return None
    text = str(size).strip()
    if text.lower() in _UNKNOWN or (isinstance(size, str) and _ROUNDED.fullmatch(text)):
        return None
    match = _WHOLE.fullmatch(text) if isinstance(size, str) else None
    return int(match[1]) if match else size


def _without_zero(record: Record) -> Record:
    if _size(record) != 0 or _is_empty(record.value.get("digests")):
        return record
    return record._replace(value={**record.value, "size": None})


def _is_empty(digests: Any) -> bool:
    """Whether one of the digests is that of no bytes."""
    if not isinstance(digests, dict):
        return False
    for given, hexdigest in digests.items():
        name = canonical_name(given)
        if name and str(hexdigest).lower() == ALGORITHMS[name].new().hexdigest():
            return True
    return False
