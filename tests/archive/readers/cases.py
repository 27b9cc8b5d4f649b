"""The archives that readers are given."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from datalad_jsdl.archive.readers import ChunkReader
from datalad_jsdl.archive.zip.writer import CanonicalWriter
from tests.archive.making import by_the_book, member_of
from tests.archive.plain import Plain
from tests.archive.readers.found import Found, sized

if TYPE_CHECKING:
    from pathlib import Path

_MTIME = 951827696
_PAGE = 4096  # bytes: a hole in a file is made of such
_ZEROS = bytes(_PAGE)
_GIB = 1 << 30


@dataclass(frozen=True)
class Case:
    """An archive.

    Attributes:
        title: what is in it.
        files: its members.
        large: they do not fit into the memory, and only their content is looked at.
    """

    title: str
    files: tuple[Plain, ...]
    large: bool = False

    @property
    def slow(self) -> bool:
        """It takes some readers more than a second or two."""
        return self.large or len(self.files) > 1000

    def write(self, path: Path) -> None:
        """Make the archive."""
        with path.open("wb") as file:
            output = _Output(file)
            writer = CanonicalWriter(output)
            for plain in sorted(self.files, key=lambda plain: plain.path.encode()):
                writer.add(member_of(plain), ChunkReader(plain.content()))
            writer.finish()
            file.truncate()

    def expected(self) -> dict[str, Found]:
        """All that can be known of the members; no time where the format has no exact one."""
        return {
            plain.path: Found(
                *sized(plain.content()),
                plain.mtime if 0 <= (-1 if plain.mtime is None else plain.mtime) < 2**31 else None,
                plain.mode,
            )
            for plain in self.files
        }


class _Output:
    """A file with holes where there are zeros."""

    folder: Path | None = None

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.position = 0

    def write(self, chunk: bytes | memoryview) -> None:
        """Append."""
        data, at = bytes(chunk), 0
        while at < len(data):
            page = data[at : at + _PAGE - self.position % _PAGE]
            if page == _ZEROS:
                self._file.seek(_PAGE, os.SEEK_CUR)
            else:
                self._file.write(page)
            at += len(page)
            self.position += len(page)

    def mark(self) -> None:
        """It is not gone back to."""

    def back(self) -> bool:
        """It is not possible."""
        return False


def _files(contents: dict[str, bytes], mode: int = 0o100644) -> tuple[Plain, ...]:
    return tuple(Plain(path, data, len(data), _MTIME, mode) for path, data in contents.items())


def _zeros(**sizes: int) -> tuple[Plain, ...]:
    """Members of zeros; but a member of one byte is another one."""
    return tuple(
        Plain(path, b"1" if size == 1 else b"\0", size, _MTIME) for path, size in sizes.items()
    )


_NOISE = hashlib.shake_128(b"").digest(131070)

CASES = {
    "everyday": Case(
        "names in Unicode, and names of 255 bytes; contents of 0 bytes, of 1 byte, and of sizes at "
        "the edges of blocks; a program; a link",
        _files(
            {
                "a/empty": b"",
                "a/one byte": b"1",
                "blocks/65535": _NOISE[:65535],
                "blocks/65536": _NOISE[:65536],
                "blocks/131070": _NOISE,
                "größe/脳.nii.gz": "Gehirn 🧠".encode(),
                "🧠": b"brain",
                f"{'d' * 255}/{'ö' * 127}n": b"long",
                "[a-z]*?": b"no pattern",
            }
        )
        + _files({"-run.sh": b"#!/bin/sh\n"}, 0o100755)
        + _files({"🧠🧠": b"blocks/65535"}, 0o120777),
    ),
    "decomposed": Case(
        "a name in decomposed Unicode",
        _files({"o\u0308": b"not the same name as \xc3\xb6"}),
    ),
    "times": Case(
        "times: unknown, before 1970 and 1980, after 2038 and 2107",
        tuple(
            Plain(name, b"?", 1, mtime)
            for name, mtime in {
                "unknown": None,
                "1901": -(2**31),
                "1969": -1,
                "1970": 0,
                "1979": 315532799,
                "1980": 315532800,
                "2038": 2**31 - 1,
                "2038 and a second": 2**31,
                "2107": 4354819199,
                "2108": 4354819200,
                "far": 2**40,
            }.items()
        ),
    ),
    "signatures": Case(
        "contents that look like records of a zip",
        _files(
            {
                "all": b"PK\3\4PK\7\10PK\1\2PK\5\6PK\6\6PK\6\7" * 5000,
                "descriptors": b"PK\7\10" * 40000,
                "local headers": b"PK\3\4" * 40000,
                "zips": by_the_book(_files({"in": b"side", "out": b"PK\7\10"})) * 500,
            }
        ),
    ),
    "nothing": Case("no member at all", ()),
    "many": Case(
        "65,535 members, so that it needs zip64 end records",
        tuple(Plain(f"{n // 1000}/{n}", b"1", int(n % 100 == 0), _MTIME) for n in range(65535)),
    ),
    "large": Case(
        "a member of 4 GiB + 1 byte, and one after it",
        _zeros(a=4 * _GIB + 1, b=1),
        large=True,
    ),
    "far": Case(
        "a member that begins beyond 4 GiB; no member is as large as 4 GiB",
        _zeros(a=2 * _GIB, b=2 * _GIB, c=1),
        large=True,
    ),
    "full-compressed": Case(
        "a member of 4,294,639,630 bytes, whose compressed size is 0xFFFFFFFF (with the block "
        "headers)",
        _zeros(a=4294639630, b=1),
        large=True,
    ),
    "full": Case(
        "a member of 4,294,967,295 bytes, whose uncompressed size is 0xFFFFFFFF",
        _zeros(a=4294967295, b=1),
        large=True,
    ),
}
