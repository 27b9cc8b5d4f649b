"""What is found out about contents before their archive is asked for."""

from __future__ import annotations

import hashlib
import threading
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.budget import PIECE, LookAhead
from datalad_jsdl.archive.prepare import Prepared, Unprepared, prepare
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.model.content import Expected
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


SILENT: dict[str, dict[str, Any]] = {
    "mute": {"mute": True},
    "hangs": {"hang_at": 1000},
    "drips": {"drip": 2000, "drip_at": 1000},
}
AHEAD = {
    "none": lambda: None,
    "ahead": lambda: LookAhead(2),
    "shared": lambda: LookAhead(2, shared=True),
}


@pytest.mark.parametrize("fault", SILENT)
@pytest.mark.parametrize("policy", AHEAD)
@pytest.mark.parametrize("known", [{}, {"digest": False}, {"sized": False}], ids=str)
def test_a_mirror_that_is_waited_for_does_not_keep_it_from_being_stopped(
    tmp_path: Path, lab: Lab, fault: str, policy: str, known: dict[str, bool]
) -> None:
    with new_engine(Waits(), read_timeout=600.0, min_speed=1) as engine:
        shelf = Shelf(tmp_path, engine)
        shelf.file("a", 1000)
        shelf.remote("b", 3_000_000, [lab], **known, **SILENT[fault])
        shelf.file("c", 1000)
        stop, found = threading.Event(), list[str]()
        first = threading.Event()

        def work() -> None:
            items = prepare(shelf.contents, shelf.sources, stop=stop, look_ahead=AHEAD[policy]())
            for content, _ in items:
                found.append(content.path)
                first.set()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        assert first.wait(60)
        while not lab.requests:
            thread.join(0.01)
        stop.set()
        thread.join(60)
        assert not thread.is_alive()
        assert found == ["a"]


def test_of_contents_with_one_identity_any_may_give_it(shelf: Shelf, lab: Lab) -> None:
    good = shelf.remote("a", 100_000, [lab])
    gone = replace(good, path="b", urls=(lab.put("b", status=404),))
    elsewhere = replace(good, path="c", dataset="sub", urls=(lab.put("c", status=404),))
    nowhere = replace(good, path="d", dataset="other", urls=())
    short = replace(good, path="e", size=5, expected=replace(good.expected, size=5))
    wanted = expected_of("a", 100_000)
    for others in ([gone], [elsewhere], [nowhere], [short], [gone, elsewhere, nowhere, short]):
        for contents in ([good, *others], [*others, good]):
            found = list(prepare(contents, shelf.sources))
            assert found == [(content, wanted) for content in contents]
    for contents in ([gone, elsewhere, nowhere], [nowhere, gone]):
        outcomes = [outcome for _, outcome in prepare(contents, shelf.sources)]
        assert all(isinstance(outcome, Unprepared) for outcome in outcomes)


def test_what_is_in_the_value_is_taken_before_a_mirror(shelf: Shelf, lab: Lab) -> None:
    shelf.remote("a", 1000, [lab])
    (here,) = shelf.contents
    there = replace(here, urls=(), inline=data_of("a", 1000))
    (_, found), (_, same) = prepare([here, there], shelf.sources)
    assert found == same == expected_of("a", 1000)
    assert lab.requests == []


def test_what_is_here_is_taken_before_what_has_the_same_identity(shelf: Shelf, lab: Lab) -> None:
    here = shelf.file("a", 100_000)
    there = replace(here, path="b", local=None, urls=(lab.put("b", data_of("a", 100_000)),))
    damaged = replace(here, path="c", local=f"{here.local}-nowhere")
    for contents in ([there, here], [here, there], [damaged, there, here]):
        outcomes = [outcome for _, outcome in prepare(contents, shelf.sources)]
        assert outcomes == [expected_of("a", 100_000)] * len(contents)
    assert lab.sent() == 100_000


def test_two_sizes_of_a_content_without_a_digest_are_two_identities(shelf: Shelf, lab: Lab) -> None:
    right = shelf.remote("a", 100_000, [lab], digest=False)
    wrong = replace(right, path="b", size=5, expected=replace(right.expected, size=5))
    for contents in ([right, wrong], [wrong, right]):
        found = {content.path: outcome for content, outcome in prepare(contents, shelf.sources)}
        assert found["a"] == expected_of("a", 100_000)
        assert isinstance(found["b"], Unprepared)


@pytest.mark.parametrize("urls", [True, False])
def test_a_file_here_of_unknown_size(shelf: Shelf, lab: Lab, urls: bool) -> None:
    content = shelf.file("a", 3_000_000, [lab] if urls else [])
    for digest in (True, False):
        expected = replace(content.expected, size=None) if digest else Expected()
        unsized = replace(content, size=None, expected=expected)
        ((_, outcome),) = prepare([unsized], shelf.sources)
        assert outcome == expected_of("a", 3_000_000)
        archive = Archive([unsized], shelf.sources, prepared={unsized.identity: outcome})
        assert b"".join(archive.range()) == shelf.whole
    assert lab.sent() == 0
    gone = replace(content, size=None, local=f"{content.local}-gone")
    ((_, outcome),) = prepare([gone], shelf.sources)
    assert isinstance(outcome, Prepared if urls else Unprepared)


def test_a_git_object_of_unknown_size_is_refused(shelf: Shelf) -> None:
    content = replace(shelf.blob("a", 1000), size=None)
    ((_, outcome),) = prepare([content], shelf.sources)
    assert isinstance(outcome, Unprepared)
    assert "size of the git object" in str(outcome.error)


def test_what_was_not_prepared_is_tried_again_and_no_archive_minds_it(
    shelf: Shelf, lab: Lab
) -> None:
    shelf.remote("a", 1000, [lab], status=404)
    shelf.remote("b", 1000, [lab])
    known = {c.identity: found for c, found in prepare(shelf.contents, shelf.sources)}
    assert [type(found) for found in known.values()] == [Unprepared, Prepared]
    assert Archive(shelf.contents, shelf.sources, prepared=known).size == len(shelf.whole)
    lab.put("a", data_of("a", 1000))
    lab.requests.clear()
    found = [found for _, found in prepare(shelf.contents, shelf.sources, known)]
    assert found == [expected_of("a", 1000), expected_of("b", 1000)]
    assert {request.path for request in lab.requests} == {"/a"}


def test_of_a_file_here_of_another_size_the_true_one_is_told(shelf: Shelf) -> None:
    content = shelf.file("a", 1000)
    assert content.local is not None
    Path(content.local).write_bytes(bytes(1234))
    ((_, outcome),) = prepare([content], shelf.sources)
    assert isinstance(outcome, Unprepared)
    assert "expected 1000 bytes, got 1234" in str(outcome.error)
