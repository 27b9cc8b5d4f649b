"""Digests of a content's parts."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Pieces"]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Digests of equal parts of content, which tell *where* it is wrong.

    Attributes:
        algorithm: a name of `digests.ALGORITHMS`.
        length: bytes of each piece; the last may be shorter.
        hexdigests: lower-case hex, in order.
    """

    algorithm: str
    length: int
    hexdigests: tuple[str, ...]
