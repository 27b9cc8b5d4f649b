"""Pieces that several readers want at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.budget import LookAhead
from datalad_jsdl.archive.content import MirrorsOnly
from datalad_jsdl.archive.shelf import Outcome, PieceShelf
from datalad_jsdl.archive.spill import Held
from datalad_jsdl.errors import FetchError
from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.engine import Engine
from datalad_jsdl.fetch.http.address_policy import AddressPolicy
from datalad_jsdl.model.content import Fetched
from tests.archive.shelf import Shelf
from tests.archive.test_archive import joined, known_of
from tests.fetch.waits import Waits, new_engine
from tests.lab import Lab

READERS = 8
LARGE = 10_000_000  # bytes: two pieces


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with new_engine(Waits()) as engine:
        yield Shelf(tmp_path, engine)


def right(content: bytes) -> Outcome:
    held = Held(len(content))
    held.write(content)
    return Fetched(len(content)), held


def failed(kind: FaultKind) -> Outcome:
    return Failed((Fault(kind, "http://mirror.example/x"),)), bytearray()


def together(shelf: PieceShelf, outcomes: list[Outcome]) -> list[Outcome]:
    """Several readers ask for one piece at once; they are given outcomes one after the other."""
    start = threading.Barrier(READERS)

    def fetch() -> Outcome:
        return outcomes.pop(0)

    def read(_: int) -> Outcome:
        start.wait()
        return shelf.get("piece", fetch)

    with ThreadPoolExecutor(READERS) as threads:
        return list(threads.map(read, range(READERS)))


def test_one_fetches_for_all() -> None:
    outcome = right(b"abc")
    assert together(PieceShelf(), [outcome]) == [outcome] * READERS


def test_a_reader_that_ends_is_no_fault_of_the_mirrors() -> None:
    outcome = right(b"abc")
    found = together(PieceShelf(), [failed(FaultKind.INTERRUPTED), outcome])
    assert found.count(outcome) == READERS - 1


def test_an_error_of_one_is_not_that_of_the_others() -> None:
    shelf = PieceShelf()

    def fail() -> Outcome:
        raise MemoryError

    with pytest.raises(MemoryError):
        shelf.get("piece", fail)
    outcome = right(b"abc")
    assert shelf.get("piece", lambda: outcome) == outcome


def test_what_nobody_has_is_asked_for_again() -> None:
    shelf = PieceShelf()
    assert isinstance(shelf.get("piece", lambda: failed(FaultKind.GONE))[0], Failed)
    outcome = right(b"abc")
    assert shelf.get("piece", lambda: outcome) == outcome


def test_only_the_last_are_kept() -> None:
    shelf = PieceShelf(kept=2)
    held = shelf.get(0, lambda: right(b"0"))  # somebody reads it still
    for number in range(1, 5):
        shelf.get(number, lambda: right(b"x"))
    asked: list[int] = []

    def ask(number: int) -> Outcome:
        asked.append(number)
        return right(b"x")

    for number in (0, 3, 4, 1):
        shelf.get(number, lambda n=number: ask(n))  # type: ignore[misc]
    assert asked == [1]
    assert isinstance(held[1], Held)
    assert b"".join(held[1].chunks()) == b"0"


def test_many_readers_cost_a_mirror_one_download(shelf: Shelf, lab: Lab) -> None:
    shelf.remote("large", LARGE, [lab])
    known = known_of(shelf)
    before = lab.sent()
    look_ahead = LookAhead(4, shared=True)
    archive = Archive(shelf.contents, shelf.sources, prepared=known, look_ahead=look_ahead)
    with ThreadPoolExecutor(READERS) as threads:
        found = list(threads.map(lambda _: joined(archive) == shelf.whole, range(READERS)))
    assert found == [True] * READERS
    assert lab.sent() - before < 1.1 * LARGE


def test_who_reads_nothing_has_no_large_piece_ahead(shelf: Shelf, lab: Lab) -> None:
    """Else two hundred of them would throw away each other's."""
    shelf.remote("large", LARGE, [lab])
    known = known_of(shelf)
    before = lab.sent()
    look_ahead = LookAhead(4, shared=True)
    archive = Archive(shelf.contents, shelf.sources, prepared=known, look_ahead=look_ahead)
    reading = archive.range()
    chunk = b""
    while len(chunk) < 1000:
        chunk += next(reading)
    assert lab.sent() - before <= 8 << 20
    assert chunk + b"".join(reading) == shelf.whole


def test_a_full_disk_is_no_reason_to_end(
    shelf: Shelf, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.remote("large", LARGE, [lab])
    known = known_of(shelf)
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    look_ahead = LookAhead(4, shared=True)
    archive = Archive(shelf.contents, shelf.sources, prepared=known, look_ahead=look_ahead)
    assert joined(archive) == shelf.whole


def test_a_wrong_piece_is_given_to_nobody(shelf: Shelf, lab: Lab, other_lab: Lab) -> None:
    shelf.remote("large", LARGE, [lab, other_lab])
    known = known_of(shelf)
    content = lab.files["/large"].content
    lab.put("large", content, corrupt_at=9_000_000)
    archive = Archive(
        shelf.contents, shelf.sources, prepared=known, look_ahead=LookAhead(4, shared=True)
    )
    assert joined(archive) == shelf.whole
    alone = [replace(shelf.contents[0], urls=shelf.contents[0].urls[:1])]
    archive = Archive(alone, shelf.sources, prepared=known, look_ahead=LookAhead(4, shared=True))
    with pytest.raises(FetchError):
        joined(archive)


def test_a_piece_is_for_those_who_can_fetch_it(shelf: Shelf, lab: Lab) -> None:
    """Whoever knows its digest but has no login is not given what others have fetched by theirs."""
    shelf.remote("large", LARGE, [lab])
    known, look_ahead = known_of(shelf), LookAhead(4, shared=True)
    archive = Archive(shelf.contents, shelf.sources, prepared=known, look_ahead=look_ahead)
    assert joined(archive) == shelf.whole
    lab.put("large", lab.files["/large"].content, status=403)
    assert joined(archive) == shelf.whole  # it waits for others like them
    policy = AddressPolicy.from_config({"annex.security.allowed-ip-addresses": "127.0.0.1"})
    with Engine(policy, logins=False) as strangers:
        theirs = Archive(
            shelf.contents, MirrorsOnly(strangers), prepared=known, look_ahead=look_ahead
        )
        with pytest.raises(FetchError):
            joined(theirs)


def test_a_mirror_that_fails_is_no_reason_elsewhere(shelf: Shelf, lab: Lab) -> None:
    """Whoever names a dead mirror with a digest of others does not end their downloads."""
    shelf.remote("large", LARGE, [lab])
    known, look_ahead = known_of(shelf), LookAhead(4, shared=True)
    right = Archive(shelf.contents, shelf.sources, prepared=known, look_ahead=look_ahead)
    assert joined(right) == shelf.whole
    dead = [replace(shelf.contents[0], urls=(f"{lab.url}/gone",))]
    wrong = Archive(dead, shelf.sources, prepared=known, look_ahead=look_ahead)
    with pytest.raises(FetchError):
        joined(wrong)
