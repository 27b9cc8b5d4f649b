"""Who may read the files of a store: a portal has the secrets in it that links are signed with."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make", "narrow"]

lgr = logging.getLogger(LOGGER)

# SQLite makes the latter with the mode of the first
_SUFFIXES = ("", "-wal", "-shm", "-journal")
_OWNER, _GROUP = 0o600, 0o060
_SHARED = stat.S_ISGID | stat.S_IWGRP  # a folder of which all files are for one group


def make(file: Path, *, private: bool) -> None:
    """Make an SQLite file with the mode that it is to have, if there is none.

    In a folder that is shared with a group (its set-group-ID bit is set, as git sets it where
    ``core.sharedRepository`` is) the file is for the group. That it cannot be made is left to
    whoever opens it then.

    Args:
        file: which.
        private: it is for nobody else; if not, SQLite makes it as the user's umask says.
    """
    if os.name == "nt":
        return
    place = os.path.realpath(file)  # SQLite makes what a link leads to, too
    with suppress(OSError):
        is_shared = os.stat(os.path.dirname(place)).st_mode & _SHARED == _SHARED
        if private or is_shared:
            os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER))
        if is_shared:
            os.chmod(place, _OWNER | _GROUP)


def narrow(file: Path, what: str) -> None:
    """Take an SQLite file from those who are not to read it, and tell the log of it.

    A group that may write it keeps it. A file of somebody else cannot be changed, and on some disks
    (CIFS, vfat) no file can; the log says what to do.

    Args:
        file: which.
        what: to say of it, such as "which has the secrets of links".
    """
    if os.name == "nt":
        return
    place = os.path.realpath(file)
    stay = [_stays_open(f"{place}{suffix}", what) for suffix in _SUFFIXES]
    if any(stay):
        lgr.warning(
            "others can read %s, %s: its disk keeps no modes; move it to another disk, or mount "
            "the disk for its owner alone", place, what,
        )  # fmt: skip


def _stays_open(file: str, what: str) -> bool:
    """Narrow one file; whether its disk takes that, and does nothing."""
    try:
        found = _mode(file)
    except OSError:
        return False
    allowed = _OWNER | (_GROUP if found & stat.S_IWGRP else 0)
    if not found & ~allowed & 0o077:
        return False
    try:
        os.chmod(file, found & allowed)
        if _mode(file) == found:
            return True
    except OSError as error:
        lgr.warning(
            "others can read %s, %s (mode %04o; %s); have its owner run: chmod %o %s",
            file, what, found, error.strerror, found & allowed, file,
        )  # fmt: skip
    else:
        lgr.warning(
            "others could read %s, %s; its mode was %04o and is now %04o",
            file, what, found, found & allowed,
        )  # fmt: skip
    return False


def _mode(file: str) -> int:
    return stat.S_IMODE(os.stat(file).st_mode)
