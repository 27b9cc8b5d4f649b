"""What is held in little memory reads as the tuple or mapping that it stands for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.model.candidates import Candidate, PlainCandidates, compact_candidates
from datalad_jsdl.model.digests import ALGORITHMS, HexDigests
from datalad_jsdl.model.entry import Entry

URLS = st.text("abc/?=%", min_size=1).map("https://h.example/{}".format)
CANDIDATES = st.builds(Candidate, URLS, st.none() | st.integers(0, 9), st.none(), st.booleans())


@given(st.lists(CANDIDATES, min_size=1) | st.lists(URLS.map(Candidate), min_size=1))
def test_candidates(given_ones: list[Candidate]) -> None:
    plain, held = tuple(given_ones), compact_candidates(given_ones)
    assert held == plain
    assert (len(held), held[0], held[-1], held[1:]) == (len(plain), plain[0], plain[-1], plain[1:])
    assert Entry("a", held) == Entry("a", plain)
    assert Entry("a", held).registrable == Entry("a", plain).registrable
    assert repr(held) == repr(plain)
    assert hash(held) == hash(plain)
    assert not isinstance(held, PlainCandidates) or all(c == Candidate(c.url) for c in plain)


@given(st.dictionaries(st.sampled_from(list(ALGORITHMS)), st.text("0123456789abcdef", min_size=1)))
def test_digests(digests: dict[str, str]) -> None:
    held = HexDigests(digests)
    assert held == digests
    assert list(held.items()) == list(digests.items())
    assert [name in held for name in ALGORITHMS] == [name in digests for name in ALGORITHMS]
    assert bool(held) == bool(digests)
    assert held.get("none") is None
