"""Contents verified piece by piece: so bytes can be trusted before the rest was seen."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.model.digests import ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import Fetched, Version
    from datalad_jsdl.model.entry import Pieces

__all__ = ["AT_ONCE", "Kept", "Verified", "fetch_verified", "grid", "takes_whole"]

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


def _wrong(pieces: Pieces, start: int, chunks: Iterable[bytes | memoryview]) -> str | None:
    """What is wrong with whole pieces that begin at byte *start*, or None."""
    place, left = start, pieces.length
    digest = ALGORITHMS[pieces.algorithm].new()
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            part = view[:left]
            digest.update(part)
            view, left = view[len(part) :], left - len(part)
            if not left:
                if problem := _wrong_piece(pieces, place, digest.hexdigest()):
                    return problem
                place, left = place + pieces.length, pieces.length
                digest = ALGORITHMS[pieces.algorithm].new()
    return _wrong_piece(pieces, place, digest.hexdigest()) if left < pieces.length else None


def _wrong_piece(pieces: Pieces, start: int, hexdigest: str) -> str | None:
    number = start // pieces.length
    if number < len(pieces.hexdigests) and hexdigest == pieces.hexdigests[number]:
        return None
    return f"wrong content: the {pieces.algorithm} of the piece at byte {start} does not match"


class Kept(Protocol):
    """A sink whose bytes can be read."""

    def __len__(self) -> int: ...

    def position(self) -> int:
        """See `model.content.Sink`."""

    def write(self, chunk: bytes, /) -> None:
        """See `model.content.Sink`."""

    def restart(self) -> None:
        """See `model.content.Sink`."""

    def chunks(self) -> Iterator[bytes | memoryview]:
        """All bytes."""


def fetch_verified(
    content: Content, engine: Engine, operation: Operation, start: int, stop: int, kept: Kept
) -> Fetched | Failed:
    """Whole pieces from the mirrors; whoever gives a wrong one is not asked again.

    Of a content of unknown size, all of it, or TooLargeError.

    Args:
        content: which one.
        engine: that asks its mirrors.
        operation: that it is a part of.
        start: first byte.
        stop: after the last.
        kept: where the bytes go; in the end none if no mirror has them.
    """
    from datalad_jsdl.fetch.file.download import fetch  # what is here needs no HTTP

    urls, faults = list(content.urls), list[Fault]()
    expected = content.expected
    window = None if content.size is None else (start, stop)
    while urls:
        kept.restart()
        # without a window nobody tells who gave the bytes: one at a time
        asked = urls if window else urls[:1]
        outcome = fetch(engine, asked, expected, kept, window=window, operation=operation)
        if isinstance(outcome, Failed):
            faults += outcome.faults
            urls = urls[len(asked) :]
            continue
        problem = _wrong(expected.pieces, start, kept.chunks()) if expected.pieces else None
        if not problem and not window and expected.pieces:
            problem = _wrong_length(expected.pieces, len(kept))
        if not problem:
            return outcome
        guilty = outcome.urls[0] if outcome.urls else urls[0]
        wrong = Fault(FaultKind.CONTENT, guilty, detail=problem)
        faults.append(wrong)
        if expected.hexdigest and len(outcome.urls) == 1:
            engine.origins.quarantine.add(wrong, expected.hexdigest)
        urls.remove(guilty)
    kept.restart()
    return Failed(tuple(faults))


def _wrong_length(pieces: Pieces, size: int) -> str | None:
    """What is wrong with a whole content that has right pieces, or None."""
    count = -(-size // pieces.length)
    if count == len(pieces.hexdigests):
        return None
    return f"wrong content: expected {len(pieces.hexdigests)} pieces, got {count}"
