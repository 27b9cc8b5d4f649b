"""Files with known pieces: no byte is used before its piece is verified, and none is held."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datalad_jsdl.archive.pieced_file import PiecedFileReader
from datalad_jsdl.archive.readers import content_of
from datalad_jsdl.archive.remote import TooLargeError
from datalad_jsdl.archive.right_pieces import RightPieces, Stamp
from datalad_jsdl.archive.spill import Held
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.model.entry import Pieces
from tests.portal import content_of as made

SIZE, PIECE = 1_000_000, 300_000
CONTENT = made("pieced", SIZE)
PIECES = Pieces(
    "sha256",
    PIECE,
    tuple(hashlib.sha256(CONTENT[n : n + PIECE]).hexdigest() for n in range(0, SIZE, PIECE)),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pieced") / "f"
    path.write_bytes(CONTENT)
    return path


@given(start=st.integers(0, SIZE), length=st.integers(0, SIZE))
def test_any_bytes(file: Path, start: int, length: int) -> None:
    length = min(length, SIZE - start)
    reader = PiecedFileReader(str(file), SIZE, start, SIZE, PIECES)
    try:
        assert b"".join(map(bytes, content_of(reader, length))) == CONTENT[start : start + length]
    finally:
        reader.close()


@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=40))
def test_buffers_of_any_sizes(file: Path, sizes: list[int]) -> None:
    reader = PiecedFileReader(str(file), SIZE, 123_456, SIZE, PIECES)
    views = [memoryview(bytearray(size)) for size in sizes]
    try:
        got = reader.readv(views)
    finally:
        reader.close()
    found = b"".join(map(bytes, views))[:got]
    assert got or not sum(sizes)
    assert found == CONTENT[123_456 : 123_456 + got]


def test_a_wrong_piece_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(CONTENT[:500_000] + b"\0" + CONTENT[500_001:])
    reader = PiecedFileReader(str(file), SIZE, 10, SIZE, PIECES)
    assert reader.read(PIECE - 10) == CONTENT[10:PIECE]
    with pytest.raises(ArchiveError, match=r"wrong content: .* bytes 300000 to 600000"):
        reader.read(1)
    reader.close()
    after = PiecedFileReader(str(file), SIZE, 600_000, SIZE, PIECES)
    assert after.read(400_000) == CONTENT[600_000:]
    after.close()


def test_what_is_written_to_after_it_was_verified(tmp_path: Path) -> None:
    """The piece is verified again, and is wrong then."""
    file = tmp_path / "f"
    file.write_bytes(CONTENT)
    reader = PiecedFileReader(str(file), SIZE, 0, SIZE, PIECES)
    assert reader.read(1000) == CONTENT[:1000]
    with file.open("r+b") as writing:
        writing.seek(2000)
        writing.write(b"\0\0\0\0")
    os.utime(file, (1, 1))  # whatever time the writer leaves
    with pytest.raises(ArchiveError, match=r"wrong content"):
        reader.read(2000)
    reader.close()


def test_what_is_touched_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(CONTENT)
    reader = PiecedFileReader(str(file), SIZE, 0, SIZE, PIECES)
    assert reader.read(1000) == CONTENT[:1000]
    os.utime(file, (1, 1))
    assert reader.read(SIZE - 1000) == CONTENT[1000:]
    reader.close()


def test_what_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(CONTENT)
    reader = PiecedFileReader(str(file), SIZE, 0, SIZE, PIECES)
    reader.read(1000)
    os.truncate(file, 200_000)
    with pytest.raises(ArchiveError, match=r"ends after 200000 bytes"):
        reader.read(SIZE - 1000)
    reader.close()


def test_bytes_wait_in_a_file() -> None:
    held = Held(SIZE)
    held.write(b"wrong")
    held.restart()
    held.write(CONTENT[:1000])
    held.write(CONTENT[1000:])
    assert (len(held), held.position()) == (SIZE, SIZE)
    with pytest.raises(TooLargeError):
        held.write(b"x")
    parts = list(held.chunks(1000, 900_000))
    assert b"".join(parts) == CONTENT[1000:900_000]
    assert max(map(len, parts)) <= 128 << 10


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each read of a file gave."""
    counts: list[int] = []
    preadv = os.preadv

    def counted(file: int, views: Sequence[memoryview], position: int) -> int:
        counts.append(preadv(file, views, position))
        return counts[-1]

    monkeypatch.setattr(os, "preadv", counted)
    return counts


def _all_of(file: Path, start: int = 0, stop: int = SIZE) -> bytes:
    reader = PiecedFileReader(str(file), SIZE, start, stop, PIECES)
    try:
        return reader.read(stop - start)
    finally:
        reader.close()


def test_what_one_reader_has_verified(
    tmp_path: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one need not, until the file has changed."""
    monkeypatch.setattr("datalad_jsdl.archive.right_pieces._SETTLED", -1)
    monkeypatch.setattr("datalad_jsdl.archive.pieced_file._right_pieces", RightPieces())
    file = tmp_path / "f"
    file.write_bytes(CONTENT)
    assert _all_of(file) == CONTENT
    assert sum(read) == 2 * SIZE
    read.clear()
    assert _all_of(file) == CONTENT
    assert sum(read) == SIZE
    os.utime(file, (1, 1))
    read.clear()
    assert _all_of(file) == CONTENT
    assert sum(read) == 2 * SIZE


def test_what_was_written_just_now(
    tmp_path: Path, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be written again within the same tick of the clock: each reader verifies it."""
    monkeypatch.setattr("datalad_jsdl.archive.right_pieces._SETTLED", 1 << 62)
    file = tmp_path / "f"
    file.write_bytes(CONTENT)
    assert _all_of(file) == _all_of(file) == CONTENT
    assert sum(read) == 4 * SIZE


def test_no_piece_is_verified_that_is_not_used(file: Path, read: list[int]) -> None:
    assert _all_of(file, PIECE, PIECE + 10) == CONTENT[PIECE : PIECE + 10]
    assert sum(read) <= PIECE + 10


def test_not_more_is_remembered_than_there_is_room_for() -> None:
    right = RightPieces(most=2)
    stamp = Stamp((1, 2), SIZE, 0, 0)
    for start in range(3):
        right.add(stamp, start, "d")
    assert [right.knows(stamp, start, "d") for start in range(3)] == [False, True, True]
    assert not right.knows(stamp, 1, "e")
    assert not right.knows(replace(stamp, changed=1), 1, "d")


def test_without_a_thread_it_is_read_as_well(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no more threads (a limit of users) cannot be had in a test."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    reader = PiecedFileReader(str(file), SIZE, 0, SIZE, PIECES)
    try:
        assert reader.read(SIZE) == CONTENT
    finally:
        reader.close()
