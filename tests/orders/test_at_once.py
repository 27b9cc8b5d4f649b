"""Several users of one store write about the same things at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

from datalad_jsdl.archive.prepare import Prepared
from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.lists import FileLists
from datalad_jsdl.orders.model import FileRef, FileState, ListedFile, Source, SourceKind
from datalad_jsdl.orders.states import write_states
from datalad_jsdl.orders.store.contents import prepared_contents, record_prepared
from datalad_jsdl.orders.store.opening import Store

WHO = range(4)
NUMBERS = [str(number) for number in range(400)]


def together(work: Callable[[int], object]) -> None:
    """Do it four times at once; an error of one is raised."""
    start = threading.Barrier(len(WHO))

    def begin(number: int) -> None:
        start.wait()
        work(number)

    with ThreadPoolExecutor(len(WHO)) as pool:
        list(pool.map(begin, WHO))


def ordered(number: int) -> list[str]:
    return NUMBERS[::-1] if number % 2 else NUMBERS


def test_all_add_files_of_a_source_that_is_new(store: Store) -> None:
    for round_ in range(5):
        source = Source(f"s{round_}", SourceKind.DATASET, f"/s{round_}")
        files = [ListedFile(FileRef(source.name, name, "v")) for name in NUMBERS]
        together(lambda who, s=source, f=files: FileLists(store).add(f"u{who}", f, [s]))  # type: ignore[misc]
    assert all(FileLists(store).statistics(f"u{who}").files == 2000 for who in WHO)


def test_all_prepare_the_same_contents(store: Store) -> None:
    one = Prepared(1, 1, "0" * 64, ("0" * 64,))
    for round_ in range(5):
        together(
            lambda who, r=round_: record_prepared(  # type: ignore[misc]
                store, {f"{r}-{name}": one for name in ordered(who)}
            )
        )
    assert len(prepared_contents(store, [f"4-{name}" for name in NUMBERS])) == len(NUMBERS)


def test_all_say_what_they_found_of_the_same_files(store: Store) -> None:
    source = Source("s", SourceKind.DATASET, "/s")
    refs = {name: FileRef("s", name, "v") for name in NUMBERS}
    FileLists(store).add("me", map(ListedFile, refs.values()), [source])
    now = datetime.now(timezone.utc)
    gone = FileState(Access.GONE, now, now)
    together(lambda who: write_states(store, [(refs[name], gone) for name in ordered(who)]))
