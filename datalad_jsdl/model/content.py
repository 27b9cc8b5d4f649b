"""What goes into a fetch and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datalad_jsdl.model.entry import Pieces

__all__ = [
    "ByteProgress",
    "Expected",
    "Fetched",
    "Sink",
    "Store",
    "Version",
]


class ByteProgress(Protocol):
    """Told the number of bytes of the content that are there, now and then."""

    def __call__(self, position: int, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of content beforehand.

    Attributes:
        size: bytes, or None.
        algorithm: a name of `digests.ALGORITHMS`, or None.
        hexdigest: lower-case hex; "" without an algorithm.
        names: of the files that have it; what they end in tells what it is.
        pieces: digests of its parts, or None.
        document: it is to be read, not kept: content codings of its answer are undone then.
    """

    size: int | None = None
    algorithm: str | None = None
    hexdigest: str = ""
    names: tuple[str, ...] = ()
    pieces: Pieces | None = None
    document: bool = False

    @property
    def verifiable(self) -> bool:
        """Whether content can be told right from wrong, so that mirrors may be mixed."""
        return bool(self.algorithm or self.pieces)


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of a content a URL gave (RFC 9110, section 8.8).

    Attributes:
        url: the candidate.
        etag: its strong entity tag, or "".
        modified: its Last-Modified, as it was sent, if that is old enough to be relied on; or "".
    """

    url: str = field(repr=False)
    etag: str = ""
    modified: str = ""

    def is_same(self, other: Version) -> bool:
        """Whether another one is of the same bytes, as far as the server tells."""
        if self.url != other.url:
            return False
        return self.etag == other.etag if self.etag else self.modified == other.modified


@dataclass(frozen=True, slots=True)
class Fetched:
    """Content that is complete and verified by all that is known of it.

    Attributes:
        size: bytes.
        sha256: hex digest if `Expected` named no algorithm, else "".
        urls: of a part of a content, which is not verified: those that gave it, the one
            that gave most first.
        codings: of a document, those by which it came compressed, in the order in which they
            were applied.
        content_type: of a document, as its server says.
        final: URL that the content's first bytes are from, after all redirects, or "".
        version: that all bytes are of, where nothing but their size could tell them from those
            of another one, and the server says which it is; else None.
    """

    size: int
    sha256: str = ""
    urls: tuple[str, ...] = field(default=(), repr=False)
    codings: tuple[str, ...] = ()
    content_type: str = ""
    final: str = field(default="", repr=False, compare=False)
    version: Version | None = field(default=None, compare=False)


class Sink(Protocol):
    """Where bytes go, in sequence."""

    def position(self) -> int:
        """Number of bytes it holds."""

    def write(self, chunk: bytes, /) -> None:
        """Append."""

    def restart(self) -> None:
        """Forget all bytes."""


class Store(Protocol):
    """Where bytes go, at any place.

    Attributes:
        in_order: it takes them in sequence only, and cannot be read.
    """

    in_order: bool

    def put(self, offset: int, chunk: bytes, source: str, /) -> None:
        """Keep bytes at an offset; *source* stands for the URL they are from."""

    def read(self, offset: int, length: int, /) -> bytes:
        """Bytes that were put there."""

    def keep(self, ranges: list[tuple[int, int, str]], /) -> None:
        """Forget all bytes but those of these ranges (start, end, source)."""

    def begin(self, source: str, etag: str, /) -> None:
        """All bytes are to be of one source in one version; a strong entity tag."""
