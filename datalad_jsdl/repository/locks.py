"""Locks: of our own, for one import at a time; and git's, which others may hold for a moment."""

from __future__ import annotations

import logging
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import fasteners

from datalad_jsdl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.repository import Repository

__all__ = ["exclusively", "making", "patiently"]

lgr = logging.getLogger("datalad.jsdl.locks")

_SECONDS = 15  # to wait for another git
_POLL_SECONDS = 0.1
_UNSEEN = 3  # tries where no lock is to be seen: whoever held it may have let go just then

_T = TypeVar("_T")


@contextmanager
def exclusively(repository: Repository) -> Iterator[None]:
    """Keep out all others of us that write to this repository; they wait.

    The lock ends with the process, however that ends.

    Raises:
        DatasetError: nothing can be written there.
    """
    root, annex = repository.root, repository.annex_dir
    # in a repository without an annex such a folder would make it look like one that has one
    file = (annex if annex.is_dir() else repository.common_dir) / "jsdl.lck"
    lock = fasteners.InterProcessLock(file)
    try:
        if not lock.acquire(blocking=False):
            lgr.info("waiting for another download in %s to finish", root)
            lock.acquire()
    except OSError as error:
        text = f"cannot write to {root}: {error.strerror} ({file})"
        raise DatasetError(text, path=file) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def making(target: Path) -> Iterator[None]:
    """Keep out all others of us that make a dataset at *target*; they wait.

    There is nothing yet that a lock could lie in, so that it is one on the folder around.
    Where a folder cannot be locked (Windows, some network file systems) nobody waits.

    Raises:
        DatasetError: the folder around it cannot be made.
    """
    around = target.parent
    try:
        around.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"cannot create the folder {around}: {error.strerror}"
        raise DatasetError(text, path=around) from None
    descriptor = _locked(around, target)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(folder: Path, target: Path) -> int | None:
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lgr.info("waiting for another download that is creating a dataset in %s", target.parent)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:  # this file system has no such locks
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def patiently(git: Git, action: Callable[[], _T]) -> _T:
    """Do what takes one of git's own locks; while another git holds it, try again.

    Args:
        git: the repository.
        action: may be repeated when it has failed.

    Raises:
        DatasetError: of *action*; or the lock was held all the time.
    """
    end = time.monotonic() + _SECONDS
    unseen = 0
    while True:
        try:
            return action()
        except DatasetError:
            held = _held(git)
            if held is None:
                unseen += 1
                if unseen >= _UNSEEN:
                    raise
            elif time.monotonic() > end:
                raise DatasetError(
                    f"another git process in {git.root} holds the lock {held}. Wait until it has "
                    "finished (a commit: until its editor is closed), and run the command again. "
                    "If no git process is running there, a killed one left the file: remove it",
                    path=held,
                ) from None
        time.sleep(_POLL_SECONDS)


def _held(git: Git) -> Path | None:
    """One of the locks that a git command takes before it writes, if it is there."""
    names = ["index", "HEAD", "packed-refs", "config", "shallow"]
    if branch := git.head_branch():
        names.append(branch)
    files = (git.path(f"{name}.lock") for name in names)
    return next((file for file in files if os.path.lexists(file)), None)
