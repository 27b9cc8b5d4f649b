"""What goes into a fetch and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from datalad_jsdl.model.entry import Pieces

__all__ = [
    "MAY_WANT_LOGIN",
    "PAGE",
    "Expected",
    "Failed",
    "Fault",
    "Fetched",
    "Progress",
    "Sink",
    "Store",
]


#: What is said of a web page in the place of a file.
MAY_WANT_LOGIN = 'if it wants a login, see "The portal wants me to log in" in the documentation'

#: The fault that it is.
PAGE = f"it answers with a web page, not the file; {MAY_WANT_LOGIN}"

_MOST_SHOWN = 8


class Progress(Protocol):
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
class Fault:
    """Why one URL did not give the content.

    Attributes:
        url: as it is fetched; shown only through `__str__`.
        what: a phrase, free of secrets.
        lasting: there is no sense in asking again in this run.
        wait: seconds that the server asks to be left alone (Retry-After), or None.
        mirror: the whole mirror is to blame, not this URL alone.
        busy: the mirror asks for fewer requests (429, 503).
        refused: there is no connection to be had at all.
        answered: the mirror is up, and gives an answer to this URL.
        unasked: the mirror was not even asked (the address policy, …).
        wrong: bytes that it gave are not the content's.
        disputed: its size is not the one that another URL's answer had.
        silent: seconds that were waited for the first byte in vain; 0 if that is not the fault.
        longer: the next time it is waited for longer.
    """

    url: str = field(repr=False)
    what: str
    lasting: bool = False
    wait: float | None = None
    mirror: bool = False
    busy: bool = False
    refused: bool = False
    answered: bool = False
    unasked: bool = False
    wrong: bool = False
    disputed: bool = False
    silent: float = 0.0
    longer: bool = False

    def __str__(self) -> str:
        return f"{redact(self.url)}: {self.what}" if self.url else self.what


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
    """

    size: int
    sha256: str = ""
    urls: tuple[str, ...] = field(default=(), repr=False)
    codings: tuple[str, ...] = ()
    content_type: str = ""
    final: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """No candidate gave the content.

    Attributes:
        faults: one a candidate, in the order of candidates.
        disk_full: no use to go on with other files.
    """

    faults: tuple[Fault, ...]
    disk_full: bool = False

    def __str__(self) -> str:
        if not self.faults:
            return "there is no URL to fetch from"
        shown = [str(fault) for fault in self.faults[:_MOST_SHOWN]]
        more = len(self.faults) - len(shown)
        return "; ".join(shown) + (f"; and {more} more URLs failed" if more else "")


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
