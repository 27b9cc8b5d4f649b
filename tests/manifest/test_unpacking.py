"""Documents that are gzip, other compressed ones, and bombs."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tracemalloc
import zlib
from contextlib import suppress
from itertools import islice

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.manifest.unpacking import unpacked
from datalad_jsdl.model.entry import Entry

URL = "https://h.example/a"
LINES = f'{{"path": "a", "url": "{URL}"}}\n{{"path": "b", "url": "{URL}"}}\n'.encode()


class Trickle(io.BytesIO):
    """Gives few bytes at a time."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(3, size) if size else 0)


def paths(data: bytes) -> list[str | None]:
    return [item.path for item in read_manifest(io.BytesIO(data))]


def error_of(data: bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        paths(data)
    return str(caught.value)


# without the time of day, which would be in the names of tests
PACKED = gzip.compress(LINES, mtime=0)
HALVES = b"".join(gzip.compress(part, mtime=0) for part in (LINES[:20], b"", LINES[20:]))


@pytest.mark.parametrize("data", [PACKED, HALVES, HALVES + bytes(600_000), PACKED + b"\0"])
def test_gzip_is_unpacked(data: bytes) -> None:
    assert paths(data) == ["a", "b"]
    assert b"".join(unpacked(Trickle(data[:1000]))) == LINES


def test_gzip_that_breaks_off_or_is_damaged() -> None:
    for end in range(2, len(PACKED)):
        assert (
            error_of(PACKED[:end])
            == "the gzip data of the manifest is incomplete; download it again"
        )
    assert "is incomplete" in error_of(PACKED + PACKED[:-1])
    assert "gzip data of the manifest is damaged" in error_of(
        PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:]
    )  # the CRC
    assert "gzip data of the manifest is damaged" in error_of(PACKED + b"garbage")
    assert "not UTF-8 text: invalid start byte at byte 1" in error_of(gzip.compress(b"{\xff}"))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (bz2.compress(LINES), "bzip2"),
        (lzma.compress(LINES), "xz"),
        (b"\x28\xb5\x2f\xfd" + bytes(9), "zstd"),
        (b"PK\x03\x04" + bytes(30), "zip"),
    ],
)
def test_other_compression_is_told(data: bytes, kind: str) -> None:
    assert (
        error_of(data)
        == f"the manifest is compressed ({kind}), but only gzip is supported; unpack it"
    )


class Bomb:
    """As long as anybody asks, a thousand times as much when it is unpacked."""

    def __init__(self, start: bytes, block: bytes) -> None:
        packer = zlib.compressobj(9, wbits=31)
        self._pending = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
        self._again = packer.compress(block * 100) + packer.flush(zlib.Z_FULL_FLUSH)

    def read(self, size: int, /) -> bytes:
        while len(self._pending) < size:
            self._pending += self._again
        data, self._pending = self._pending[:size], self._pending[size:]
        return data


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "why"),
    [
        (b'{"a": "', "unterminated"),
        (b'[{"url": "', r"unknown manifest format|longer than"),
        (b"https://h.example/", r"unknown manifest format|longer than \d+ characters"),
    ],
)
def test_a_bomb_is_refused_before_it_fills_the_memory(start: bytes, why: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ManifestError, match=why):
            list(read_manifest(Bomb(start, b"x" * (1 << 20))))
        assert tracemalloc.get_traced_memory()[1] < 1 << 29
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_a_bomb_of_entries_is_a_stream() -> None:
    tracemalloc.start()
    try:
        items = islice(read_manifest(Bomb(LINES, LINES)), 50_000)
        assert all(isinstance(item, Entry) for item in items)
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
    finally:
        tracemalloc.stop()


@settings(max_examples=150)
@given(
    st.binary(max_size=200) | st.sampled_from([LINES, b"", b"\xff\xfe{\0", b"<!--", b"\x1f\x8b"]),
    st.sampled_from(["plain", "gzip", "cut"]),
    st.integers(0),
)
@example(b"", "gzip", 0)
def test_any_bytes_give_entries_or_a_manifest_error(data: bytes, how: str, cut: int) -> None:
    if how != "plain":
        data = gzip.compress(data, mtime=0)
    if how == "cut":
        data = data[: cut % len(data)]
    with suppress(ManifestError):
        assert all(item.where for item in read_manifest(Trickle(data), URL))
