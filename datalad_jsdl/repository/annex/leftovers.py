"""What an interrupted ``git annex get`` has left in ``.git/annex/tmp``: a beginning, or a nuisance.

git-annex gives such a file the name of its key, and goes on with it the next time. Whoever
fetches the content in another way leaves it there for good. While git-annex itself is at work
on a key it holds a lock (its Annex/Transfer.hs).
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import fasteners

from datalad_jsdl.repository.annex.keys import key_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["names_of_leftovers", "take_over"]


def names_of_leftovers(annex_dir: Path) -> frozenset[str]:
    """What is there: keys as file names (`keys.key_file`), and others.

    Args:
        annex_dir: the ``annex`` folder in the ``.git`` folder.
    """
    try:
        return frozenset(os.listdir(annex_dir / "tmp"))
    except FileNotFoundError:  # no download was ever interrupted
        return frozenset()


def take_over(annex_dir: Path, key: str, part: Path, size: int | None) -> None:
    """Make a leftover of *key* the beginning of *part*, unless that has one of its own.

    It is as little to be trusted as any beginning: who goes on with it verifies the whole. One
    that cannot be a beginning, or is of no use any more, is removed.

    Args:
        annex_dir: the ``annex`` folder in the ``.git`` folder.
        key: with a digest in it.
        part: where to put it, on the same file system.
        size: of the content in bytes, if known.
    """
    left = annex_dir / "tmp" / key_file(key)
    # a missing file, or one that somebody else has just taken, is no news
    with suppress(OSError):
        found = os.lstat(left)
        if _is_at_work(annex_dir, key):
            return
        if part.exists() or not found.st_size or (size is not None and found.st_size > size):
            left.unlink()
            return
        part.parent.mkdir(parents=True, exist_ok=True)
        left.replace(part)


def _is_at_work(annex_dir: Path, key: str) -> bool:
    for file in annex_dir.glob("transfer/download/*"):
        place = file / f"lck.{key_file(key)}"
        if not place.exists():
            continue
        lock = fasteners.InterProcessLock(place)
        if not lock.acquire(blocking=False):
            lock.lockfile.close()
            return True
        lock.release()
    return False
