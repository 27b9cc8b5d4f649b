"""The digests that an object of a manifest states, in any of the places where people write them.

``digests`` maps algorithms to hex; a field may have the name of an algorithm (``sha256``); and
``checksum`` is ``ALG:HEX``, or bare hex of a length that tells the algorithm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.digests import ALGORITHMS, BY_LENGTH, canonical_name, digest_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["StatedDigests", "stated_digests"]

_CHECKSUM = "checksum"


@dataclass(frozen=True)
class StatedDigests:
    """What an object states.

    Attributes:
        digests: algorithm (a name of `ALGORITHMS`) to lower-case hex.
        fields: names of the fields beside ``digests`` that they come from.
        unknown: those in ``digests`` that are of no known algorithm.
        impossible: names of those that were passed over, as no digest of the algorithm has
            their length; there are others then.
    """

    digests: Mapping[str, str]
    fields: frozenset[str]
    unknown: tuple[str, ...]
    impossible: tuple[str, ...]


def stated_digests(value: Mapping[str, Any]) -> StatedDigests:
    """The digests of an object.

    Raises:
        ValueError: they contradict each other, or none of them can be one; the text says why.
    """
    given = value.get("digests")
    if not (given is None or isinstance(given, dict)):
        raise ValueError("digests is not an object of algorithm and hex digest")
    unknown = tuple(f"digests.{name}" for name in given or () if canonical_name(name) is None)
    named = [(f"digests.{n}", canonical_name(n), digest) for n, digest in (given or {}).items()]
    fields = list(_fields(value))
    digests: dict[str, str] = {}
    impossible: list[str] = []
    first_fault = None
    for field, name, hexdigest in (*named, *fields):
        if name is None or hexdigest is None:
            continue  # crc32, an S3 etag and the like: nothing that we can verify with
        if fault := digest_fault(name, hexdigest):
            if not isinstance(hexdigest, str) or len(hexdigest) == ALGORITHMS[name].hex_length:
                raise ValueError(fault)
            first_fault = first_fault or fault
            impossible.append(field)
        elif digests.setdefault(name, hexdigest.lower()) != hexdigest.lower():
            raise ValueError(f"two different {name} digests")
    if first_fault and not digests:
        raise ValueError(first_fault)
    taken = frozenset(field for field, _, _ in fields)
    return StatedDigests(digests, taken, unknown, tuple(impossible))


def _fields(value: Mapping[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Fields beside ``digests``, with algorithm and digest; others' objects are passed over."""
    for field, given in value.items():
        if given is not None and not isinstance(given, str):
            continue
        if name := canonical_name(field):
            yield field, name, given or None
        elif field == _CHECKSUM:
            prefix, colon, hexdigest = (given or "").rpartition(":")
            known = canonical_name(prefix.strip()) if colon else BY_LENGTH.get(len(hexdigest))
            if known or not given:
                yield field, known or "", hexdigest.strip() or None
