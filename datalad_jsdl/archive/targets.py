"""The names that a user gives for what is to be written.

A name that is a symbolic link stands for the file that it leads to: that is replaced, and the
link stays. A name of something that is no regular file (a FIFO, /dev/null) is written to as a pipe.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["followed", "is_special", "writable"]


def followed(target: Path) -> Path:
    """The file that a name leads to, which need not be there.

    Raises:
        ArchiveError: it is a link that leads nowhere.
    """
    if not target.is_symlink():
        return target
    try:
        return target.resolve()
    except (OSError, RuntimeError):  # RuntimeError: a circle, before Python 3.13
        pass
    raise ArchiveError(f"{target} is a symbolic link that leads nowhere; remove it")


def is_special(target: Path) -> bool:
    """Whether there is something that is neither a regular file nor a folder."""
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


@contextmanager
def writable(target: Path) -> Iterator[int]:
    """A descriptor of what `is_special`; of a FIFO as soon as somebody reads it."""
    descriptor = os.open(target, os.O_WRONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
