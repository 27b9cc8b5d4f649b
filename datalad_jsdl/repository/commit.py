"""What a commit's tree holds: paths, modes, and the keys of its annexed files."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from datalad_jsdl.model.digests import ALGORITHMS
from datalad_jsdl.model.filters import folders_of
from datalad_jsdl.repository.annex.keys import POINTER_MAX, key_from_link, key_from_pointer
from datalad_jsdl.repository.git.calling import failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

    from datalad_jsdl.repository.git.running import Git

__all__ = ["EXECUTABLE", "LINK", "REGULAR", "SUBMODULE", "Tree", "TreeFile", "is_housekeeping"]

_FATAL = 128  # exit code of a git that gave up
REGULAR, EXECUTABLE, LINK, SUBMODULE = "100644", "100755", "120000", "160000"


@dataclass(frozen=True, slots=True)
class TreeFile:
    """One file of a tree.

    Attributes:
        mode: git's six octal digits.
        raw_oid: binary name of the blob (of the commit, for a submodule); there may be millions.
    """

    mode: str
    raw_oid: bytes

    @classmethod
    def of(cls, mode: str, oid: str) -> TreeFile:
        """The file of which git tells these."""
        return cls(sys.intern(mode), bytes.fromhex(oid))

    @property
    def oid(self) -> str:
        """The same name in hex."""
        return self.raw_oid.hex()


class Tree:
    """The files of one commit, read once.

    Attributes:
        commit: hex object name, or "" for a branch without commits.
        files: by path, in git's order (that of the paths' bytes).
    """

    def __init__(
        self, git: Git | None = None, revision: str = "HEAD", commit: str | None = None
    ) -> None:
        """Read the tree of *revision*; without a repository it is an empty one.

        Args:
            git: the repository.
            revision: by any name that git knows.
            commit: the one that it names, where that is known.
        """
        self.files: dict[str, TreeFile] = {}
        self.commit = ""
        if git is None:
            return
        self._git = git
        self.commit = commit_of(git, revision) if commit is None else commit
        if not self.commit:
            return
        for item in git.items("ls-tree", "-r", "-z", "--full-tree", self.commit):
            head, _, path = item.decode("utf-8", "surrogateescape").partition("\t")
            mode, _, oid = head.split(" ")
            self.files[path] = TreeFile.of(mode, oid)

    @cached_property
    def folders(self) -> set[str]:
        """Every folder that a file lies in."""
        return _folders(self.files)

    def folders_without(self, removed: Set[str]) -> set[str]:
        """Every folder that another file than *removed* lies in."""
        if not removed:
            return self.folders
        return _folders(path for path in self.files if path not in removed)

    def keys(self, paths: Iterable[str]) -> dict[str, str | None]:
        """The keys of those of *paths* that are files here; None: kept in git itself."""
        keys: dict[str, str | None] = {}
        links: list[str] = []
        regular: list[str] = []
        for path in paths:
            if path in self.files:
                keys[path] = None
                mode = self.files[path].mode
                if mode == LINK:
                    links.append(path)
                elif mode != SUBMODULE:
                    regular.append(path)
        if not keys:
            return keys
        sizes = self._git.sizes(self.files[path].oid for path in regular)
        small = [p for p, size in zip(regular, sizes, strict=True) if (size or 0) <= POINTER_MAX]
        for path, blob in self._contents(links):
            keys[path] = key_from_link(blob.decode("utf-8", "surrogateescape"))
        for path, blob in self._contents(small):
            keys[path] = key_from_pointer(blob)
        return keys

    def sizes(self, paths: Sequence[str]) -> dict[str, int]:
        """Bytes of the blobs of files here."""
        found = self._git.sizes(self.files[path].oid for path in paths)
        return {path: size or 0 for path, size in zip(paths, found, strict=True)}

    def contents(self, paths: Iterable[str]) -> Iterator[bytes]:
        """The blobs of files here, in the given order."""
        return self._git.blobs(self.files[path].oid for path in paths)

    def _contents(self, paths: list[str]) -> Iterable[tuple[str, bytes]]:
        blobs = self._git.blobs(self.files[path].oid for path in paths)
        return zip(paths, blobs, strict=True)

    def same_content(self, path: str, digests: Mapping[str, str]) -> bool:
        """Whether a file kept in git has the strongest of *digests* (algorithm → hex)."""
        content = next(iter(self._git.blobs([self.files[path].oid])))
        for name, algorithm in ALGORITHMS.items():
            if name in digests:
                digest = algorithm.new()
                digest.update(content)
                return digest.hexdigest() == digests[name]
        return False


def commit_of(git: Git, revision: str) -> str:
    """The commit that *revision* names, or "" if it names none.

    Raises:
        DatasetError: git cannot say, or the commit that a branch points to is missing.
    """
    if revision.startswith("-") or not _can_be_said(revision):
        return ""
    question = ("rev-parse", "--verify", "--quiet", revision + "^{commit}")
    done = git.attempt(*question)
    if done.returncode == _FATAL and (start := revision.partition("@{"))[1]:
        # no reflog, or no upstream, is fatal to it: what it is of tells whether git works here
        git.ask("rev-parse", "--verify", "--quiet", (start[0] or "HEAD") + "^{commit}")
        return ""
    if done.returncode > 1:
        raise failed(question, git.root, done.returncode, done.stderr or done.stdout)
    found = "" if done.returncode else done.stdout.decode().strip()
    if not found and (ref := git.commit(revision) if revision == "HEAD" else ""):
        raise git.lacks(ref)
    return "" if found.startswith("^") else found  # "all but those of this commit"


def _can_be_said(revision: str) -> bool:
    """Whether a program can be asked for it at all."""
    try:
        return b"\0" not in os.fsencode(revision)
    except UnicodeEncodeError:  # a lone surrogate
        return False


def _folders(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        for folder in folders_of(path):
            if folder in found:
                break
            found.add(folder)
    return found


def is_housekeeping(path: str) -> bool:
    """Whether a path is one by which a dataset is kept, not one that a person came for."""
    first, _, rest = path.partition("/")
    if rest:
        return first == ".datalad" or path.endswith("/.gitattributes")
    return path in (".gitattributes", ".gitmodules")
