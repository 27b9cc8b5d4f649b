"""The user's work tree and index: what is in the way, and the switch to a new commit."""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.model.filters import folders_of
from datalad_jsdl.repository.annex.keys import link_target, pointer
from datalad_jsdl.repository.commit import LINK, REGULAR
from datalad_jsdl.repository.git.running import batches
from datalad_jsdl.repository.importing.steps import Change
from datalad_jsdl.repository.locks import patiently

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.importing.steps import Step

__all__ = [
    "MovedError",
    "blob_of",
    "in_the_way",
    "make_way",
    "restore",
    "switch",
    "undo_half_a_switch",
]


class MovedError(DatasetError):
    """The branch is not where it was when the import was planned."""


def blob_of(step: Step) -> bytes:
    """The blob that a step puts at its path."""
    if step.mode == LINK:
        return link_target(step.path, step.key).encode()
    return pointer(step.key)


def in_the_way(git: Git, tree: Tree, steps: Sequence[Step], *, dry: bool) -> dict[str, str]:
    """The steps that would touch user work: path → a sentence about it.

    What an earlier run that was killed has left behind is not user work. In a *dry* run
    git-annex's filter is not asked whether an unlocked file was modified: it would take
    the modified content into the annex.
    """
    if not steps:
        return {}
    staged = dict(_staged(git, tree))
    no_filter = ("-c", "filter.annex.process=", "-c", "filter.annex.clean=") if dry else ()
    diff = ("diff", "--name-only", "--no-ext-diff", "--ignore-submodules")
    modified = set(_names(git, *no_filter, *diff))
    removed = {s.path for s in steps if s.change is Change.DELETED}
    folders = _Folders(git)
    found: dict[str, str] = {}
    for step in steps:
        if step.path in staged and not _is_staged_already(git, step, staged[step.path]):
            found[step.path] = "it has staged changes; commit or unstage them first"
        elif step.path in modified and not _is_there_already(git, step):
            found[step.path] = "it has uncommitted changes; commit or restore it"
        elif step.change is Change.ADDED:
            for folder in folders_of(step.path):
                if folders.kind(folder) is _Kind.OTHER and removed.isdisjoint(
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


class _Kind(Enum):
    MISSING = "missing"
    FOLDER = "folder"
    OTHER = "other"


class _Folders:
    """What folders of the work tree are; each is looked at once for all that is in it."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._kinds = {"": _Kind.FOLDER}

    def kind(self, folder: str) -> _Kind:
        if folder not in self._kinds:
            self._kinds[folder] = _kind_of(_full(self._git, folder))
        return self._kinds[folder]

    def is_missing_for(self, path: str) -> bool:
        """Whether nothing can be at *path* because there is no folder for it."""
        return self.kind(path.rpartition("/")[0]) is _Kind.MISSING


def _kind_of(full: bytes) -> _Kind:
    try:
        return _Kind.FOLDER if stat.S_ISDIR(os.lstat(full).st_mode) else _Kind.OTHER
    except FileNotFoundError:
        return _Kind.MISSING
    except OSError:  # a parent is no folder
        return _Kind.OTHER


def undo_half_a_switch(git: Git, before: str, commit: str) -> None:
    """Put back what a killed switch from *before* to *commit* had taken and not replaced."""
    touched = set(_names(git, "diff-tree", "-r", "--name-only", "--no-renames", before, commit))
    _check_out(git, touched.intersection(_names(git, "ls-files", "--deleted")))


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
    staged = dict(_staged(git, tree))
    unlocked = [
        path
        for path, (mode, _) in staged.items()
        if path.startswith(start)
        and path in tree.files
        and (tree.files[path].mode, mode) == (LINK, REGULAR)
    ]
    for batch in batches(unlocked):
        git.ask("annex", "lock", "--", *batch)  # no: it leaves what is modified alone
    missing = _names(git, "ls-files", "--deleted")
    _check_out(git, (p for p in missing if p.startswith(start) and p not in staged))


def _check_out(git: Git, paths: Iterable[str]) -> None:
    """Make files again that are in the index and missing in the work tree."""
    listing = "".join(f"{path}\0" for path in paths)
    raw = listing.encode("utf-8", "surrogateescape")
    git.run("checkout-index", "-z", "--stdin", stdin=raw)


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
        patiently(git, lambda: _add_links(git, fresh, len(commit)))
        # finds them in place, and does the rest
        patiently(git, lambda: git.run(*merge, old, commit))
        git.ask("update-index", "-q", "--refresh")  # no: something is modified
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
    staged = frozenset(path for path, _ in _staged(git, tree))
    folders = _Folders(git)
    for step in steps:
        writes = step.change in (Change.ADDED, Change.CHANGED) and step.path not in staged
        if writes and not folders.is_missing_for(step.path) and _is_there_already(git, step):
            os.unlink(_full(git, step.path))
    for path, content in extra.items():
        known = path in tree.files or path in staged
        if not known and _holds(_full(git, path), content):
            os.unlink(_full(git, path))
    return staged


# From so many on, two threads make symlinks in half the time that git's one takes: each
# long target needs a block of the disk, and ext4 can take half a millisecond to find it.
_MANY = 500

_REF_LOCK = 5000  # milliseconds


def _add_links(git: Git, steps: Sequence[Step], oid_length: int) -> None:
    """Put new symlinks into the work tree and the index."""
    by_folder: dict[str, list[Step]] = {}
    for step in steps:
        by_folder.setdefault(step.path.rpartition("/")[0], []).append(step)

    def make(folder: str) -> bytes:
        """Make the links of one folder; returns the names of their blobs, end to end."""
        place = _full(git, folder)
        os.makedirs(place, exist_ok=True)
        oids = []
        for step in by_folder[folder]:
            full = os.path.join(place, step.path.rpartition("/")[2].encode())
            blob = blob_of(step)
            try:
                os.symlink(blob, full)
            except FileExistsError:
                # in_the_way has let empty folders pass, and nothing else
                if not _is_there_already(git, step):  # else it was made before a lock was met
                    os.rmdir(full)
                    os.symlink(blob, full)
            oids.append(_blob_oid(blob, oid_length))
        return b"".join(oids)

    with ThreadPoolExecutor(2) as pool:
        oids = list(pool.map(make, by_folder))
    width = oid_length // 2
    with git.feed("update-index", "-z", "--index-info") as stream:
        for inside, found in zip(by_folder.values(), oids, strict=True):
            for number, step in enumerate(inside):
                oid = found[number * width : (number + 1) * width].hex()
                stream.write(f"{step.mode} {oid}\t{step.path}\0".encode())


def _full(git: Git, path: str) -> bytes:
    return os.path.join(os.fsencode(git.root), path.encode())


def _staged(git: Git, tree: Tree) -> Iterator[tuple[str, tuple[str, str]]]:
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


def _names(git: Git, *args: str) -> list[str]:
    at = args.index("--") if "--" in args else len(args)
    command = ("--no-optional-locks", *args[:at], "-z", *args[at:])
    listing = git.run(*command).decode("utf-8", "surrogateescape")
    return [name for name in listing.split("\0") if name]


def _is_staged_already(git: Git, step: Step, staged: tuple[str, str]) -> bool:
    mode, oid = staged
    if step.change is Change.DELETED:
        return mode == "000000"
    return mode == step.mode and oid == _blob_oid(blob_of(step), len(oid)).hex()


def _blob_oid(blob: bytes, hex_length: int) -> bytes:
    """The name that git gives to a blob, in a repository where names have so many digits."""
    algorithm = "sha1" if hex_length == 40 else "sha256"
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(b"blob %d\0%b" % (len(blob), blob))
    return digest.digest()


def _is_there_already(git: Git, step: Step) -> bool:
    """Whether the work tree has at the step's path just what the step writes."""
    full = _full(git, step.path)
    try:
        mode = os.lstat(full).st_mode
        if stat.S_ISLNK(mode):
            return step.mode == LINK and os.readlink(full) == blob_of(step)
        if stat.S_ISREG(mode) and step.mode != LINK:
            return _holds(full, blob_of(step))
    except OSError:
        return step.change is Change.DELETED
    return False


def _holds(full: bytes, content: bytes) -> bool:
    try:
        with open(full, "rb") as file:
            return file.read(len(content) + 1) == content
    except OSError:
        return False


def _is_occupied(git: Git, tree: Tree, step: Step) -> bool:
    full = _full(git, step.path)
    if step.path in tree.folders:  # all tracked files in it are to be deleted
        return bool(_names(git, "ls-files", "--others", "--", step.path))
    try:
        mode = os.lstat(full).st_mode
    except OSError:
        return False
    if stat.S_ISDIR(mode):
        return bool(os.listdir(full))
    return not _is_there_already(git, step)
