"""The user's work tree and index, as an import finds them, and files that are put back."""

from __future__ import annotations

import hashlib
import os
import stat
from enum import Enum
from typing import TYPE_CHECKING

from datalad_jsdl.model.filters import folders_of
from datalad_jsdl.repository.annex.keys import link_target, pointer
from datalad_jsdl.repository.commit import LINK, REGULAR
from datalad_jsdl.repository.git.running import batches
from datalad_jsdl.repository.importing.steps import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.importing.steps import Step

__all__ = [
    "Folders",
    "Kind",
    "blob_of",
    "blob_oid",
    "full_path",
    "holds",
    "is_there_already",
    "list_names",
    "restore",
    "staged_files",
    "undo_half_a_switch",
]


def blob_of(step: Step) -> bytes:
    """The blob that a step puts at its path."""
    if step.content is not None:
        return step.content
    if step.mode == LINK:
        return link_target(step.path, step.key).encode()
    return pointer(step.key)


class Kind(Enum):
    """What is at a folder's path."""

    MISSING = "missing"
    FOLDER = "folder"
    OTHER = "other"


class Folders:
    """What folders of the work tree are; each is looked at once for all that is in it."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._kinds = {"": Kind.FOLDER}

    def kind(self, folder: str) -> Kind:
        if folder not in self._kinds:
            self._kinds[folder] = _kind_of(full_path(self._git, folder))
        return self._kinds[folder]

    def is_missing_for(self, path: str) -> bool:
        """Whether nothing can be at *path* because there is no folder for it.

        What is behind a symlink to a folder is at another path.
        """
        return any(self.kind(folder) is not Kind.FOLDER for folder in folders_of(path))


def _kind_of(full: bytes) -> Kind:
    try:
        return Kind.FOLDER if stat.S_ISDIR(os.lstat(full).st_mode) else Kind.OTHER
    except FileNotFoundError:
        return Kind.MISSING
    except OSError:  # a parent is no folder
        return Kind.OTHER


def undo_half_a_switch(git: Git, before: str, commit: str) -> None:
    """Put back what a killed switch from *before* to *commit* had taken and not replaced."""
    touched = set(list_names(git, "diff-tree", "-r", "--name-only", "--no-renames", before, commit))
    _check_out(git, touched.intersection(list_names(git, "ls-files", "--deleted")))


def restore(git: Git, tree: Tree, prefix: str) -> None:
    """Put files back that are missing, or unlocked but not modified, in the work tree.

    This is what ``datalad rerun`` does to the files of a commit before it runs the
    command anew, and what it would commit if the command left it so.

    Args:
        git: the repository.
        tree: of the commit that is checked out.
        prefix: folder to do it in; may be empty.
    """
    start = f"{prefix}/" if prefix else ""
    staged = dict(staged_files(git, tree))
    unlocked = [
        path
        for path, (mode, _) in staged.items()
        if path.startswith(start)
        and path in tree.files
        and (tree.files[path].mode, mode) == (LINK, REGULAR)
    ]
    for batch in batches(unlocked):
        git.ask("annex", "lock", "--", *batch)  # no: it leaves what is modified alone
    missing = list_names(git, "ls-files", "--deleted")
    _check_out(git, (p for p in missing if p.startswith(start) and p not in staged))


def _check_out(git: Git, paths: Iterable[str]) -> None:
    """Make files again that are in the index and missing in the work tree."""
    listing = "".join(f"{path}\0" for path in paths)
    raw = listing.encode("utf-8", "surrogateescape")
    git.run("checkout-index", "-z", "--stdin", stdin=raw)


def full_path(git: Git, path: str) -> bytes:
    return os.path.join(os.fsencode(git.root), path.encode())


def staged_files(git: Git, tree: Tree) -> Iterator[tuple[str, tuple[str, str]]]:
    """Path → mode and blob in the index, where it differs from the commit."""
    if not tree.commit:
        listing = git.run("ls-files", "-z", "--stage").decode("utf-8", "surrogateescape")
        for item in filter(None, listing.split("\0")):
            head, _, path = item.partition("\t")
            mode, oid, _ = head.split(" ")
            yield path, (mode, oid)
        return
    raw = git.run("diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "HEAD")
    fields = raw.decode("utf-8", "surrogateescape").split("\0")
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, oid, _ = head.split(" ")
        yield path, (mode, oid)


def list_names(git: Git, *args: str) -> list[str]:
    at = args.index("--") if "--" in args else len(args)
    command = ("--no-optional-locks", *args[:at], "-z", *args[at:])
    listing = git.run(*command).decode("utf-8", "surrogateescape")
    return [name for name in listing.split("\0") if name]


def blob_oid(blob: bytes, hex_length: int) -> bytes:
    """The name that git gives to a blob, in a repository where names have so many digits."""
    algorithm = "sha1" if hex_length == 40 else "sha256"
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(b"blob %d\0%b" % (len(blob), blob))
    return digest.digest()


def is_there_already(git: Git, step: Step) -> bool:
    """Whether the work tree has at the step's path just what the step writes."""
    full = full_path(git, step.path)
    try:
        mode = os.lstat(full).st_mode
        if stat.S_ISLNK(mode):
            return step.mode == LINK and os.readlink(full) == blob_of(step)
        if stat.S_ISREG(mode) and step.mode != LINK:
            return holds(full, blob_of(step))
    except OSError:
        return step.change is Change.DELETED
    return False


def holds(full: bytes, content: bytes) -> bool:
    try:
        with open(full, "rb") as file:
            return file.read(len(content) + 1) == content
    except OSError:
        return False
