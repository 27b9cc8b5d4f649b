"""What a commit has, folder by folder, for who shows it in pages.

A commit is walked through once: its tree, the keys of its annexed files, what is recorded of
them. What that finds is held, in some 70 bytes a file: a page after it costs three git processes
and what is on it. Only git's objects are read: a bare repository will do.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from datalad_jsdl.errors import NothingThereError
from datalad_jsdl.repository.commit import commit_of
from datalad_jsdl.repository.rows import Row, Rows
from datalad_jsdl.repository.walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.repository.repository import Repository
    from datalad_jsdl.repository.walk import Walked

__all__ = ["Folders"]

_MOST = 256 << 20  # bytes
_OF_TIMES = (".log.rmt", "remote.log")  # files of git-annex's branch that times are from

# a repository, a commit of it, and what is recorded of its keys
_Name = tuple[object, ...]


class Folders:
    """Shows folders of commits, of any repositories; safe for threads.

    Whoever asks for a commit that another thread is on the way through waits for that one.

    Memory: what was walked through last, and what was used last of the rest.

    Args:
        most: bytes to be held of several commits; of one it may be more.
        is_left_out: which paths are neither shown nor counted.
    """

    def __init__(self, most: int = _MOST, is_left_out: Callable[[str], bool] | None = None) -> None:
        self._most = most
        self._is_left_out = is_left_out
        self._lock = threading.Lock()
        self._held: OrderedDict[_Name, Rows] = OrderedDict()
        self._coming: dict[_Name, Future[Rows]] = {}  # somebody is on the way through these

    def rows(
        self,
        repository: Repository,
        revision: str,
        folder: str = "",
        *,
        after: str = "",
        limit: int = 1000,
    ) -> tuple[Row, ...]:
        """What is in a folder, in git's order: that of the names' bytes, folders with a slash.

        Args:
            repository: which need not have a work tree.
            revision: a commit, branch or tag. Of an adjusted branch: what that one shows.
            folder: path without a slash at its end; "" for the whole dataset.
            after: begin behind this name of the folder.
            limit: the most rows to return.

        Raises:
            NothingThereError: there is no such commit or folder.
            DatasetError: git cannot read it.
        """
        found = self.commit(repository, revision)
        start, end = found.place(folder)
        first = found.behind(after, start, end) if after else start
        return found.rows(repository, folder, range(first, min(end, first + max(0, limit))))

    def total(self, repository: Repository, revision: str, folder: str = "") -> Row:
        """A folder as a row, with what is in it and below; raises as `rows` does."""
        return self.commit(repository, revision).folder(folder)

    def commit(self, repository: Repository, revision: str) -> Rows:
        """All rows of a commit; raises as `rows` does."""
        commit = commit_of(repository.git, revision)
        if not commit:
            raise NothingThereError(f"git finds no commit {revision!r} in {repository.root}")
        repository.refresh()
        name = _name(repository, commit)
        while True:
            with self._lock:
                if name in self._held:
                    self._held.move_to_end(name)
                    return self._held[name]
                others = self._coming.get(name)
                if others is None:
                    own = self._coming[name] = Future()
            if others is None:
                return self._walk(repository, commit, name, own)
            with suppress(_EndedError):
                return others.result()

    def _walk(self, repository: Repository, commit: str, name: _Name, coming: Future[Rows]) -> Rows:
        """Walk for all who wait for it; they are told, too, what goes wrong."""
        problem: BaseException = _EndedError()  # this thread alone was ended: another one walks
        found = None
        try:
            found = Rows(self._shown(walk(repository, commit)), len(commit) // 2)
        except Exception as error:
            problem = error
            raise
        finally:
            with self._lock:
                del self._coming[name]
                if found is not None:
                    self._hold(name, found)
            if found is None:
                coming.set_exception(problem)
            else:
                coming.set_result(found)
        return found

    def _shown(self, walked: Walked) -> Walked:
        is_left_out = self._is_left_out
        if is_left_out is None:
            return walked
        return (i for i in walked if not is_left_out(i[0].decode("utf-8", "surrogateescape")))

    def _hold(self, name: _Name, found: Rows) -> None:
        self._held[name] = found
        while len(self._held) > 1 and sum(c.memory for c in self._held.values()) > self._most:
            self._held.popitem(last=False)


class _EndedError(Exception):
    """Whoever walked was ended before it came to anything."""


def _name(repository: Repository, commit: str) -> _Name:
    """What is found in a walk stands for; a commit never changes, what is recorded of it does."""
    return (
        repository.common_dir.absolute(),
        commit,
        *repository.annex.commits,
        *sorted(_journalled(repository)),
    )


def _journalled(repository: Repository) -> Iterator[tuple[str, int, int, int]]:
    """The files with times that git-annex has not committed yet, each as it is now."""
    for name, files in repository.annex.news().items():
        for file in files if name.endswith(_OF_TIMES) else ():
            with suppress(FileNotFoundError):  # it was just committed
                found = file.stat()
                yield str(file), found.st_ino, found.st_size, found.st_mtime_ns
