"""Archives of members whose content the tests know."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from datalad_jsdl.archive.readers import ChunkReader, Reader
from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.archive.zip.members import Kind, Member, member_name
from datalad_jsdl.archive.zip.ranges import Ranges
from datalad_jsdl.archive.zip.writer import CanonicalWriter
from tests.archive.plain import Plain, plain_zip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def member_of(plain: Plain) -> Member:
    return Member(member_name(plain.path), plain.size, plain.mtime, Kind(plain.mode))


def by_the_book(files: Sequence[Plain]) -> bytes:
    return b"".join(plain_zip(files))


class MemorySource:
    """The content of members, in portions of some bytes; knows what was read of it.

    Attributes:
        opened: index, start and stop of all that was asked for.
    """

    def __init__(self, files: Sequence[Plain], portion: int = 1 << 20) -> None:
        self.opened: list[tuple[int, int, int]] = []
        self._files = files
        self._portion = portion

    def open(self, index: int, start: int, stop: int) -> Reader:
        self.opened.append((index, start, stop))
        content = b"".join(self._files[index].content())[start:stop]
        chunks = (content[i : i + self._portion] for i in range(0, len(content), self._portion))
        return ChunkReader(chunks, None if start else 0)


def archive_of(files: Sequence[Plain], portion: int = 1 << 20) -> Ranges:
    return Ranges(Layout(map(member_of, files)), MemorySource(files, portion))


def joined(archive: Ranges, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join(map(bytes, archive.range(start, stop)))


class MemoryOutput:
    """An output in memory."""

    spool: Path | None = None
    advice = ""

    def __init__(self) -> None:
        self.file = io.BytesIO()
        self._mark = 0

    @property
    def position(self) -> int:
        return self.file.tell()

    def write(self, chunk: bytes | memoryview) -> int:
        return self.file.write(chunk)

    def mark(self) -> None:
        self._mark = self.position

    def back(self) -> bool:
        self.file.seek(self._mark)
        self.file.truncate()
        return True


def written(files: Sequence[Plain]) -> bytes:
    """The archive, member by member."""
    output = MemoryOutput()
    writer = CanonicalWriter(output)
    for file in files:
        writer.add(member_of(file), ChunkReader(file.content()))
    writer.finish()
    return output.file.getvalue()


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
PATTERNS = st.binary(max_size=1).map(lambda seed: hashlib.shake_128(seed).digest(997))
FILES = st.builds(
    Plain,
    st.lists(PARTS, min_size=1, max_size=3).map("/".join),
    PATTERNS,
    SIZES,
    TIMES,
    st.sampled_from([kind.value for kind in Kind]),
)
SORTED_FILES = st.lists(FILES, max_size=8, unique_by=lambda file: file.path).map(
    lambda files: sorted(files, key=lambda file: file.path.encode())
)
