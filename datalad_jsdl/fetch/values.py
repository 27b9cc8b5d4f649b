"""What goes into a fetch and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from datalad_jsdl.manifest.urls import redact

__all__ = ["Expected", "Failed", "Fault", "Fetched", "Progress", "Sink"]


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
        page: the content is a web page.
    """

    size: int | None = None
    algorithm: str | None = None
    hexdigest: str = ""
    page: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one URL did not give the content.

    Attributes:
        url: as it is fetched; shown only through `__str__`.
        what: a phrase, free of secrets.
        lasting: there is no sense in asking again in this run.
        wait: seconds that the server asks to be left alone (Retry-After), or None.
    """

    url: str
    what: str
    lasting: bool = False
    wait: float | None = None

    def __str__(self) -> str:
        return f"{redact(self.url)}: {self.what}" if self.url else self.what


@dataclass(frozen=True, slots=True)
class Fetched:
    """Content that is complete and verified by all that is known of it.

    Attributes:
        size: bytes.
        sha256: hex digest if `Expected` named no algorithm, else "".
    """

    size: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """No candidate gave the content; one fault a candidate, in the order of candidates."""

    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return "; ".join(map(str, self.faults)) if self.faults else "there is no URL to fetch from"


class Sink(Protocol):
    """Where bytes go, in sequence."""

    def position(self) -> int:
        """Number of bytes it holds."""

    def write(self, chunk: bytes, /) -> None:
        """Append."""

    def restart(self) -> None:
        """Forget all bytes."""
