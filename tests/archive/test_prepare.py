"""What is found out about contents before their archive is asked for."""

from __future__ import annotations

import hashlib
import threading
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.budget import PIECE, LookAhead
from datalad_jsdl.archive.prepare import Prepared, Unprepared, prepare
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.model.entry import Pieces
from tests.archive.shelf import Shelf, data_of
from tests.fetch.waits import Waits, new_engine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab import Lab


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with new_engine(Waits()) as engine:
        yield Shelf(tmp_path, engine)


def expected_of(name: str, size: int) -> Prepared:
    data = data_of(name, size)
    parts = [data[at : at + PIECE] for at in range(0, size, PIECE)]
    hexes = [hashlib.sha256(part).hexdigest() for part in parts]
    return Prepared(size, zlib.crc32(data), hashlib.sha256(data).hexdigest(), tuple(hexes))


def test_sizes_and_digests(shelf: Shelf, lab: Lab, other_lab: Lab) -> None:
    sizes = {"a": 0, "b": 1, "c": PIECE, "d": PIECE + 1, "e": 2 * PIECE + 70_000}
    for name, size in sizes.items():
        shelf.remote(name, size, [lab, other_lab], sized=name != "b", digest=name != "d")
        shelf.file(f"{name}-here", size)
    shelf.file("damaged", 3_000_000, [lab], damaged=True)
    look_ahead = LookAhead(4)
    found = list(prepare(shelf.contents, shelf.sources, look_ahead=look_ahead))
    look_ahead.close()
    assert [content for content, _ in found] == shelf.contents
    for content, outcome in found:
        size = len(data_of(content.path, sizes.get(content.path[0], 0)))
        if content.path == "damaged":
            size = 3_000_000
        assert outcome == expected_of(content.path, size)
    assert look_ahead.highest <= 64 << 20


def test_each_content_is_read_once(shelf: Shelf, lab: Lab) -> None:
    for name in ("a", "b", "c"):
        shelf.remote(name, 100_000, [lab])
    twice = [*shelf.contents, *shelf.contents]
    assert len(list(prepare(twice, shelf.sources))) == 6
    assert lab.sent() == 300_000


def test_what_was_found_out_is_not_read_again(shelf: Shelf, lab: Lab) -> None:
    for name in ("a", "b", "c", "d"):
        shelf.remote(name, 100_000, [lab], digest=name != "b")
    store: dict[str, Prepared] = {}
    for content, outcome in prepare(shelf.contents, shelf.sources):
        assert isinstance(outcome, Prepared)
        store[content.identity] = outcome
        if content.path == "b":
            break  # as if the process was killed
    assert len(store) == 2
    lab.requests.clear()
    found = dict(prepare(shelf.contents, shelf.sources, store, look_ahead=LookAhead(2)))
    assert {request.path for request in lab.requests} == {"/c", "/d"}
    assert found == {c: expected_of(c.path, 100_000) for c in shelf.contents}


def test_no_crc_is_found_out_again(shelf: Shelf, lab: Lab) -> None:
    for name in ("a", "b"):
        shelf.remote(name, 3_000_000, [lab])
    known = {c.identity: p for c, p in prepare(shelf.contents, shelf.sources)}
    assert all(isinstance(outcome, Prepared) for outcome in known.values())
    lab.requests.clear()
    archive = Archive(shelf.contents, shelf.sources, prepared=known)
    whole = shelf.whole
    assert b"".join(archive.range(len(whole) - 150)) == whole[-150:]
    assert lab.requests == []


def test_one_that_cannot_be_had_does_not_touch_the_others(shelf: Shelf, lab: Lab) -> None:
    shelf.remote("a", 1000, [lab])
    shelf.remote("b", 1000, [lab], status=404)
    shelf.remote("c", 1000, [])
    shelf.file("d", 1000, damaged=True)
    shelf.remote("e", 1000, [lab])
    found = {content.path: outcome for content, outcome in prepare(shelf.contents, shelf.sources)}
    assert found["a"] == expected_of("a", 1000)
    assert found["e"] == expected_of("e", 1000)
    kinds = {"b": FetchError, "c": FetchError, "d": ArchiveError}
    for name, kind in kinds.items():
        outcome = found[name]
        assert isinstance(outcome, Unprepared)
        assert isinstance(outcome.error, kind)


@pytest.mark.parametrize("wrong", [False, True])
def test_pieces_of_a_content_of_unknown_size(
    shelf: Shelf, lab: Lab, other_lab: Lab, wrong: bool
) -> None:
    mirrors = [lab] if wrong else [lab, other_lab]
    content = shelf.remote("a", 1000, mirrors, sized=False, digest=False, corrupt_at=700)
    data = data_of("a", 1000)
    hexes = tuple(hashlib.sha256(part).hexdigest() for part in (data[:600], data[600:]))
    pieces = Pieces("sha256", 600, hexes)
    content = replace(content, expected=replace(content.expected, pieces=pieces))
    ((_, outcome),) = prepare([content], shelf.sources)
    if wrong:
        assert isinstance(outcome, Unprepared)
        assert "wrong content" in str(outcome.error)
    else:
        assert outcome == expected_of("a", 1000)


def test_it_can_be_stopped(shelf: Shelf) -> None:
    for name in ("a", "b", "c"):
        shelf.file(name, 5_000_000)
    stop = threading.Event()
    found = []
    for content, _ in prepare(shelf.contents, shelf.sources, stop=stop):
        found.append(content.path)
        stop.set()
    assert found == ["a"]
