"""The names that a user gives for what is to be written.

A name that is a symbolic link stands for the file that it leads to: that is replaced, and the
link stays. But what git-annex keeps is nobody's to replace: a link to that is one of its files,
and is replaced itself. A name of something that is no regular file (a FIFO, /dev/null) is
written to as a pipe.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["followed", "is_special", "writable"]

_MOST_LINKS = 40  # as of Linux


def followed(target: Path) -> Path:
    """The file that a name leads to, which need not be there.

    Raises:
        ArchiveError: it is a link that leads nowhere.
    """
    found = target
    for _ in range(_MOST_LINKS):
        if not found.is_symlink():
            return found if found == target else found.parent.resolve() / found.name
        leads_to = Path(os.path.abspath(found.parent.resolve() / os.readlink(found)))
        if _is_annexed(leads_to):
            return found
        found = leads_to
    raise ArchiveError(f"{target} is a broken symbolic link; remove it")


def _is_annexed(path: Path) -> bool:
    """Whether it lies among the contents that git-annex keeps."""
    return ("annex", "objects") in pairwise(path.parts)


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
