"""What a download writes to, beside a part file; and what stands for a URL in it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datalad_jsdl.fetch.file.segments import Range
    from datalad_jsdl.model.content import Sink

__all__ = ["InSequence", "source_of"]


class InSequence:
    """A sink as a store."""

    in_order = True

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def put(self, offset: int, chunk: bytes, source: str) -> None:
        """Append."""
        self._sink.write(chunk)

    def read(self, offset: int, length: int) -> bytes:
        """Nothing: what was written is gone."""
        return b""

    def keep(self, ranges: list[Range]) -> None:
        """Forget all bytes."""
        self._sink.restart()

    def begin(self, source: str, etag: str) -> None:
        """Nothing: no later run goes on with them."""


def source_of(url: str) -> str:
    """What stands for a URL in a journal: it may be a signed one, which nobody is to read."""
    return sha256(url.encode("utf-8", "surrogateescape")).hexdigest()[:16]
