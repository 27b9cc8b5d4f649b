"""What a database refuses, as an error with a plain sentence."""

from __future__ import annotations

import os
import shlex
import shutil
from typing import TYPE_CHECKING

from datalad_jsdl.errors import LockedError, ReadOnlyStoreError, StoreError
from datalad_jsdl.model.amounts import size_text

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.exc import DBAPIError

__all__ = ["LOCKED", "is_busy", "no_text", "refusal"]

LOCKED = "the list is locked: somebody else is writing to the store; try again"
# PostgreSQL, appendix A
_LOCK_NOT_AVAILABLE = "55P03"
_MAY_ONLY_READ = ("25006", "42501")  # the server only reads, or this user
# https://sqlite.org/rescode.html
_BUSY, _NOT_WRITABLE, _IO_ERROR, _CORRUPT, _FULL, _CANNOT_OPEN = 5, 8, 10, 11, 13, 14
_NOT_SQLITE = 26
_LITTLE = 1 << 20  # bytes; with less than that the disk is as good as full


def refusal(error: DBAPIError, shown: str, file: Path | None, said: str) -> StoreError:
    """What a database has refused.

    Args:
        error: of its driver.
        shown: the URL of the store, without secrets.
        file: the store, if it is one.
        said: what to say where nothing better is known.
    """
    cause = error.orig
    state = getattr(cause, "sqlstate", "")
    if state == _LOCK_NOT_AVAILABLE:
        return LockedError(LOCKED)
    number = _number(cause)
    if number == _NOT_WRITABLE or state in _MAY_ONLY_READ:
        return ReadOnlyStoreError(f"the store {shown} cannot be written: {cause}")
    if file is not None and (number in (_CORRUPT, _NOT_SQLITE) or file.is_dir()):
        return StoreError(_other_text(file, said, is_damaged=number == _CORRUPT))
    if file is not None and number in (_IO_ERROR, _FULL):
        return StoreError(_disk_text(file, cause, is_full=number == _FULL))
    # Python 3.10 does not tell the code
    if file is not None and number in (_CANNOT_OPEN, None) and (unreadable := _unreadable(file)):
        return StoreError(
            f"{said}: only its owner may read it. If no portal uses it, have its owner run: "
            f"chmod a+r {' '.join(unreadable)}"
        )
    return StoreError(f"{said}: {cause}")


def _other_text(file: Path, said: str, *, is_damaged: bool) -> str:
    """What was expected in the place of a file that SQLite cannot read."""
    if is_damaged:
        return f"{said}: {file} is damaged; restore it from a backup"
    came = "a folder" if file.is_dir() else "another file"
    return (
        f"{said}: expected a store (a database of SQLite), but {file} is {came}; give the file "
        "that the portal, or the dataset, keeps its lists and orders in"
    )


def is_busy(error: object) -> bool:
    """Whether another connection to an SQLite file writes just now."""
    # Python 3.10 does not tell the code; there it can hardly be anything else
    return _number(error) in (_BUSY, None)


def no_text(error: UnicodeEncodeError) -> str:
    """What is wrong with a text that has bytes of another encoding, as names of files may."""
    return f"{error.object!r} is not valid UTF-8"


def _number(error: object) -> int | None:
    """Of the kind of an SQLite error, if it tells."""
    number: int | None = getattr(error, "sqlite_errorcode", None)
    return None if number is None else number & 0xFF


def _unreadable(file: Path) -> list[str]:
    """Of a store's file and those that SQLite has beside it, what this user cannot read."""
    effective = os.access in os.supports_effective_ids
    return [
        shlex.quote(str(place))
        for suffix in ("", "-wal", "-shm")
        if (place := file.with_name(f"{file.name}{suffix}")).exists()
        and not os.access(place, os.R_OK, effective_ids=effective)
    ]


def _disk_text(file: Path, cause: object, *, is_full: bool) -> str:
    try:
        free = shutil.disk_usage(file.parent).free
    except OSError:
        return f"{file} cannot be read or written: {cause}; nothing was changed"
    if is_full or free < _LITTLE:
        return (
            f"the disk is full: {file} cannot be written, {size_text(free)} are free; nothing was "
            "changed. Make some room, then run the command again"
        )
    return (
        f"{file} cannot be read or written: {cause}, with {size_text(free)} free on its disk; "
        "nothing was changed"
    )
