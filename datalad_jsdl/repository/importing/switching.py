"""The switch of work tree, index and branch to the commit that an import has made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.commit import LINK
from datalad_jsdl.repository.importing.new_links import add_links
from datalad_jsdl.repository.importing.steps import Change
from datalad_jsdl.repository.importing.worktree import (
    Folders,
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
        add_links(git, fresh)
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

_REF_LOCK = 5000  # milliseconds
