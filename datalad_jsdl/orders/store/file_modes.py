"""Who else may read the files of a store: they have the secrets that links are signed with."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["make_private", "narrow"]

lgr = logging.getLogger(LOGGER)

# SQLite makes the latter with the mode of the first
_SUFFIXES = ("", "-wal", "-shm", "-journal")
_OWNER, _GROUP = 0o600, 0o060
_SHARED = stat.S_ISGID | stat.S_IWGRP  # a folder of which all files are for one group


def make_private(file: Path) -> None:
    """Make an SQLite file for its owner alone, if there is none.

    In a folder that is shared with a group (its set-group-ID bit is set, as git sets it where
    ``core.sharedRepository`` is) the file is for the group, too. That it cannot be made is left to
    whoever opens it then.
    """
    if os.name == "nt":
        return
    place = os.path.realpath(file)  # SQLite makes what a link leads to, too
    with suppress(OSError):
        mode = os.stat(os.path.dirname(place)).st_mode
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER))
        if mode & _SHARED == _SHARED:
            os.chmod(place, _OWNER | _GROUP)


def narrow(file: Path) -> None:
    """Take an SQLite file from those who are not to read it, and tell the log of it.

    A group that may write it keeps it. A file of somebody else cannot be changed; the log says
    what its owner has to do.
    """
    if os.name == "nt":
        return
    for suffix in _SUFFIXES:
        _narrow(f"{os.path.realpath(file)}{suffix}")


def _narrow(file: str) -> None:
    try:
        found = stat.S_IMODE(os.stat(file).st_mode)
    except OSError:
        return
    allowed = _OWNER | (_GROUP if found & stat.S_IWGRP else 0)
    if not found & ~allowed & 0o077:
        return
    try:
        os.chmod(file, found & allowed)
    except OSError as error:
        lgr.warning(
            "others can read %s, which has the secrets of links (mode %04o; %s); have its owner "
            "run: chmod %o %s", file, found, error.strerror, found & allowed, file,
        )  # fmt: skip
    else:
        lgr.warning(
            "others could read %s, which has the secrets of links; its mode was %04o and is now "
            "%04o", file, found, found & allowed,
        )  # fmt: skip
