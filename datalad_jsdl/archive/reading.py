"""Readers of contents that are here, and of those that have to come from the mirrors."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import BytesReader, ChunkReader, FileReader, unreadable
from datalad_jsdl.archive.remote import Memory, Stream
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.fetch.file.verification import Verifier
from datalad_jsdl.fetch.phrases import failure
from datalad_jsdl.model.content import Failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalad_jsdl.archive.readers import Begun, Reader
    from datalad_jsdl.operations.contents import Content

__all__ = ["BlobCheck", "ContentSource", "continue_here", "open_here", "open_mirrors"]

_AT_ONCE = 1 << 20  # bytes; as much of a content is verified before any of it is used


class ContentSource:
    """The contents of an archive's members as a `stream.Source`; for threads.

    Args:
        contents: by index of the member; all of known size.
    """

    def __init__(self, contents: Sequence[Content]) -> None:
        self._contents = contents

    def open(self, index: int, start: int, stop: int) -> Reader:
        """See `stream.Source`."""
        content = self._contents[index]
        if not content.is_remote:
            try:
                return open_here(content, start, stop)
            except ArchiveError:
                if not content.urls:
                    raise
        return open_mirrors(content, start, stop)


def open_here(content: Content, start: int = 0, stop: int | None = None) -> Reader:
    """A reader of the bytes *start* to *stop* of a content that is here.

    Raises:
        ArchiveError: it is not what its key says, as far as that shows from the beginning.
    """
    size = content.size or 0
    stop = size if stop is None else stop
    if content.blob:
        return _open_blob(content, start, stop)
    expected = content.expected
    check = Verifier(expected) if stop - start == size and expected.algorithm else None
    if check is None or size > _AT_ONCE:
        return FileReader(str(content.local), size, start, check)
    found = _read(str(content.local), size)
    check.update(found)
    if problem := check.mismatch():
        raise ArchiveError(problem)
    return BytesReader(found)


def _open_blob(content: Content, start: int, stop: int) -> Reader:
    check = BlobCheck(content.blob, content.size or 0)
    if (content.size or 0) <= _AT_ONCE:
        found = content.home.blob(content.blob)
        check.update(found)
        if problem := check.mismatch():
            raise ArchiveError(problem)
        return BytesReader(found[start:stop])
    chunks = content.home.blob_chunks(content.blob)
    if start:
        return ChunkReader(_from(chunks, start), None)
    return ChunkReader(chunks, check=check)


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
        return f"git gives something else for its object {self._oid}"


def continue_here(content: Content, begun: Begun) -> Reader:
    """A reader of the rest of an annexed content that is here.

    Raises:
        ArchiveError: it cannot be opened, or has another size.
    """
    reader = FileReader(str(content.local), content.size or 0, begun.position, begun.check)
    reader.crc = begun.crc
    return reader


def _read(path: str, size: int) -> bytes:
    """The content of a small file, with one byte more if there is more."""
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            return os.read(file, size + 1)
        finally:
            os.close(file)
    except OSError as error:
        raise unreadable(error) from None


def open_mirrors(content: Content, start: int, stop: int) -> Reader:
    """A reader of the bytes *start* to *stop* of a content, from its URLs.

    Raises:
        FetchError: they cannot be had, as far as that shows from the beginning.
    """
    expected, engine = content.expected, content.home.engine
    window = None if (start, stop) == (0, expected.size) else (start, stop)
    if stop - start > _AT_ONCE:
        return Stream(
            lambda sink: engine.fetch(content.urls, expected, sink, window=window),
            crc=None if start else 0,
        )
    memory = Memory(stop - start)
    outcome = engine.fetch(content.urls, expected, memory, window=window)
    if isinstance(outcome, Failed):
        raise failure(outcome)
    return ChunkReader([memory.take()], None if start else 0)


def _from(chunks: Iterable[bytes], start: int) -> Iterator[bytes]:
    """Chunks without their first *start* bytes."""
    for chunk in chunks:
        if start < len(chunk):
            yield chunk[start:]
        start = max(start - len(chunk), 0)
