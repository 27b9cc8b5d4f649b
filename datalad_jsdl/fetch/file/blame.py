"""Content is complete and wrong: which mirror is to blame, and which bytes are to go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from datalad_jsdl.fetch.file.segments import Range

__all__ = ["Verdict", "cut_out", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done.

    Attributes:
        drop: sources whose bytes are to be forgotten; None for all bytes.
        guilty: the source that is proven to give wrong bytes, or "".
        again: the source that gets one more chance, with all of the file in one answer, or "".
        alone: from now on all bytes have to be of one source.
    """

    drop: frozenset[str] | None = None
    guilty: str = ""
    again: str = ""
    alone: bool = False


def judge(
    sources: Mapping[str, int],
    *,
    live: Collection[str],
    suspects: Collection[str],
    chances: Collection[str],
    answers: int,
    in_order: bool,
) -> Verdict:
    """Decide, from where the wrong content's bytes came.

    Bytes of one source in one answer are its fault. If there were several answers, the file
    may have changed between two of them. Of several sources that with the fewest bytes is
    suspected first: the others fill its place. If that does not help, either, each is asked
    for the whole file.

    Args:
        sources: source to number of bytes from it; "" stands for bytes that nobody knows
            the source of.
        live: sources that can still be asked.
        suspects: those whose bytes were dropped before.
        chances: those that had their one more chance.
        answers: how many answers the bytes are from.
        in_order: bytes cannot be dropped one by one.
    """
    if len(sources) < 2:
        source = next(iter(sources), "")
        if source and answers > 1 and source not in chances:
            return Verdict(again=source)
        return Verdict(guilty=source)
    if suspects or in_order:
        return Verdict(alone=True)
    suspect = min(sources, key=lambda source: (source in live, sources[source]))
    return Verdict(drop=frozenset({suspect}))


def cut_out(ranges: Iterable[Range], bad: Iterable[tuple[int, int]]) -> list[Range]:
    """What is left of *ranges* without the parts (start, end) that are *bad*."""
    parts = sorted(bad)
    kept: list[Range] = []
    for start, end, source in ranges:
        at = start
        for first, last in parts:
            if first < end and last > at:
                if first > at:
                    kept.append((at, first, source))
                at = max(at, last)
        if at < end:
            kept.append((at, end, source))
    return kept
