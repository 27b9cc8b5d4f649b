"""What is in the way of an import: work of the user's that its steps would touch."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from datalad_jsdl.model.filters import folders_of
from datalad_jsdl.repository.importing.steps import Change
from datalad_jsdl.repository.importing.worktree import (
    Folders,
    Kind,
    blob_of,
    blob_oid,
    full_path,
    is_there_already,
    list_names,
    staged_files,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.importing.steps import Step

__all__ = ["in_the_way"]


def in_the_way(git: Git, tree: Tree, steps: Sequence[Step], *, dry: bool) -> dict[str, str]:
    """The steps that would touch user work: path → a sentence about it.

    What an earlier run that was killed has left behind is not user work. In a *dry* run
    git-annex's filter is not asked whether an unlocked file was modified: it would take
    the modified content into the annex.
    """
    if not steps:
        return {}
    staged = dict(staged_files(git, tree))
    no_filter = ("-c", "filter.annex.process=", "-c", "filter.annex.clean=") if dry else ()
    diff = ("diff", "--name-only", "--no-ext-diff", "--ignore-submodules")
    # git diff tells only of what is in the index
    in_index = any(step.path in tree.files or step.path in staged for step in steps)
    modified = set(list_names(git, *no_filter, *diff)) if in_index else set()
    removed = {s.path for s in steps if s.change is Change.DELETED}
    folders = Folders(git)
    found: dict[str, str] = {}
    for step in steps:
        if step.path in staged and not _is_staged_already(git, step, staged[step.path]):
            found[step.path] = "it has staged changes; commit or unstage them first"
        elif step.path in modified and not is_there_already(git, step):
            found[step.path] = "it has uncommitted changes; commit or restore it"
        elif step.change is Change.ADDED:
            for folder in folders_of(step.path):
                if folders.kind(folder) is Kind.OTHER and removed.isdisjoint(
                    (folder, *folders_of(folder))
                ):
                    found[step.path] = f"{folder} in the work tree is not a folder"
            if step.path in found or step.path in staged or folders.is_missing_for(step.path):
                continue
            if _is_occupied(git, tree, step):
                found[step.path] = "an untracked file is in its place; move it away"
    kept = removed.intersection(found)
    # the first of them in each folder
    inside = {folder: p for p in sorted(kept, reverse=True) for folder in folders_of(p)}
    for step in steps if kept else ():
        needs = kept.intersection(folders_of(step.path)) or {inside.get(step.path, "")}
        if any(needs) and step.path not in found:
            found[step.path] = f"{min(needs)} is in its way and cannot be deleted"
    return found


def _is_staged_already(git: Git, step: Step, staged: tuple[str, str]) -> bool:
    mode, oid = staged
    if step.change is Change.DELETED:
        return mode == "000000"
    return mode == step.mode and oid == blob_oid(blob_of(step), len(oid)).hex()


def _is_occupied(git: Git, tree: Tree, step: Step) -> bool:
    full = full_path(git, step.path)
    if step.path in tree.folders:  # all tracked files in it are to be deleted
        return bool(list_names(git, "ls-files", "--others", "--", step.path))
    try:
        mode = os.lstat(full).st_mode
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        return bool(os.listdir(full))
    return not is_there_already(git, step)
