"""What is to survive a power cut is put on the disk now."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["sync_disk", "sync_folder"]


def sync_disk(folder: Path) -> None:
    """Put all that was written to the disk of *folder* there for good.

    For a thousand small files that is a thousand times cheaper than fsync on each.
    """
    if os.name == "nt":  # which has no such call; git-annex checks what it takes in
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # not os.sync, which waits for all other disks as well
        ctypes.CDLL(None, use_errno=True).syncfs(descriptor)
    except (OSError, AttributeError):  # not Linux
        os.sync()
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Put the names of what is in a folder on the disk for good."""
    if os.name == "nt":  # folders cannot be opened there, and need not be
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
