"""The switch of work tree, index and branch to the commit that an import has made."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.commit import LINK
from datalad_jsdl.repository.importing.steps import Change, in_order_of_paths
from datalad_jsdl.repository.importing.worktree import (
    Folders,
    blob_of,
    full_path,
    holds,
    is_there_already,
    staged_files,
)
from datalad_jsdl.repository.locks import patiently

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.importing.steps import Step

__all__ = ["MovedError", "make_way", "switch"]


class MovedError(DatasetError):
    """The branch is not where it was when the import was planned."""


def switch(
    git: Git,
    tree: Tree,
    commit: str,
    steps: Sequence[Step],
    extra: Mapping[str, bytes],
    reason: str,
) -> None:
    """Bring work tree, index and branch from the tree's commit to *commit*.

    What the user has staged or modified elsewhere stays as it is: this is the merge
    that ``git checkout`` makes. The branch moves last, so a run that is killed leaves
    the old commit with changes that the next run takes for its own. *steps* and *extra*
    are what *commit* was made of.

    Raises:
        DatasetError: git refuses; then nothing has moved.
        MovedError: somebody has committed something meanwhile.
    """
    staged = make_way(git, tree, steps, extra)
    old = tree.commit or git.run("hash-object", "-t", "tree", "--stdin").decode().strip()
    merge = ("read-tree", "-m", "-u", "--no-recurse-submodules")
    fresh = [
        step
        for step in steps
        if step.change is Change.ADDED and step.mode == LINK and step.path not in staged
    ]
    # a deleted file may have to make place for a folder first, or a folder for a file
    plain = os.name == "nt" or any(step.change is Change.DELETED for step in steps)
    sparse = git.setting("core.sparseCheckout", "--type=bool") == "true"
    if len(fresh) < _MANY or plain or sparse:
        patiently(git, lambda: git.run(*merge, old, commit))
    else:
        # whether it would fail, before anything moves
        patiently(git, lambda: git.run(*merge, "--dry-run", old, commit))
        patiently(git, lambda: _add_links(git, fresh))
        # finds them in place, and does the rest
        patiently(git, lambda: git.run(*merge, old, commit))
    # a ref's own lock is waited for by git itself
    wait = ("-c", f"core.filesRefLockTimeout={_REF_LOCK}")
    update = ("update-ref", "-m", reason, "HEAD", commit, tree.commit or "0" * len(commit))
    try:
        patiently(git, lambda: git.run(*wait, *update))
    except DatasetError:
        if git.commit("HEAD") == tree.commit:
            raise
        raise MovedError(
            f"somebody committed to {git.root} in the meantime; run the command again"
        ) from None


def make_way(
    git: Git, tree: Tree, steps: Sequence[Step], extra: Mapping[str, bytes]
) -> frozenset[str]:
    """Remove what git would take for untracked files in the way, though they are what it writes.

    Returns:
        The paths at which the index differs from HEAD.
    """
    # read-tree will not replace an untracked file, not even with the same; what is in the
    # index already it will not write again
    staged = frozenset(path for path, _ in staged_files(git, tree))
    folders = Folders(git)
    for step in steps:
        writes = step.change in (Change.ADDED, Change.CHANGED) and step.path not in staged
        if writes and not folders.is_missing_for(step.path) and is_there_already(git, step):
            os.unlink(full_path(git, step.path))
    for path, content in extra.items():
        known = path in tree.files or path in staged
        if not known and holds(full_path(git, path), content):
            os.unlink(full_path(git, path))
    return staged


# From so many on, two threads make symlinks in half the time that git's one takes: each
# long target needs a block of the disk, and ext4 can take half a millisecond to find it.
_MANY = 500
_TOGETHER = 1000  # symlinks that one thread makes in a row

_REF_LOCK = 5000  # milliseconds


def _add_links(git: Git, steps: list[Step]) -> None:
    """Put new symlinks into the work tree and, at the same time, into the index.

    Args:
        git: the repository.
        steps: are put into git's order.
    """
    in_order_of_paths(steps)  # git takes much longer over others
    time = _past(git)

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

    listing = ("update-index", "-z", "--add", "--replace", "--stdin")
    with git.feed(*listing) as stream, ThreadPoolExecutor(2) as pool:
        for some in pool.map(make, range(0, len(steps), _TOGETHER)):  # raises what one has raised
            stream.write("".join(f"{steps[at].path}\0" for at in some).encode())


def _make_link(git: Git, step: Step, folder: int, time: float) -> None:
    """Make one, in an open folder, and give it a time."""
    blob, name = blob_of(step), step.path.rpartition("/")[2].encode()
    try:
        os.symlink(blob, name, dir_fd=folder)
    except FileExistsError:
        # in_the_way has let empty folders pass, and nothing else
        if not is_there_already(git, step):  # else it was made before a lock was met
            os.rmdir(name, dir_fd=folder)
            os.symlink(blob, name, dir_fd=folder)
    # some file systems keep no times of symlinks
    with suppress(OSError, NotImplementedError):
        os.utime(name, (time, time), dir_fd=folder, follow_symlinks=False)


def _past(git: Git) -> float:
    """A time before that of the index, in seconds since 1970.

    A file that is not older than the index that git read, git looks at once more before it writes
    the next one: it might have changed just then (git's documentation, technical/racy-git). For
    many new symlinks that takes as long as to add them. They are given this time; whatever takes
    the place of one later has another.
    """
    git.run("update-index", "--force-write-index")  # looks at such files of others
    return float(int(git.path("index").stat().st_mtime) - 1)
