"""What is to be recorded of keys, compared with what is recorded."""

from __future__ import annotations

from datetime import datetime, timezone

from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.model.candidates import PlainCandidates
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.restriction import Restriction, RestrictionKind
from datalad_jsdl.repository.annex.branch import KeyRecord
from datalad_jsdl.repository.annex.logs import KeyState, order_of
from datalad_jsdl.repository.importing.key_records import WantedRecords

KEY = "MD5E-s1--900150983cd24fb0d6963f7d28e17f72.txt"
TIMES = st.sampled_from([None, *(datetime(2024, 5, day, tzinfo=timezone.utc) for day in (1, 2))])
RESTRICTIONS = st.sampled_from([None, Restriction(RestrictionKind.LOGIN)])
URLS = st.permutations(["https://a.example/x", "https://b.example/x", "https://c.example/x"])


@given(URLS, st.integers(1, 3), TIMES, RESTRICTIONS)
def test_of_a_new_key_all_is_recorded_that_is_listed(
    urls: list[str], count: int, mtime: datetime | None, restriction: Restriction | None
) -> None:
    entry = Entry("x", PlainCandidates(urls[:count]), 1, mtime=mtime, restriction=restriction)
    wanted = WantedRecords({KEY: entry})
    state = KeyState(mtime, order_of(urls[:count]), restriction)
    assert wanted[KEY] == KeyRecord(tuple(urls[:count]), True, state)
    # of two alike entries it is the same, in another way
    assert WantedRecords({KEY: [entry, entry]})[KEY] == wanted[KEY]


@given(URLS, st.integers(1, 3), URLS, st.integers(0, 3), *[TIMES] * 2, *[RESTRICTIONS] * 2)
def test_one_that_is_as_listed_is_not_recorded_again(
    listed: list[str],
    listed_count: int,
    known: list[str],
    known_count: int,
    mtime: datetime | None,
    known_mtime: datetime | None,
    restriction: Restriction | None,
    known_restriction: Restriction | None,
) -> None:
    urls, known_urls = listed[:listed_count], known[:known_count]
    entry = Entry("x", PlainCandidates(urls), 1, mtime=mtime, restriction=restriction)
    state = KeyState(known_mtime, order_of(known_urls), known_restriction)
    record = KeyRecord(tuple(sorted(known_urls)), bool(known_urls), state)
    wanted = WantedRecords({KEY: entry})
    wanted.settle(KEY, record)
    later = mtime is not None and known_mtime is not None and known_mtime > mtime
    # what only the dataset knows stays, and comes last
    order = urls + [url for url in known_urls if url not in urls]
    same = (
        set(known_urls) == set(order)
        and order_of(order) == state.order
        and (mtime is None or mtime == known_mtime)
        and (restriction is None or restriction == known_restriction)
        and (restriction is not None or known_restriction is None)
    )
    if set(known_urls) <= set(urls) or len(set(known_urls) - set(urls)) == 1:
        assert (KEY not in wanted) == (same and not later)
