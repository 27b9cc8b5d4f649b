"""Many new symlinks, put into the work tree and the index at the same time.

The index that they are added to is a draft beside git's own. git keeps a lock as long as it
works on an index, and leaves it behind if it is killed: this lock is one on the draft.
"""

from __future__ import annotations

import os
import shutil
import threading
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

_DRAFT = "jsdl-index-"  # and the process and the thread
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
_ADD = ("update-index", "-z", "--add", "--replace", "--stdin")
_TOGETHER = 1000  # symlinks that one thread makes in a row
_TRIES = 5  # where another git changes the index at the same time


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
    own = f"{_DRAFT}{os.getpid()}-"
    killed = (file for file in index.parent.glob(f"{_DRAFT}*") if not file.name.startswith(own))
    _remove(killed)  # what is left of a run
    draft = index.with_name(f"{own}{threading.get_ident()}")
    try:
        for _ in range(_TRIES):
            if _is_added(git, steps, index, draft):
                return
    finally:
        _remove(index.parent.glob(f"{draft.name}*"))
    raise DatasetError(
        f"other git processes keep changing {index}; wait until they have finished, and run the "
        "command again",
        path=index,
    )


def _is_added(git: Git, steps: list[Step], index: Path, draft: Path) -> bool:
    """Make the links that are not there, and an index with all of them; not if it has changed."""
    _remove([draft])
    before = _state(index)
    with suppress(FileNotFoundError):
        shutil.copy2(index, draft)
    beside = git.with_index(draft)
    # looks at the files of others that were changed when git wrote the index
    beside.run("update-index", "--force-write-index")
    minimal = git.setting("core.checkStat").lower() == "minimal"
    _make_links(beside, steps, None if minimal else _before(draft))
    return patiently(git, lambda: _is_replaced(index, before, draft))


def _make_links(git: Git, steps: list[Step], time: float | None) -> None:
    def make(start: int) -> range:
        """Make some links in a row; which."""
        some = range(start, min(start + _TOGETHER, len(steps)))
        inside = groupby(map(steps.__getitem__, some), lambda step: step.path.rpartition("/")[0])
        for folder, links in inside:
            place = full_path(git, folder)
            os.makedirs(place, exist_ok=True)
            descriptor = os.open(place, _FOLDER)
            try:
                for step in links:
                    _make_link(git, step, descriptor, time)
            finally:
                os.close(descriptor)
        return some

    with git.feed(*_ADD) as stream, ThreadPoolExecutor(2) as pool:
        for some in pool.map(make, range(0, len(steps), _TOGETHER)):  # raises what one has raised
            stream.write("".join(f"{steps[at].path}\0" for at in some).encode())


def _make_link(git: Git, step: Step, folder: int, time: float | None) -> None:
    """Make one, in an open folder, and give it a time."""
    blob, name = blob_of(step), step.path.rpartition("/")[2].encode()
    try:
        os.symlink(blob, name, dir_fd=folder)
    except FileExistsError:
        # in_the_way has let empty folders pass, and nothing else
        if not is_there_already(git, step):
            os.rmdir(name, dir_fd=folder)
            os.symlink(blob, name, dir_fd=folder)
    if time is not None:
        # some file systems keep no times of symlinks
        with suppress(OSError, NotImplementedError):
            os.utime(name, (time, time), dir_fd=folder, follow_symlinks=False)


def _before(index: Path) -> float:
    """A time before that of an index, in seconds since 1970.

    A file that is not older than the index that git read, git looks at once more before it writes
    the next one: it might have changed just then (git's documentation, technical/racy-git). For
    many new symlinks that takes as long as to add them, so that they are given this time. What
    takes the place of one later is another file (inode and ctime), which git sees, too: but for
    ``core.checkStat=minimal``, where two of them could change places.
    """
    return float(int(index.stat().st_mtime) - 1)


def _is_replaced(index: Path, before: object, draft: Path) -> bool:
    """Put a draft into the place of the index, under git's lock; not if another has changed it.

    Raises:
        DatasetError: another git holds the lock.
    """
    lock = index.with_name(f"{index.name}.lock")
    held = False
    try:
        with lock.open("x"):
            held = True
        if _state(index) != before:
            return False
        os.replace(draft, lock)
        os.replace(lock, index)  # both at once, as git does it
        held = False
    except FileExistsError:
        raise DatasetError(f"another git process holds the lock {lock}", path=lock) from None
    finally:
        if held:
            lock.unlink(missing_ok=True)
    return True


def _state(index: Path) -> tuple[int, int, int] | None:
    """What differs whenever git has written the index; None without an index."""
    try:
        found = index.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _remove(files: Iterable[Path]) -> None:
    for file in list(files):
        file.unlink(missing_ok=True)
