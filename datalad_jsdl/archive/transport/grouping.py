"""Which places of a zip are worth one request together: arithmetic alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["GAP", "HANDFUL", "MOST", "neighbours"]

GAP = 64 << 10  # bytes that are not wanted, between two that are: cheaper than a request
MOST = 8 << 20  # bytes of one request
HANDFUL = 4  # files; fewer come as fast from their own URLs


def neighbours(
    places: Sequence[tuple[int, int]],
    *,
    gap: int = GAP,
    most: int = MOST,
    handful: int = HANDFUL,
) -> list[list[int]]:
    """Those that lie beside each other.

    Args:
        places: offsets of the first byte and after the last of each; none overlaps another.
        gap: bytes there may be between two.
        most: bytes of a group, from its first to its last.
        handful: numbers of a group, at least.

    Returns:
        Groups of numbers of places, each in the order of the bytes, and so are the groups.
    """
    groups: list[list[int]] = []
    begin = end = 0
    for number in sorted(range(len(places)), key=lambda number: places[number]):
        start, stop = places[number]
        if groups and start - end <= gap and stop - begin <= most:
            groups[-1].append(number)
        else:
            groups.append([number])
            begin = start
        end = stop
    return [group for group in groups if len(group) >= handful]
