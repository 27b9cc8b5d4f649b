"""Many new symlinks, put into the work tree and the index at the same time.

The index that they are added to is a draft beside git's own. git keeps a lock as long as it
works on an index, and leaves it behind if it is killed: this lock is one on the draft.
"""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.importing.steps import in_order_of_paths
from datalad_jsdl.repository.importing.worktree import blob_of, full_path, is_there_already
from datalad_jsdl.repository.locks import patiently

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.importing.steps import Step

__all__ = ["add_links"]

_DRAFT = "jsdl-index-"  # and the process
_ADD = ("update-index", "-z", "--add", "--replace", "--stdin")
_TOGETHER = 1000  # symlinks that one thread makes in a row


def add_links(git: Git, steps: list[Step]) -> None:
    """Put new symlinks into the work tree and the index.

    Args:
        git: the repository.
        steps: are put into git's order.

    Raises:
        DatasetError: git cannot add them, or its lock is held by another for long.
    """
    in_order_of_paths(steps)  # git takes much longer over others
    index = Path(os.path.realpath(git.path("index")))
    _remove(index.parent.glob(f"{_DRAFT}*"))  # of a run that was killed
    draft = index.with_name(f"{_DRAFT}{os.getpid()}")
    try:
        before = _state(index)
        with suppress(FileNotFoundError):
            shutil.copy2(index, draft)
        beside = git.with_index(draft)
        # looks at the files of others that were changed when git wrote the index
        beside.run("update-index", "--force-write-index")
        _make_links(beside, steps, _before(draft))
        if not patiently(git, lambda: _is_replaced(index, before, draft)):
            listing = "".join(f"{step.path}\0" for step in steps).encode()
            patiently(git, lambda: git.run(*_ADD, stdin=listing))
    finally:
        _remove(index.parent.glob(f"{draft.name}*"))


def _make_links(git: Git, steps: list[Step], time: float) -> None:
    def make(start: int) -> range:
        """Make some links in a row; which."""
        some = range(start, min(start + _TOGETHER, len(steps)))
        inside = groupby(map(steps.__getitem__, some), lambda step: step.path.rpartition("/")[0])
        for folder, links in inside:
            place = full_path(git, folder)
            os.makedirs(place, exist_ok=True)
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
            try:
                for step in links:
                    _make_link(git, step, descriptor, time)
            finally:
                os.close(descriptor)
        return some

    with git.feed(*_ADD) as stream, ThreadPoolExecutor(2) as pool:
        for some in pool.map(make, range(0, len(steps), _TOGETHER)):  # raises what one has raised
            stream.write("".join(f"{steps[at].path}\0" for at in some).encode())


def _make_link(git: Git, step: Step, folder: int, time: float) -> None:
    """Make one, in an open folder, and give it a time."""
    blob, name = blob_of(step), step.path.rpartition("/")[2].encode()
    try:
        os.symlink(blob, name, dir_fd=folder)
    except FileExistsError:
        # in_the_way has let empty folders pass, and nothing else
        if not is_there_already(git, step):
            os.rmdir(name, dir_fd=folder)
            os.symlink(blob, name, dir_fd=folder)
    # some file systems keep no times of symlinks
    with suppress(OSError, NotImplementedError):
        os.utime(name, (time, time), dir_fd=folder, follow_symlinks=False)


def _before(index: Path) -> float:
    """A time before that of an index, in seconds since 1970.

    A file that is not older than the index that git read, git looks at once more before it writes
    the next one: it might have changed just then (git's documentation, technical/racy-git). For
    many new symlinks that takes as long as to add them. They are given this time; whatever takes
    the place of one later has another.
    """
    return float(int(index.stat().st_mtime) - 1)


def _is_replaced(index: Path, before: object, draft: Path) -> bool:
    """Put a draft into the place of the index, under git's lock; not if another has changed it.

    Raises:
        DatasetError: another git holds the lock.
    """
    lock = index.with_name(f"{index.name}.lock")
    try:
        descriptor = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        raise DatasetError(f"another git process holds the lock {lock}", path=lock) from None
    try:
        if _state(index) != before:
            return False
        os.replace(draft, index)
        return True
    finally:
        os.close(descriptor)
        os.unlink(lock)


def _state(index: Path) -> tuple[int, int, int] | None:
    """What changes whenever git writes an index; None if there is none."""
    try:
        found = index.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _remove(files: Iterable[Path]) -> None:
    for file in list(files):
        file.unlink(missing_ok=True)
