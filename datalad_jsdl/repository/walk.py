"""Once through a commit: every file with its size and its recorded time, as they come."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum
from itertools import islice
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.keys import (
    POINTER_MAX,
    key_from_link,
    key_from_pointer,
    parse_key,
)
from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.commit import EXECUTABLE, LINK, SUBMODULE

if TYPE_CHECKING:
    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.repository import Repository

__all__ = ["Code", "Walked", "walk"]

_AT_ONCE = 20_000  # files; three git processes for so many


class Code(Enum):
    """What git has at a path."""

    PLAIN = 0
    EXECUTABLE = 1
    LINK = 2  # of git-annex's
    POINTER = 3  # an unlocked file of git-annex's
    EXECUTABLE_POINTER = 4
    SYMLINK = 5
    SUBDATASET = 6
    FOLDER = 7

    @property
    def is_annexed(self) -> bool:
        """Whether git-annex has the content."""
        return self in (Code.LINK, Code.POINTER, Code.EXECUTABLE_POINTER)


# path, what it is, binary object name, bytes if known, seconds since 1970 or NaN
Walked = Iterable[tuple[bytes, Code, bytes, "int | None", float]]


def walk(repository: Repository, commit: str) -> Walked:
    """The files of a commit, in git's order.

    Args:
        repository: which need not have a work tree.
        commit: hex object name.

    Raises:
        DatasetError: git cannot read one of its objects.
    """
    listed = repository.git.items("ls-tree", "-r", "-z", "--full-tree", commit)
    with KeyLookup(repository, states_only=True) as lookup:
        while portion := list(islice(listed, _AT_ONCE)):
            yield from _portion(repository.git, lookup, portion)


def _portion(git: Git, lookup: KeyLookup, items: list[bytes]) -> Walked:
    files = []
    for item in items:
        head, _, path = item.partition(b"\t")
        mode, _, oid = head.decode().split(" ")
        files.append((path, mode, oid))
    regular = [oid for _, mode, oid in files if mode not in (LINK, SUBMODULE)]
    sizes = dict(zip(regular, git.sizes(regular), strict=True))
    small = {oid for oid, size in sizes.items() if size is not None and size <= POINTER_MAX}
    contents = git.blobs(oid for _, mode, oid in files if mode == LINK or oid in small)
    found = [
        _described(mode, next(contents) if mode == LINK or oid in small else b"", sizes.get(oid))
        for _, mode, oid in files
    ]
    keys = list(dict.fromkeys(key for _, _, key in found if key))
    times = {
        key: state.mtime.timestamp()
        for key, state in zip(keys, lookup.states(keys), strict=True)
        if state.mtime is not None
    }
    for (path, _, oid), (code, known, key) in zip(files, found, strict=True):
        yield path, code, bytes.fromhex(oid), known, times.get(key, math.nan)


def _described(mode: str, content: bytes, size: int | None) -> tuple[Code, int | None, str]:
    """What it is, its size, and its key if it has one.

    Args:
        mode: git's.
        content: of the blob, if it is one that may stand for a key.
        size: of the blob, for a regular file.
    """
    if mode == SUBMODULE:
        return Code.SUBDATASET, None, ""
    if mode == LINK:
        if key := key_from_link(content.decode("utf-8", "surrogateescape")):
            return Code.LINK, _size(key), key
        return Code.SYMLINK, len(content), ""
    executable = mode == EXECUTABLE
    if key := key_from_pointer(content):
        return Code.EXECUTABLE_POINTER if executable else Code.POINTER, _size(key), key
    return Code.EXECUTABLE if executable else Code.PLAIN, size, ""


def _size(key: str) -> int | None:
    parsed = parse_key(key)
    return parsed.size if parsed else None
