"""One request to the mirrors of a content: into memory, or to be read while it comes.

Of a content without a digest all of it is of one version, whatever range is asked for
(`versions`): else two ranges may be of two files.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalad_jsdl.archive.pieces import fetch_verified, grid
from datalad_jsdl.archive.remote import Memory
from datalad_jsdl.archive.spill import Held
from datalad_jsdl.archive.stream import Stream
from datalad_jsdl.fetch.file.verification import Verifier
from datalad_jsdl.model.content import Fetched

if TYPE_CHECKING:
    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.shelf import Outcome
    from datalad_jsdl.archive.stream import Flow, Given
    from datalad_jsdl.archive.versions import Versions
    from datalad_jsdl.faults import Failed
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import Expected, Version

__all__ = ["ContentFetch"]


@dataclass(frozen=True, slots=True)
class ContentFetch:
    """The mirrors of one content.

    Attributes:
        number: of the content.
        content: which one.
        engine: to ask them with.
        operation: that it is a part of.
        piece: bytes that are held in memory.
        versions: which version is to be fetched; None for any.
    """

    number: int
    content: Content
    engine: Engine
    operation: Operation
    piece: int
    versions: Versions | None

    def stream(self, size: int, start: int, stop: int, crc: int | None) -> Stream:
        """Bytes while they come.

        Args:
            size: of the content in bytes.
            start: first byte.
            stop: after the last.
            crc: CRC-32 of what is before the first byte; see `Reader`.

        Raises:
            FetchError: no mirror has it, or not in the version that was read before.
        """
        versions = self._required()
        if versions is None:
            return self._stream(size, start, stop, crc, None)
        found = self._stream(size, start, stop, crc, versions.of(self.number))
        if versions.settle(self.number, found.settle()):
            return found
        found.close()  # another range was begun meanwhile, of another version
        return self._stream(size, start, stop, crc, versions.of(self.number))

    def _stream(
        self, size: int, start: int, stop: int, crc: int | None, version: Version | None
    ) -> Stream:
        expected = replace(self.content.expected, size=size)
        whole = expected.algorithm and (start, stop) == (0, size)
        check = Verifier(expected) if whole else None
        parts = _Parts(self, expected, version)
        return Stream(parts, start, stop, crc, check, room=self.piece)

    def into_memory(self, first: int, last: int) -> tuple[Fetched | Failed, bytearray]:
        """Bytes from the first to the last (exclusive), verified as far as can be.

        Of a content of unknown size, all of it.

        Raises:
            TooLargeError: it has more than *last* bytes.
        """
        content = self.content
        whole = content.size is None or last - first == content.size
        if grid(content, self.piece) and not (whole and content.expected.algorithm):
            memory = Memory(last - first)
            outcome = fetch_verified(content, self.engine, self.operation, first, last, memory)
            return outcome, memory.take()
        window = None if whole else (first, last)
        versions = self._required()
        if versions is None:
            return self._into_memory(last - first, window, None)
        found = self._into_memory(last - first, window, versions.of(self.number))
        if not isinstance(found[0], Fetched) or versions.settle(self.number, found[0].version):
            return found
        return self._into_memory(last - first, window, versions.of(self.number))

    def into_file(self, first: int, last: int) -> Outcome:
        """As `into_memory`, of pieces that are known; in a file, if there can be one."""
        with suppress(OSError):
            held = Held(last - first)
            content = self.content
            return fetch_verified(content, self.engine, self.operation, first, last, held), held
        return self.into_memory(first, last)

    def _into_memory(
        self, room: int, window: tuple[int, int] | None, version: Version | None
    ) -> tuple[Fetched | Failed, bytearray]:
        from datalad_jsdl.fetch.file.download import fetch  # what is here needs no HTTP

        memory, content = Memory(room), self.content
        outcome = fetch(
            self.engine,
            content.urls,
            content.expected,
            memory,
            window=window,
            version=version,
            operation=self.operation,
        )
        return outcome, memory.take()

    def _required(self) -> Versions | None:
        """Where versions are kept, if a digest does not tell all that they could."""
        return None if self.content.expected.verifiable else self.versions


@dataclass(frozen=True, slots=True)
class _Parts:
    """The mirrors of a content that is read as a stream; see `stream.StreamFetch`.

    Attributes:
        source: of the content.
        expected: what is known of it, with its size.
        version: that is to be fetched; None for any.
    """

    source: ContentFetch
    expected: Expected
    version: Version | None

    def part(self, sink: Flow, start: int, stop: int, given: Given | None) -> Fetched | Failed:
        """See `stream.StreamFetch`."""
        from datalad_jsdl.fetch.file.download import fetch  # likewise

        source = self.source
        return fetch(
            source.engine,
            source.content.urls,
            self.expected,
            sink,
            window=None if (start, stop) == (0, self.expected.size) else (start, stop),
            version=(given and given.version) or self.version,
            begun=sink.begun,
            operation=source.operation,
        )

    def resumes(self, given: Given) -> bool:
        """See `stream.StreamFetch`."""
        if not self.expected.verifiable and not given.version:
            return False  # the rest may be of another version
        return self.source.engine.origins.of(given.url).score.ranges is True
