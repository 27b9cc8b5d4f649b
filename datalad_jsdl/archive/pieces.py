"""Contents verified piece by piece: so bytes can be trusted before the rest was seen."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from datalad_jsdl.archive.remote import Memory
from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.file.download import fetch
from datalad_jsdl.model.digests import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import Fetched, Version
    from datalad_jsdl.model.entry import Pieces

__all__ = ["AT_ONCE", "Verified", "fetch_verified", "grid", "takes_whole"]

AT_ONCE = 1 << 20  # bytes; as much of a content is verified before any of it is used
_LARGEST = 32 << 20  # bytes; larger pieces are not held in memory


class Verified(Enum):
    """By what the bytes of a range are told right from wrong, the strongest first."""

    DIGEST = "the content's digest"
    PIECES = "digests of the content's pieces"
    SIZE_AND_VERSION = "the content's size; all is of one version, as its mirror names it"
    SIZE_ONLY = "the content's size"

    @classmethod
    def of(
        cls, content: Content, start: int, stop: int, version: Version | None = None
    ) -> Verified:
        """Of bytes *start* to *stop* of a content of known size; nothing needs to be read.

        Args:
            content: which one.
            start: first byte.
            stop: after the last.
            version: of a content without a digest, the one that its bytes are of, if it is known.
        """
        size = content.size or 0
        whole = (start, stop) == (0, size) or size <= AT_ONCE or content.inline is not None
        if start >= stop or (content.has_digest and whole):
            return cls.DIGEST
        if grid(content, AT_ONCE):
            return cls.PIECES
        return cls.SIZE_AND_VERSION if version else cls.SIZE_ONLY

    @classmethod
    def weakest(cls, found: Iterator[Verified]) -> Verified:
        """Of several; DIGEST of none."""
        order = list(cls)
        return max(found, key=order.index, default=cls.DIGEST)


def takes_whole(size: int, start: int, stop: int, piece: int) -> bool:
    """Whether bytes of a content are had by one fetch of it all, which is verified."""
    return size <= AT_ONCE or ((start, stop) == (0, size) and size <= piece)


def grid(content: Content, length: int) -> int | None:
    """Bytes of whole pieces to read at a time, about *length*; None where no piece is known."""
    pieces = content.expected.pieces
    if content.blob or pieces is None or pieces.length > _LARGEST:
        return None
    return max(1, length // pieces.length) * pieces.length


def _wrong(pieces: Pieces, start: int, chunk: memoryview) -> str | None:
    """What is wrong with whole pieces that begin at byte *start*, or None."""
    for offset in range(0, len(chunk), pieces.length):
        number = (start + offset) // pieces.length
        digest = ALGORITHMS[pieces.algorithm].new()
        digest.update(chunk[offset : offset + pieces.length])
        known = number < len(pieces.hexdigests)
        if not known or digest.hexdigest() != pieces.hexdigests[number]:
            return (
                f"wrong content: the {pieces.algorithm} of bytes {start + offset} to "
                f"{start + len(chunk)} does not match"
            )
    return None


def fetch_verified(
    content: Content, engine: Engine, operation: Operation, start: int, stop: int
) -> tuple[Fetched | Failed, bytearray]:
    """Whole pieces from the mirrors; whoever gives a wrong one is not asked again.

    Of a content of unknown size, all of it, or TooLargeError.
    """
    urls, faults = list(content.urls), list[Fault]()
    expected = content.expected
    window = None if content.size is None else (start, stop)
    while urls:
        memory = Memory(stop - start)
        # without a window nobody tells who gave the bytes: one at a time
        asked = urls if window else urls[:1]
        outcome = fetch(engine, asked, expected, memory, window=window, operation=operation)
        if isinstance(outcome, Failed):
            faults += outcome.faults
            urls = urls[len(asked) :]
            continue
        chunk = memory.take()
        problem = _wrong(expected.pieces, start, memoryview(chunk)) if expected.pieces else None
        if not problem and not window and expected.pieces:
            problem = _wrong_length(expected.pieces, len(chunk))
        if not problem:
            return outcome, chunk
        guilty = outcome.urls[0] if outcome.urls else urls[0]
        wrong = Fault(FaultKind.CONTENT, guilty, detail=problem)
        faults.append(wrong)
        if expected.hexdigest and len(outcome.urls) == 1:
            engine.origins.quarantine.add(wrong, expected.hexdigest)
        urls.remove(guilty)
    return Failed(tuple(faults)), bytearray()


def _wrong_length(pieces: Pieces, size: int) -> str | None:
    """What is wrong with a whole content that has right pieces, or None."""
    count = -(-size // pieces.length)
    if count == len(pieces.hexdigests):
        return None
    return f"wrong content: expected {len(pieces.hexdigests)} pieces, got {count}"
