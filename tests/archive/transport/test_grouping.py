"""Which places of a zip are asked for together: whatever they are, what the rules say holds."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.archive.transport.grouping import neighbours


@st.composite
def _places(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Some that do not overlap, in any order."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 400)), max_size=60))
    found, position = [], 0
    for gap, length in pairs:
        found.append((position + gap, position + gap + length))
        position += gap + length
    return draw(st.permutations(found))


@given(_places(), st.integers(0, 300), st.integers(1, 3000), st.integers(1, 5))
def test_groups(places: list[tuple[int, int]], gap: int, most: int, handful: int) -> None:
    groups = neighbours(places, gap=gap, most=most, handful=handful)
    flat = [number for group in groups for number in group]
    assert len(set(flat)) == len(flat)
    assert [places[number] for number in flat] == sorted(places[number] for number in flat)
    for group in groups:
        assert len(group) >= handful
        starts, stops = zip(*(places[number] for number in group), strict=True)
        assert len(group) == 1 or stops[-1] - starts[0] <= most
        assert all(b - a <= gap for a, b in zip(stops, starts[1:], strict=False))
        # nobody who is not in it lies inside
        inside = [p for p in places if starts[0] <= p[0] < stops[-1]]
        assert len(inside) == len(group)


@given(_places(), st.integers(0, 300), st.integers(1, 3000))
def test_no_group_could_have_taken_the_next(
    places: list[tuple[int, int]], gap: int, most: int
) -> None:
    groups = neighbours(places, gap=gap, most=most, handful=1)
    assert sorted(number for group in groups for number in group) == list(range(len(places)))
    for group, following in itertools.pairwise(groups):
        start, stop = places[following[0]]
        assert start - places[group[-1]][1] > gap or stop - places[group[0]][0] > most
