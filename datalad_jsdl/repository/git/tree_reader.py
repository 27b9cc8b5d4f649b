"""Trees of a commit that changes lead through, read for thousands of changes at a time.

A question to git for each tree, and a wait for its answer, would take longer than all that is
made of them.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.repository.git.trees import FOLDER, parse_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.git.trees import TreeChange

__all__ = ["TreeReader"]

_AT_ONCE = 5000  # changes


class TreeReader:
    """Reads what `build_tree` asks for, ahead of its asking.

    Memory: the trees of some thousand changes.

    Args:
        git: the repository.
        base: binary name of the tree that is built upon, or None for an empty one.

    Raises:
        DatasetError: git lacks a tree.
    """

    def __init__(self, git: Git, base: bytes | None) -> None:
        self._git = git
        self._base = base
        self._trees: dict[bytes, bytes] = {}
        self._ask([base] if base else [])

    def ahead(self, changes: Iterable[TreeChange]) -> Iterator[TreeChange]:
        """The same changes, of which the trees on their way are read."""
        coming = iter(changes)
        known = self._folders(self._base) if self._base else {}
        if self._base is None or not known:
            yield from coming
            return
        while portion := list(islice(coming, _AT_ONCE)):
            ways = [path.split(b"/")[:-1] for path, _ in portion]
            self._read_for([way for way in ways if way and way[0] in known], self._base)
            yield from portion

    def read(self, oid: bytes) -> bytes:
        """Content of a tree that a change leads through, by its binary name."""
        return self._trees[oid]

    def _read_for(self, ways: list[list[bytes]], base: bytes) -> None:
        self._trees = {base: self._trees[base]}
        level = {base: ways}  # what lies below which tree
        while level := self._below(level):
            self._ask(level)

    def _below(self, level: dict[bytes, list[list[bytes]]]) -> dict[bytes, list[list[bytes]]]:
        found: dict[bytes, list[list[bytes]]] = {}
        for oid, ways in level.items():
            folders = self._folders(oid) if ways else {}
            for first, *rest in ways:
                if below := folders.get(first):
                    further = found.setdefault(below, [])
                    if rest:
                        further.append(rest)
        return found

    def _folders(self, oid: bytes) -> dict[bytes, bytes]:
        entries = parse_tree(self._trees[oid], len(oid))
        return {name: below for mode, name, below in entries if mode == FOLDER}

    def _ask(self, oids: Iterable[bytes]) -> None:
        wanted = [oid for oid in oids if oid not in self._trees]
        contents = self._git.blobs(oid.hex() for oid in wanted)
        self._trees.update(zip(wanted, contents, strict=True))
