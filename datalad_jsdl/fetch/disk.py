"""How much room a disk has, and how much of that git-annex is to leave free.

``annex.diskreserve`` (git-annex(1)): git-annex keeps it in its own transfers, from its own git
config only, not from ``git annex config``; what it does not understand is its default.
"""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.data_units import parse_size
from datalad_jsdl.model.amounts import size_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "RESERVE",
    "NoRoomError",
    "Room",
    "failed_by_disk",
    "free_bytes",
    "is_full",
    "require_room",
    "reserve_of",
]

#: The setting's name.
RESERVE = "annex.diskreserve"

_DEFAULT = 100_000_000  # bytes
_LITTLE = 1 << 18  # bytes that a full disk has left, at most
_LOOK = 1 << 20  # bytes that are written between two looks at the disk


class NoRoomError(OSError):
    """The disk has too little room (ENOSPC); its text is a sentence."""

    def __init__(self, text: str) -> None:
        super().__init__(errno.ENOSPC, text)

    def __str__(self) -> str:
        return str(self.strerror)


def reserve_of(config: Mapping[str, str]) -> int:
    """Bytes that are to stay free.

    Args:
        config: git config, names in lower case.
    """
    found = parse_size(config.get(RESERVE, ""))
    return _DEFAULT if found is None else max(0, found)


def free_bytes(path: str | Path) -> int:
    """What the disk of *path* has left for this user."""
    if not hasattr(os, "statvfs"):  # Windows
        return shutil.disk_usage(path).free
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize


def failed_by_disk(error: OSError, name: str) -> Failed:
    """What an error of the disk means for one file.

    Args:
        error: what was raised.
        name: of the file, for people.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        detail = str(error) if isinstance(error, NoRoomError) else ""
        return Failed((Fault(FaultKind.DISK_FULL, detail=detail),))
    return Failed((Fault(FaultKind.DISK, detail=f"{name}: {error.strerror or error}"),))


def is_full(path: Path) -> bool:
    """Whether nothing can be written at *path*, be it there or not."""
    place = next((folder for folder in (path, *path.parents) if folder.exists()), None)
    return place is not None and free_bytes(place) < _LITTLE


def require_room(path: str | Path, needed: int | None, reserve: int = 0) -> None:
    """See to it that something can be written.

    Args:
        path: a file or folder on the disk.
        needed: bytes that are still to be written; None for some, nobody knows how many.
        reserve: bytes that have to be free then.

    Raises:
        NoRoomError: they would not be; the text says how much is needed, free and kept.
    """
    if needed is not None and needed <= 0:
        return
    free = free_bytes(path)
    if (needed or 1) + reserve <= free:
        return

    wanted = "more is needed" if needed is None else f"{size_text(needed)} needed"
    kept = f" ({RESERVE} keeps {size_text(reserve)})" if reserve else ""
    raise NoRoomError(f"not enough disk space: {wanted}, {size_text(free)} free{kept}")


class Room:
    """Looks at the disk now and then while something is written to it.

    Args:
        path: a file or folder on the disk.
        reserve: bytes that are to stay free; 0 for no look at all.
        looked: somebody has just done so (`require_room`).
    """

    def __init__(self, path: str | Path, reserve: int, *, looked: bool = False) -> None:
        self._path = path
        self._reserve = reserve
        self._unseen = 0 if looked else _LOOK

    def take(self, count: int) -> None:
        """So many bytes are about to be written; for any thread.

        Raises:
            NoRoomError: they would eat into the reserve.
        """
        if not self._reserve:
            return
        self._unseen += count
        if self._unseen >= _LOOK:
            self._unseen = 0
            require_room(self._path, None, self._reserve)
