"""Standard output, for what a command exports and nothing else."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_standard_output", "standard_output"]

_NAMES = frozenset({"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})


def is_standard_output(file: object) -> bool:
    """Whether a file's name means standard output; so does none at all."""
    return file is None or str(file) in _NAMES


@contextmanager
def standard_output(*, text: bool = False) -> Iterator[int]:
    """A descriptor of standard output that is ours alone: all else goes to standard error.

    Args:
        text: what goes there is fit for a terminal.

    Raises:
        ArchiveError: it is a terminal, and that is not so.
    """
    if not text and os.isatty(1):
        raise ArchiveError(
            "not writing an archive to the terminal; redirect the output or name a file"
        )
    sys.stdout.flush()
    own = _copy_of(1)
    _send_to_standard_error(1)
    interrupted = False
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.setmode(own, os.O_BINARY)
        yield own
    except KeyboardInterrupt:
        interrupted = True  # DataLad will say so, which must not get into what is exported
        raise
    finally:
        sys.stdout.flush()
        if not interrupted:
            os.dup2(own, 1)
        os.close(own)


def _copy_of(descriptor: int) -> int:
    """A copy of a descriptor, with a number that is none of the standard ones."""
    copies = [os.dup(descriptor)]
    while copies[-1] < 3:
        copies.append(os.dup(descriptor))
    for copy in copies[:-1]:
        os.close(copy)
    return copies[-1]


def _send_to_standard_error(descriptor: int) -> None:
    try:
        os.dup2(2, descriptor)
    except OSError:  # it is closed
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), descriptor)
