"""Whole archives, member by member, compared with a second writer of the same format."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings

from datalad_jsdl.archive.readers import ChunkReader
from datalad_jsdl.archive.zip.members import Member
from datalad_jsdl.archive.zip.writer import CanonicalWriter
from datalad_jsdl.errors import ArchiveError
from tests.archive.making import (
    SORTED_FILES,
    MemoryOutput,
    by_the_book,
    member_of,
    written,
)
from tests.archive.plain import Plain


@settings(max_examples=100)
@given(SORTED_FILES)
def test_every_archive_is_as_the_format_says(files: list[Plain]) -> None:
    assert written(files) == by_the_book(files)


@settings(max_examples=50)
@given(SORTED_FILES)
def test_pythons_zipfile_reads_what_was_written(files: list[Plain]) -> None:
    with zipfile.ZipFile(io.BytesIO(written(files))) as archive:
        infos = archive.infolist()
        assert [info.filename for info in infos] == [file.path for file in files]
        for info, file in zip(infos, files, strict=True):
            assert archive.read(info) == b"".join(file.content())
            assert info.external_attr == file.mode << 16
            assert info.create_system == 3
            assert info.file_size == file.size


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("b", "a"),
        ("a", "a"),
        ("a/b", "a"),
        ("a/b", "a-b"),
        ("a", "Z"),
        ("\U00010000", "\uffff"),  # the order of UTF-16, and of JavaScript
    ],
)
def test_names_come_in_the_order_of_their_bytes(first: str, second: str) -> None:
    for mode in (0o100644, 0o120777):
        with pytest.raises(ArchiveError, match="out of order or a duplicate"):
            written([Plain(first, b"1", 1), Plain(second, b"2", 1, None, mode)])


BEFORE = Plain("a", b"before", 6, 1)
MEMBER = Plain("b", b"x", 70000)
AFTER = Plain("c", b"after", 5, 2)


class Wrong(ChunkReader):
    """Content that turns out wrong when all of it was read."""

    def finish(self) -> None:
        raise ArchiveError("wrong content")


@pytest.mark.parametrize("size", [1, 65535, 70000, 300_000])
@pytest.mark.parametrize("again", [True, False])
def test_a_member_that_is_wrong_never_gets_its_descriptor(size: int, again: bool) -> None:
    output = MemoryOutput()
    writer = CanonicalWriter(output)
    writer.add(member_of(BEFORE), ChunkReader(BEFORE.content()))
    member = Plain("b", b"x", size)
    output.mark()
    with pytest.raises(ArchiveError, match="b: wrong content"):
        writer.add(member_of(member), Wrong([b"y" * size]))
    assert b"PK\7\10" not in output.file.getvalue()[len(by_the_book([BEFORE])) - 60 :]
    output.back()
    if again:
        writer.add(member_of(member), ChunkReader(member.content()))
    writer.add(member_of(AFTER), ChunkReader(AFTER.content()))
    writer.finish()
    files = [BEFORE, member, AFTER] if again else [BEFORE, AFTER]
    assert output.file.getvalue() == by_the_book(files)


@pytest.mark.parametrize("mode", [0o100644, 0o120777])
@pytest.mark.parametrize("size", [0, 1, 65534, 65535, 69999])
def test_too_little_content_is_refused(size: int, mode: int) -> None:
    output = MemoryOutput()
    writer = CanonicalWriter(output)
    member = member_of(Plain("b", b"x", 70000, None, mode))
    with pytest.raises(ArchiveError, match=f"expected 70000 bytes, got {size}"):
        writer.add(member, ChunkReader([b"x" * size]))


def test_many_members_have_a_zip64_end() -> None:
    output = MemoryOutput()
    writer = CanonicalWriter(output)
    for number in range(65536):
        writer.add(Member(b"%05d" % number, 0), ChunkReader(()))
    writer.finish()
    assert output.file.getvalue()[-98:-94] == b"PK\6\6"
    with zipfile.ZipFile(output.file) as archive:
        assert len(archive.namelist()) == 65536
