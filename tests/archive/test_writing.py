"""Whole archives, compared with a second, plainer writer of the same format."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datalad_jsdl.archive.layout import Kind, Layout, Member, member_name
from datalad_jsdl.archive.writing import ZipWriter
from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINK = Kind.SYMLINK
ATTRIBUTES = {Kind.REGULAR: 0x81A40000, Kind.EXECUTABLE: 0x81ED0000, LINK: 0xA1FF0000}


@dataclass(frozen=True)
class File:
    """One file to be archived; its content comes in portions of *chunks* bytes."""

    path: str
    content: bytes
    mtime: int | None = None
    kind: Kind = Kind.REGULAR
    chunks: tuple[int, ...] = ()

    @property
    def member(self) -> Member:
        return Member(member_name(self.path), len(self.content), self.mtime, self.kind)

    def portions(self) -> Iterable[bytes]:
        rest = self.content
        for size in self.chunks:
            yield rest[:size]
            rest = rest[size:]
        yield rest


def add(writer: ZipWriter, file: File) -> None:
    if file.kind is LINK:
        writer.add_symlink(file.member, file.content)
        return
    sink = writer.begin(file.member)
    for portion in file.portions():
        sink.write(portion)
    writer.end(sink)


def written(files: Iterable[File]) -> bytes:
    buffer = io.BytesIO()
    writer = ZipWriter(buffer)
    for file in files:
        add(writer, file)
    assert writer.finish() == len(buffer.getvalue())
    return buffer.getvalue()


def dos_time(mtime: int | None) -> tuple[int, int]:
    if mtime is None:
        t = datetime(1980, 2, 1)
    elif mtime < 315532800:
        t = datetime(1980, 1, 1)
    elif mtime >= 4354819200:
        t = datetime(2107, 12, 31, 23, 59, 59)
    else:
        t = datetime(1970, 1, 1) + timedelta(seconds=mtime)
    return (
        t.hour * 2048 + t.minute * 32 + t.second // 2,
        (t.year - 1980) * 512 + t.month * 32 + t.day,
    )


def by_the_book(files: Sequence[File]) -> bytes:
    """The archive as the tables of the format have it, for fewer than 4 GiB."""
    body = central = b""
    for file in files:
        name, content, offset = file.path.encode(), file.content, len(body)
        size, crc = len(content), zlib.crc32(content)
        data, after, in_local = content, b"", (crc, size, size)
        flags, method = 0x0800, 0
        if content and file.kind is not LINK:
            flags, method, data = 0x0808, 8, b""
            for start in range(0, size, 65535):
                block = content[start : start + 65535]
                last = start + 65535 >= size
                data += struct.pack("<BHH", last, len(block), 65535 - len(block)) + block
            after = struct.pack("<IIII", 0x08074B50, crc, len(data), size)
            in_local = (0, 0, 0)
        extra = b""
        if file.mtime is not None and 0 <= file.mtime < 2**31:
            extra = struct.pack("<HHBI", 0x5455, 5, 1, file.mtime)
        common = (20, flags, method, *dos_time(file.mtime))
        lengths = (len(name), len(extra))
        body += struct.pack("<IHHHHHIIIHH", 0x04034B50, *common, *in_local, *lengths)
        body += name + extra + data + after
        central += struct.pack(
            "<IHHHHHHIIIHHHHHII", 0x02014B50, 0x033F, *common, crc, len(data), size,
            *lengths, 0, 0, 0, ATTRIBUTES[file.kind], offset,
        )  # fmt: skip
        central += name + extra
    count = len(files)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(central), len(body), 0)
    return body + central + end


# Times in the time extra and outside it, in the DOS range and outside it
TIMES = st.one_of(
    st.sampled_from([-1, 0, 315532799, 315532801, 2**31 - 1, 2**31, 4354819199, 4354819200]),
    st.none(),
    st.integers(-(2**33), 2**33),
)
PARTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0")
    | st.sampled_from("a\uffff\U00010000"),  # their UTF-16 has another order
    min_size=1,
    max_size=6,
).filter(lambda part: part not in (".", ".."))
SIZES = st.sampled_from([0, 1, 65534, 65535, 65536, 131070, 131071]) | st.integers(0, 200)
CONTENTS = st.builds(
    lambda seed, size: hashlib.shake_128(seed).digest(size), st.binary(max_size=1), SIZES
)
CHUNKS = st.lists(st.sampled_from([0, 1, 7, 65534, 65535, 65536]) | st.integers(0, 70000))
FILES = st.builds(
    File,
    st.lists(PARTS, min_size=1, max_size=3).map("/".join),
    CONTENTS,
    TIMES,
    st.sampled_from(list(Kind)),
    CHUNKS.map(tuple),
)
SORTED_FILES = st.lists(FILES, max_size=8, unique_by=lambda file: file.path).map(
    lambda files: sorted(files, key=lambda file: file.path.encode())
)


@settings(max_examples=100, deadline=None)
@given(SORTED_FILES)
def test_every_archive_is_as_the_format_says(files: list[File]) -> None:
    archive = written(files)
    assert archive == by_the_book(files)
    layout = Layout()
    for file in files:
        name = file.path.encode()
        offset = layout.add(file.member)
        assert archive[offset : offset + 4] == b"PK\3\4"
        assert archive[offset + 30 : offset + 30 + len(name)] == name
    assert archive[layout.central_offset :][:4] in (b"PK\1\2", b"PK\5\6")
    assert layout.total == len(archive)


@settings(max_examples=50, deadline=None)
@given(SORTED_FILES)
def test_pythons_zipfile_reads_what_was_written(files: list[File]) -> None:
    with zipfile.ZipFile(io.BytesIO(written(files))) as archive:
        infos = archive.infolist()
        assert [info.filename for info in infos] == [file.path for file in files]
        for info, file in zip(infos, files, strict=True):
            assert archive.read(info) == file.content
            assert info.external_attr == ATTRIBUTES[file.kind]
            assert info.create_system == 3
            assert info.file_size == len(file.content)


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
    for kind in Kind:
        writer = ZipWriter(io.BytesIO())
        add(writer, File(first, b"1"))
        with pytest.raises(ArchiveError, match="out of order or a duplicate"):
            add(writer, File(second, b"2", None, kind))


@pytest.fixture
def buffer() -> io.BytesIO:
    return io.BytesIO()


BEFORE = File("a", b"before", 1)
MEMBER = File("b", b"x" * 70000)
AFTER = File("c", b"after", 2)


def test_a_member_begun_and_not_ended_leaves_no_trace(buffer: io.BytesIO) -> None:
    writer = ZipWriter(buffer)
    add(writer, BEFORE)
    writer.begin(MEMBER.member).write(MEMBER.content[:66000])
    add(writer, AFTER)
    writer.begin(File("d", b"12").member).write(b"1")
    length = writer.finish()
    assert buffer.getvalue() == by_the_book([BEFORE, AFTER])
    assert length == len(buffer.getvalue())


@pytest.mark.parametrize("file", [File("b", b"another"), File("b", b"target", None, LINK)])
def test_a_member_not_ended_can_be_replaced(file: File, buffer: io.BytesIO) -> None:
    writer = ZipWriter(buffer)
    writer.begin(MEMBER.member).write(b"y" * 69000)
    add(writer, file)
    writer.finish()
    assert buffer.getvalue() == by_the_book([file])


@pytest.mark.parametrize("wrong", [0, 1, 65535, 65536, 70000])
def test_a_restart_forgets_what_was_written(wrong: int, buffer: io.BytesIO) -> None:
    writer = ZipWriter(buffer)
    add(writer, BEFORE)
    sink = writer.begin(MEMBER.member)
    sink.write(b"y" * wrong)
    assert sink.position() == wrong
    sink.restart()
    assert sink.position() == 0
    sink.write(MEMBER.content)
    writer.end(sink)
    writer.finish()
    assert buffer.getvalue() == by_the_book([BEFORE, MEMBER])


@pytest.mark.parametrize("size", [0, 1, 65535, 69999])
def test_too_little_content_is_refused(size: int, buffer: io.BytesIO) -> None:
    writer = ZipWriter(buffer)
    add(writer, BEFORE)
    sink = writer.begin(MEMBER.member)
    sink.write(MEMBER.content[:size])
    with pytest.raises(ArchiveError, match=f"b: expected 70000 bytes, got {size}"):
        writer.end(sink)
    writer.finish()
    assert buffer.getvalue() == by_the_book([BEFORE])


@pytest.mark.parametrize("announced", [0, 1, 65535, 69999])
def test_too_much_content_is_refused_before_it_is_written(
    announced: int, buffer: io.BytesIO
) -> None:
    writer = ZipWriter(buffer)
    sink = writer.begin(Member(b"b", announced))
    sink.write(MEMBER.content[:announced])
    before = buffer.getvalue()
    with pytest.raises(ArchiveError, match=f"more than the {announced} bytes expected"):
        sink.write(b"x")
    assert buffer.getvalue() == before


@pytest.mark.parametrize("target", [b"", b"shor", b"longer"])
def test_a_link_of_another_size_is_refused(target: bytes, buffer: io.BytesIO) -> None:
    writer = ZipWriter(buffer)
    with pytest.raises(ArchiveError, match=f"expected 5 bytes, got {len(target)}"):
        writer.add_symlink(Member(b"b", 5, None, LINK), target)
    writer.finish()
    assert buffer.getvalue() == by_the_book([])


def test_a_link_has_no_content_to_stream(buffer: io.BytesIO) -> None:
    writer = ZipWriter(buffer)
    with pytest.raises(ArchiveError, match="a symlink has no content to stream"):
        writer.begin(Member(b"b", 5, None, LINK))
    writer.finish()
    assert buffer.getvalue() == by_the_book([])


def test_many_members_have_a_zip64_end(buffer: io.BytesIO) -> None:
    writer = ZipWriter(buffer)
    for number in range(65536):
        writer.end(writer.begin(Member(b"%05d" % number, 0)))
    writer.finish()
    assert buffer.getvalue()[-98:-94] == b"PK\6\6"
    with zipfile.ZipFile(buffer) as archive:
        assert len(archive.namelist()) == 65536
