"""Entries whose content goes into git itself, as the manifest has it, and what is there of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.keys import POINTER_MAX, parse_key
from datalad_jsdl.repository.commit import EXECUTABLE, LINK, REGULAR, SUBMODULE
from datalad_jsdl.repository.importing.steps import Change, Step
from datalad_jsdl.repository.importing.worktree import blob_oid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.model.inline import Inline
    from datalad_jsdl.repository.commit import Tree

__all__ = ["replaced_in_git", "stands_for_key", "step_in_git"]

# git-annex takes such a first line for a key, and puts that key's content there
_POINTER = re.compile(rb"[^\n]*[/\\]annex[/\\]objects[/\\]")


def stands_for_key(inline: Inline) -> bool:
    """Whether git-annex would take the content for what stands for another one."""
    return _POINTER.match(inline.content[:POINTER_MAX]) is not None


def replaced_in_git(
    entries: Mapping[str, Entry], tree: Tree, old_keys: Mapping[str, str | None]
) -> Iterator[str]:
    """The paths of files kept in git that have other content than the manifest says."""
    for path, entry in entries.items():
        if path not in tree.files or old_keys[path] or tree.files[path].mode == SUBMODULE:
            continue
        if not _is_in_git(path, entry, tree):
            yield path


def _is_in_git(path: str, entry: Entry, tree: Tree) -> bool:
    """Whether a file kept in git has the content of an entry."""
    file = tree.files[path]
    is_symlink = file.mode == LINK
    if entry.inline is None:
        return not is_symlink and tree.same_content(path, entry.digests)
    if is_symlink != entry.inline.is_symlink:
        return False
    return blob_oid(entry.inline.content, len(file.oid)) == file.raw_oid


def step_in_git(
    path: str, entry: Entry, inline: Inline, tree: Tree, old_key: str | None, *, relaxed: bool
) -> Step:
    """What is done to a path whose content goes into git.

    Args:
        path: within the dataset.
        entry: of the manifest.
        inline: its content.
        tree: of the commit that is built upon.
        old_key: of the file that is there, if it is annexed.
        relaxed: an import made it executable, and the manifest no longer does.
    """
    mode = LINK if inline.is_symlink else EXECUTABLE if entry.executable else REGULAR
    content = inline.content
    if path not in tree.files:
        return Step(path, Change.ADDED, "", mode, None, entry, content)
    old_mode = tree.files[path].mode
    if old_key and _is_content_of(old_key, inline):
        return Step(path, Change.UNCHANGED, "", old_mode, old_key, entry)
    if not old_key and LINK not in (mode, old_mode) and not (entry.executable or relaxed):
        mode = old_mode
    if not old_key and mode == old_mode and _is_in_git(path, entry, tree):
        return Step(path, Change.UNCHANGED, "", mode, None, entry)
    return Step(path, Change.CHANGED, "", mode, old_key, entry, content)


def _is_content_of(key: str, inline: Inline) -> bool:
    """Whether the content of an annexed file is, as its key tells, the same; it may stay there."""
    parsed = parse_key(key)
    if parsed is None or parsed.algorithm is None or inline.is_symlink:
        return False
    return inline.digest(parsed.algorithm) == parsed.hexdigest
