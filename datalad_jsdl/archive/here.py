"""Readers of contents that are here: in a file, as an object of git, or in the value itself."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.archive.pieced_file import PiecedFileReader
from datalad_jsdl.archive.pieces import AT_ONCE
from datalad_jsdl.archive.readers import BytesReader, ChunkReader, FileReader, Reader, unreadable
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.file.verification import Verifier
from datalad_jsdl.fetch.phrases import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.readers import Begun

__all__ = ["BlobCheck", "open_here", "with_size"]

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)


def with_size(content: Content) -> Content:
    """A content that is here, with the size that its file has if none is known.

    Raises:
        ArchiveError: it is not there, or is an object of git.
    """
    if content.size is not None:
        return content
    if content.blob:
        raise ArchiveError("the size of the git object is unknown")
    try:
        size = os.stat(content.local or "").st_size
    except OSError as error:
        raise unreadable(error) from None
    return replace(content, size=size)


def open_here(
    content: Content, sources: Sources, start: int, stop: int, begun: Begun | None = None
) -> Reader:
    """A reader of the bytes *start* to *stop* of a content that is here.

    Raises:
        ArchiveError: it is not what its digest says, as far as that shows from the beginning.
    """
    size, path, expected = content.size or 0, content.local or "", content.expected
    if content.inline is not None:
        return _part_of(content.inline, start, stop)
    if content.blob:
        return _open_blob(content, sources, start, stop)
    if begun:
        reader = FileReader(path, size, start, begun.check)
        reader.crc = begun.crc
        return reader
    if expected.size is None:
        expected = replace(expected, size=size)
    check = Verifier(expected) if expected.algorithm else None
    if check is not None and size <= AT_ONCE:
        found = _read(path, size)
        if len(found) > size:
            raise ArchiveError(_other_size(path, size))
        return _in_memory(found, check, start, stop)
    whole = check if (start, stop) == (0, size) else None
    if expected.pieces:
        # those that were found out together with the digest tell as much as that does
        whole = None if content.is_prepared else whole
        return PiecedFileReader(path, size, start, stop, expected.pieces, whole)
    return FileReader(path, size, start, whole)


def _open_blob(content: Content, sources: Sources, start: int, stop: int) -> Reader:
    check = BlobCheck(content.blob, content.size or 0)
    if (content.size or 0) <= AT_ONCE:
        return _in_memory(sources.blob(content), check, start, stop)
    chunks = sources.blob_chunks(content)
    if (start, stop) == (0, content.size):
        return ChunkReader(chunks, check=check)
    return ChunkReader(_from(chunks, start), None if start else 0)


def _in_memory(found: bytes, check: Verifier | BlobCheck, start: int, stop: int) -> Reader:
    """Of a content that is in memory as a whole."""
    check.update(found)
    if problem := check.mismatch():
        raise ArchiveError(problem)
    return _part_of(found, start, stop)


def _part_of(content: bytes, start: int, stop: int) -> Reader:
    reader = BytesReader(content[start:stop])
    if start:
        reader.crc = None
    return reader


class BlobCheck:
    """Whether content is that of a git object: its name is a digest of it (gitformat-pack).

    Args:
        oid: the object's name in hex.
        size: of its content in bytes.
    """

    def __init__(self, oid: str, size: int) -> None:
        name = "sha1" if len(oid) == 40 else "sha256"
        self._hash = hashlib.new(name, b"blob %d\0" % size, usedforsecurity=False)
        self._oid = oid

    def update(self, chunk: bytes | memoryview) -> None:
        """See `readers.Check`."""
        self._hash.update(chunk)

    def mismatch(self) -> str | None:
        """See `readers.Check`."""
        if self._hash.hexdigest() == self._oid:
            return None
        return f"git returned wrong content for its object {self._oid}"


def _read(path: str, size: int) -> bytes:
    """The content of a small file, with one byte more if there is more."""
    try:
        file = os.open(path, _FLAGS)
        try:
            return os.read(file, size + 1)
        finally:
            os.close(file)
    except OSError as error:
        raise unreadable(error) from None


def _other_size(path: str, size: int) -> str:
    with suppress(OSError):
        return phrase(Fault(FaultKind.CONTENT, expected=size, offered=os.stat(path).st_size))
    return phrase(Fault(FaultKind.CONTENT, expected=size, offered=size + 1))


def _from(chunks: Iterable[bytes], start: int) -> Iterator[bytes]:
    """Chunks without their first *start* bytes."""
    for chunk in chunks:
        if start < len(chunk):
            yield chunk[start:]
        start = max(start - len(chunk), 0)
