"""Content that is here under a key without a checksum: it gets one, without a download."""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["digest_into"]

_CHUNK = 1 << 20  # bytes


def digest_into(source: Path, target: Path) -> tuple[int, str]:
    """Put content where a download would have put it.

    It is linked, as ``git annex migrate`` does, and takes no room twice; where that is impossible,
    or others may write to the file by another name, it is copied.

    Args:
        source: the object in the annex.
        target: name for it; what has this name is replaced.

    Returns:
        Its size in bytes and its SHA-256.

    Raises:
        OSError: it cannot be read, or there is no room for it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    _link_or_copy(source, target)
    digest, size = hashlib.sha256(), 0
    with target.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _link_or_copy(source: Path, target: Path) -> None:
    if source.stat().st_nlink == 1:
        try:
            os.link(source, target)
        except OSError:  # the file system has no links
            pass
        else:
            return
    shutil.copyfile(source, target)
