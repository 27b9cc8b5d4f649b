"""Archives that are nowhere: any range of them, from wherever their contents are."""

from __future__ import annotations

import random
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.budget import PIECE, LookAhead
from datalad_jsdl.archive.pieces import Verified
from datalad_jsdl.archive.prepare import Prepared, prepare
from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.model.entry import Pieces
from tests.archive.shelf import Shelf, data_of
from tests.fetch.waits import Waits, new_engine
from tests.lab import Lab, sha256

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE = 2_500_000  # bytes


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with new_engine(Waits()) as engine:
        yield Shelf(tmp_path, engine)


def joined(archive: Archive, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join(archive.range(start, stop))


def pieces_of(data: bytes, length: int) -> Pieces:
    parts = [data[at : at + length] for at in range(0, len(data), length)]
    return Pieces("sha256", length, tuple(map(sha256, parts)))


def of_all_kinds(shelf: Shelf, lab: Lab, other: Lab) -> None:
    shelf.blob("blob", 70_000)
    shelf.blob("blob-large", LARGE)
    shelf.blob("empty", 0)
    shelf.blob("link", 20, Kind.SYMLINK)
    shelf.inline("inline", LARGE)
    shelf.inline("inline-empty", 0)
    shelf.inline("inline-link", 20, Kind.SYMLINK)
    shelf.file("file", LARGE)
    shelf.file("file-damaged", LARGE, [lab], damaged=True)
    shelf.file("file-small-damaged", 70_000, [lab], damaged=True)
    shelf.remote("remote", LARGE, [lab, other], reset_at=0.5, times=3)
    shelf.remote("remote-small", 70_000, [lab])
    shelf.remote("remote-without-digest", LARGE, [lab], digest=False)
    shelf.remote("remote-without-ranges", LARGE, [lab], ranges=False)


def known_of(shelf: Shelf) -> dict[str, Prepared]:
    found = {}
    for content, outcome in prepare(shelf.contents, shelf.sources):
        assert isinstance(outcome, Prepared)
        found[content.identity] = outcome
    return found


POLICIES = {
    "none": lambda: None,
    "sequential": lambda: LookAhead(3, piece=300_000),
    "shared": lambda: LookAhead(3, memory=1_000_000, piece=250_000, shared=True),
}


@pytest.mark.parametrize("policy", POLICIES)
def test_any_range_is_a_slice_of_the_whole(
    shelf: Shelf, policy: str, lab: Lab, other_lab: Lab
) -> None:
    of_all_kinds(shelf, lab, other_lab)
    shelf.remote("remote-of-unknown-size", 100_000, [lab], sized=False)
    archive = Archive(
        shelf.contents, shelf.sources, prepared=known_of(shelf), look_ahead=POLICIES[policy]()
    )
    whole = shelf.whole
    assert archive.size == len(whole)
    assert joined(archive) == whole

    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(whole)), st.integers(0, 400_000) | st.integers(0, len(whole)))
    def ranges(start: int, length: int) -> None:
        stop = min(start + length, len(whole))
        assert joined(archive, start, stop) == whole[start:stop]

    ranges()


def test_without_any_preparation(shelf: Shelf, lab: Lab, other_lab: Lab) -> None:
    of_all_kinds(shelf, lab, other_lab)
    archive = Archive(reversed(shelf.contents), shelf.sources)
    whole, chance = shelf.whole, random.Random(2)
    ends = [(len(whole) - 200, len(whole)), (0, 1), (7, 7), (len(whole), len(whole))]
    for start, stop in ends + [sorted(chance.choices(range(len(whole)), k=2)) for _ in range(10)]:
        with suppress(ArchiveError):  # the first time, damage of what is here shows in the end
            joined(archive, start, stop)
        if archive.verified(start, stop) is Verified.DIGEST:
            assert joined(archive, start, stop) == whole[start:stop]


def test_a_size_that_nobody_knows(shelf: Shelf, lab: Lab) -> None:
    shelf.remote("a", 1000, [lab], sized=False)
    archive = Archive(shelf.contents, shelf.sources)
    assert archive.size is None
    assert archive.etag.startswith('W/"')
    with pytest.raises(ArchiveError, match="a: its size is unknown"):
        archive.range()
    prepared = Archive(shelf.contents, shelf.sources, prepared=known_of(shelf))
    assert joined(prepared) == shelf.whole


def test_ranges_that_are_none(shelf: Shelf) -> None:
    shelf.blob("a", 10)
    archive = Archive(shelf.contents, shelf.sources)
    size = archive.size or 0
    for start, stop in ((-1, 5), (5, 4), (0, size + 1), (size + 1, None)):
        with pytest.raises(ValueError, match="lie outside the archive"):
            archive.range(start, stop)


def test_an_identity_is_that_of_names_sizes_times_modes_and_digests(
    shelf: Shelf, tmp_path: Path, lab: Lab
) -> None:
    shelf.file("a", 100)
    shelf.remote("b", 100, [lab])
    first = Archive(shelf.contents, shelf.sources)
    assert first.is_certain
    elsewhere = [replace(c, local=None, urls=("http://x.example/1",)) for c in shelf.contents]
    assert Archive(elsewhere, shelf.sources).etag == first.etag
    for change in ({"name": b"c"}, {"mtime": 2}, {"mtime": None}, {"kind": Kind.EXECUTABLE}):
        other = [shelf.contents[0], replace(shelf.contents[1], **change)]
        assert Archive(other, shelf.sources).etag != first.etag
    shelf.remote("c", 100, [lab], digest=False)
    weak = Archive(shelf.contents, shelf.sources)
    assert weak.etag.startswith('W/"')
    known = Archive(shelf.contents, shelf.sources, prepared=known_of(shelf))
    assert known.etag.startswith('"')


def test_no_strong_tag_is_given_where_a_part_is_verified_by_its_size_only(
    shelf: Shelf, lab: Lab
) -> None:
    shelf.blob("blob", LARGE)
    shelf.file("small", 1000)
    assert Archive(shelf.contents, shelf.sources).is_certain
    shelf.remote("large", LARGE, [lab])
    archive = Archive(shelf.contents, shelf.sources)
    assert not archive.is_certain
    assert archive.etag.startswith('W/"')
    prepared = Archive(shelf.contents, shelf.sources, prepared=known_of(shelf))
    assert prepared.is_certain
    assert prepared.etag == archive.etag[2:]


def test_many_threads_with_a_tiny_budget(shelf: Shelf, lab: Lab) -> None:
    for number in range(4):
        shelf.remote(f"{number}", LARGE, [lab])
    shelf.remote("4", 50_000, [lab])
    look_ahead = LookAhead(4, memory=600_000, most=4, piece=200_000, shared=True, idle=0.2)
    archive = Archive(shelf.contents, shelf.sources, look_ahead=look_ahead)
    whole, problems = shelf.whole, list[str]()
    # whoever reads nothing any more must not keep the others waiting
    stuck = [archive.range(start) for start in (0, LARGE, 2 * LARGE)]
    for chunks in stuck:
        next(chunks)

    def read(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(3):
            start, stop = sorted(chance.choices(range(len(whole)), k=2))
            if joined(archive, start, stop) != whole[start:stop]:
                problems.append(f"{start}-{stop}")

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    # no piece is larger than the whole budget, but contents of up to 1 MiB come at once
    assert look_ahead.highest <= 600_000
    for chunks, start in zip(stuck, (0, LARGE, 2 * LARGE), strict=True):
        rest = b"".join(chunks)
        assert whole[start:].endswith(rest)
        assert len(rest) > LARGE


def test_a_range_that_is_given_up_stops_its_fetches(shelf: Shelf, lab: Lab) -> None:
    shelf.remote("a", 20_000_000, [lab], rate=2_000_000)
    archive = Archive(shelf.contents, shelf.sources, look_ahead=LookAhead(2, piece=500_000))
    chunks = archive.range()
    next(chunks)
    chunks.close()
    lab.requests.clear()
    shelf.remote("b", 1000, [lab])
    assert joined(Archive(shelf.contents[1:], shelf.sources)) != b""
    assert [request.path for request in lab.requests] == ["/b"]


class Ending:
    """Ends a server when a range is half read."""

    def __init__(self, lab: Lab) -> None:
        self.lab: Lab | None = lab

    def read(self, archive: Archive, start: int, stop: int) -> bytes:
        got = bytearray()
        for chunk in archive.range(start, stop):
            got += chunk
            if self.lab and len(got) > (stop - start) // 3:
                self.lab.__exit__(None, None, None)
                self.lab = None
        return bytes(got)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_mirror_that_dies_in_the_middle_of_a_range(
    shelf: Shelf, policy: str, other_lab: Lab
) -> None:
    with Lab(rate=3_000_000) as lab:
        shelf.remote("a", 8_000_000, [lab, other_lab])
        archive = Archive(shelf.contents, shelf.sources, look_ahead=POLICIES[policy]())
        got = Ending(lab).read(archive, 1_000_000, 7_000_000)
    assert got == shelf.whole[1_000_000:7_000_000]
    assert other_lab.sent() > 0


def test_all_mirrors_die_in_the_middle_of_a_range(shelf: Shelf) -> None:
    with Lab(rate=3_000_000) as lab:
        shelf.remote("a", 8_000_000, [lab])
        archive = Archive(shelf.contents, shelf.sources)
        with pytest.raises(FetchError, match=r"^a: ") as caught:
            Ending(lab).read(archive, 1_000_000, 7_000_000)
        assert type(caught.value) is FetchError  # what other packages can name


def test_damage_here_without_a_mirror_names_the_member(shelf: Shelf) -> None:
    shelf.file("a", LARGE, damaged=True)
    shelf.file("b", 1000, damaged=True)
    archive = Archive(shelf.contents, shelf.sources)
    for start, name in ((0, "a"), (LARGE, "a"), (LARGE + 500, "b")):
        with pytest.raises(ArchiveError, match=f"^{name}: wrong content"):
            joined(archive, start)


def test_damage_here_shows_in_the_end_and_is_remembered(shelf: Shelf, lab: Lab) -> None:
    shelf.file("a", LARGE, [lab], damaged=True)
    archive = Archive(shelf.contents, shelf.sources)
    with pytest.raises(ArchiveError, match=r"^a: wrong content"):
        joined(archive)
    assert lab.sent() == 0
    assert joined(archive) == shelf.whole


def test_a_file_that_is_cut_off_while_it_is_read(shelf: Shelf, lab: Lab) -> None:
    content = shelf.file("a", 8_000_000, [lab])
    archive = Archive(shelf.contents, shelf.sources)
    chunks = archive.range()
    got = bytearray(next(chunks) + next(chunks))
    with open(content.local, "r+b") as file:
        file.truncate(3_000_000)
    got += b"".join(chunks)
    assert bytes(got) == shelf.whole
    assert 5_000_000 <= lab.sent() <= 6_000_000


PIECES = 500_000  # bytes


def test_ranges_in_the_middle_are_verified_by_pieces(
    shelf: Shelf, lab: Lab, other_lab: Lab
) -> None:
    faults = {"corrupt_at": 1_700_000}
    content = shelf.remote("a", LARGE, [lab, other_lab], digest=False, **faults)
    pieces = pieces_of(data_of("a", LARGE), PIECES)
    contents = [replace(content, expected=replace(content.expected, pieces=pieces))]
    archive, whole = Archive(contents, shelf.sources), shelf.whole
    assert archive.verified(1_000_000, 2_000_000) is Verified.PIECES
    assert joined(archive, 1_000_000, 2_000_000) == whole[1_000_000:2_000_000]
    assert joined(archive) == whole
    assert other_lab.sent() > 0


def test_no_byte_of_a_wrong_piece_is_given(shelf: Shelf, lab: Lab) -> None:
    content = shelf.remote("a", LARGE, [lab], corrupt_at=1_700_000)
    pieces = pieces_of(data_of("a", LARGE), PIECES)
    contents = [replace(content, expected=replace(content.expected, pieces=pieces))]
    archive = Archive(contents, shelf.sources, look_ahead=LookAhead(0, piece=PIECES))
    got = bytearray()

    def read() -> None:
        for chunk in archive.range(100_000, 2_000_000):
            got.extend(chunk)

    with pytest.raises(
        FetchError, match=r"^a: .*sha256 of the piece at byte 1500000 does not match"
    ):
        read()
    assert shelf.whole[100_000:].startswith(got)
    assert len(got) <= 1_500_200


def test_damage_here_is_taken_from_a_mirror_piece_by_piece(shelf: Shelf, lab: Lab) -> None:
    content = shelf.file("a", LARGE, [lab], damaged=True, digest=False)
    pieces = pieces_of(data_of("a", LARGE), PIECES)
    contents = [replace(content, expected=replace(content.expected, pieces=pieces))]
    archive, whole = Archive(contents, shelf.sources), shelf.whole
    assert joined(archive, 300_000, 2_000_000) == whole[300_000:2_000_000]
    assert 0 < lab.sent() <= LARGE


@pytest.mark.parametrize("prepared", [False, True])
def test_what_is_certain_is_told_before(shelf: Shelf, lab: Lab, prepared: bool) -> None:
    shelf.remote("a", 1000, [lab])
    shelf.remote("b", 9_000_000, [lab])
    shelf.remote("c", 1000, [lab])
    sizes = [1000 + 16 + 5 + 30 + 9 + 1, 0]
    known = known_of(shelf) if prepared else {}
    archive = Archive(shelf.contents, shelf.sources, prepared=known)
    lab.requests.clear()
    part = Verified.PIECES if prepared else Verified.SIZE_ONLY
    begin = sizes[0]
    assert archive.verified() is Verified.DIGEST
    assert archive.verified(500, begin) is Verified.DIGEST
    assert archive.verified(0, begin + 1_000_000) is part
    assert archive.verified(begin + 1_000_000) is part
    assert archive.verified(begin + 1_000_000, begin + 2_000_000) is part
    assert archive.verified(begin) is Verified.DIGEST
    assert lab.requests == []


def test_content_that_is_in_the_value_is_certain_and_needs_nobody(shelf: Shelf) -> None:
    shelf.inline("a", 5_000_000)
    shelf.inline("b", 0)
    archive = Archive(shelf.contents, shelf.sources)
    assert archive.verified(1000, 2_000_000) is Verified.DIGEST
    whole = shelf.whole
    assert joined(archive, 1000, 4_000_000) == whole[1000:4_000_000]
    assert joined(archive) == whole
    assert not any(content.is_remote for content in shelf.contents)


def test_a_content_without_digest_is_what_it_was_when_it_was_prepared(
    shelf: Shelf, lab: Lab
) -> None:
    content = shelf.remote("a", LARGE, [lab], digest=False)
    assert Archive(shelf.contents, shelf.sources).verified() is Verified.SIZE_ONLY
    archive = Archive(shelf.contents, shelf.sources, prepared=known_of(shelf))
    assert archive.verified() is Verified.DIGEST
    assert joined(archive) == shelf.whole
    lab.put("a", data_of("another", LARGE))
    with pytest.raises(FetchError, match=r"^a: .*sha256"):
        joined(archive)
    assert content.expected.algorithm is None


def test_every_piece_is_as_long_as_the_engine_takes_at_once() -> None:
    assert PIECE == 8 << 20
