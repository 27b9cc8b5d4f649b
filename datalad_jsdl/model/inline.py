"""Content that a manifest has itself, in a ``data:`` URL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.digests import ALGORITHMS
from datalad_jsdl.model.paths import path_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.model.pieces import Pieces

__all__ = ["Inline", "symlink_fault"]

_MOST_TARGET = 4095  # bytes; what Linux can hold


@dataclass(frozen=True, slots=True)
class Inline:
    """The content of an entry.

    Attributes:
        content: of the file; the target, for a symlink.
        is_symlink: it is a symlink.
    """

    content: bytes = field(repr=False)
    is_symlink: bool = False

    def fault(
        self, size: int | None, digests: Mapping[str, str], pieces: Pieces | None = None
    ) -> str | None:
        """Why it is not the content that is described, or None if it may be.

        Args:
            size: bytes, or None if unknown.
            digests: algorithm (a name of `digests.ALGORITHMS`) to lower-case hex.
            pieces: digests of its parts, or None.
        """
        length = len(self.content)
        if size is not None and size != length:
            return f"the size is {size}, but its data: URL has {counted(length, 'byte')}"
        for name, hexdigest in digests.items():
            if self.digest(name) != hexdigest:
                return f"the {name} is not that of the content in its data: URL"
        if pieces is not None and _digests(self.content, pieces) != pieces.hexdigests:
            return "the pieces are not those of the content in its data: URL"
        return None

    def digest(self, name: str) -> str:
        """Its hex digest by an algorithm of `digests.ALGORITHMS`."""
        return _digest(self.content, name)


def _digest(content: bytes, name: str) -> str:
    digest = ALGORITHMS[name].new()
    digest.update(content)
    return digest.hexdigest()


def _digests(content: bytes, pieces: Pieces) -> tuple[str, ...]:
    starts = range(0, len(content), pieces.length)
    return tuple(_digest(content[at : at + pieces.length], pieces.algorithm) for at in starts)


def symlink_fault(path: str, target: bytes) -> str | None:
    """Why a symlink may not be, or None if it leads to a place within what it is imported with.

    What is behind another ``..`` than those at its beginning depends on what the names before it
    are, and is refused.

    Args:
        path: of the symlink, relative, without marks of subdatasets.
        target: as it is kept.
    """
    try:
        text = target.decode()
    except UnicodeDecodeError:
        return "the symlink's target is not valid UTF-8"
    if not text:
        return "the symlink has no target"
    if len(target) > _MOST_TARGET:
        return f"the symlink's target is {len(target)} bytes long, more than {_MOST_TARGET}"
    if text.startswith("/") or re.match("[A-Za-z]:", text):
        return "the symlink's target is absolute"
    parts = [part for part in text.split("/") if part not in ("", ".")]
    up = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    if up > path.count("/"):
        return "the symlink leads out of the dataset"
    inside = "/".join(parts[up:])
    fault = path_fault(inside) if inside else None
    return f"the symlink's target: {fault}" if fault else None
