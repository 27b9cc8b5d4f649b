"""Annexed files whose content is not here: found as they come, whatever their number."""

from __future__ import annotations

from hashlib import md5
from itertools import chain, islice
from typing import TYPE_CHECKING

from datalad_jsdl.model.filters import folders_of
from datalad_jsdl.repository.annex.adjusted import hidden_files
from datalad_jsdl.repository.annex.keys import POINTER_MAX, key_from_link, key_from_pointer
from datalad_jsdl.repository.annex.objects import is_here
from datalad_jsdl.repository.commit import LINK, SUBMODULE
from datalad_jsdl.repository.git.running import batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.repository import Repository

__all__ = ["missing_files", "unknown_paths", "unlocked_keys"]

_AT_ONCE = 5000  # files; memory for so many, and one git for them


def unknown_paths(repository: Repository, paths: Iterable[str]) -> list[str]:
    """Those of *paths* under which git has no file."""
    hidden = {item for path in hidden_files(repository) for item in (path, *folders_of(path))}
    return [
        path
        for path in paths
        if path not in hidden and not repository.git.text("ls-files", "--", f":(top,literal){path}")
    ]


def missing_files(repository: Repository, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Path and key of each annexed file whose content is not here; a key comes once.

    Args:
        repository: with an annex.
        paths: files and folders to look at, relative to the top; all if there are none.
    """
    seen: set[bytes] = set()
    git, annex_dir = repository.git, repository.annex_dir
    for path, key in _annexed(git, chain(_tracked(git, paths), _hidden(repository, paths))):
        mark = md5(key.encode("utf-8", "surrogateescape"), usedforsecurity=False).digest()[:8]
        if mark not in seen and not is_here(annex_dir, key):
            seen.add(mark)
            yield path, key


def unlocked_keys(git: Git) -> frozenset[str]:
    """The keys of all files that are unlocked, whether their content is here or not."""
    files = (file for file in _tracked(git, ()) if file[0] != LINK)
    return frozenset(key for _, key in _annexed(git, files))


def _annexed(git: Git, files: Iterator[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    while portion := list(islice(files, _AT_ONCE)):
        regular = [oid for mode, oid, _ in portion if mode not in (LINK, SUBMODULE)]
        small = {
            oid
            for oid, size in zip(regular, git.sizes(regular), strict=True)
            if (size or 0) <= POINTER_MAX
        }
        wanted = [file for file in portion if file[0] == LINK or file[1] in small]
        blobs = git.blobs(oid for _, oid, _ in wanted)
        for (mode, _, path), content in zip(wanted, blobs, strict=True):
            if mode == LINK:
                key = key_from_link(content.decode("utf-8", "surrogateescape"))
            else:
                key = key_from_pointer(content)
            if key:
                yield path, key


def _hidden(repository: Repository, paths: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """The same of what the branch has and an adjusted one does not show."""
    wanted = set(paths)
    for path, file in hidden_files(repository).items():
        if not wanted or not wanted.isdisjoint((path, *folders_of(path))):
            yield file.mode, file.oid, path


def _tracked(git: Git, paths: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Mode, object name and path of what is in the index."""
    specs = [f":(top,literal){path}" for path in paths] or [":(top)"]
    for batch in batches(specs):
        for item in git.items("ls-files", "--stage", "-z", "--full-name", "--", *batch):
            head, _, path = item.decode("utf-8", "surrogateescape").partition("\t")
            mode, oid, stage = head.split(" ")
            if stage == "0":  # else there is a conflict
                yield mode, oid, path
