"""git-annex's location logs, changed as it changes them itself.

A change is first a file in git-annex's journal, which has the whole new content of a file of
its branch; some command commits it later. Format and lock: git-annex's Annex/Journal.hs;
https://git-annex.branchable.com/internals/. ``git annex setpresentkey`` does the same, and
takes longer for it than to fetch a small file.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import fasteners

from datalad_jsdl.repository.annex.branch import ANNEX_BRANCH
from datalad_jsdl.repository.annex.config import vector_clock
from datalad_jsdl.repository.annex.keys import branch_path, journal_name
from datalad_jsdl.repository.annex.listing import Listing
from datalad_jsdl.repository.annex.logs import add_present

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.repository.git.running import Git

__all__ = ["LocationLogs"]

_POLL_SECONDS = 0.005


class LocationLogs:
    """Those of a repository whose own UUID is not private.

    Args:
        git: the repository.
        annex_dir: the ``annex`` folder in the ``.git`` folder.
    """

    def __init__(self, git: Git, annex_dir: Path) -> None:
        self._git = git
        self._journal = annex_dir / "journal"
        self._new = annex_dir / "jsdl" / "journal.tmp"
        self._lock = fasteners.InterProcessLock(annex_dir / "journal.lck")
        self._commit = ""
        self._listing = Listing(git, "", ())

    def add(self, keys: Sequence[str], uuid: str) -> None:
        """Note that the repository *uuid* has the content of *keys* (no two the same).

        Raises:
            OSError: the journal cannot be written.
            DatasetError: the git-annex branch cannot be read.
        """
        with self._locked():
            self._look_again()
            paths = [branch_path(key) for key in keys]
            names = [self._listing.find(path) for path in paths]
            # without one, what others have would be forgotten
            blobs = self._git.blobs(name for name in names if name)
            now = vector_clock()
            for path, name in zip(paths, names, strict=True):
                known = next(blobs) if name else None
                file = self._journal / journal_name(path)
                with suppress(FileNotFoundError):
                    known = file.read_bytes()
                if (content := add_present(known, [uuid], now)) is not None:
                    self._new.write_bytes(content)
                    self._new.replace(file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        os.makedirs(self._journal, exist_ok=True)
        os.makedirs(self._new.parent, exist_ok=True)
        self._lock.acquire(delay=_POLL_SECONDS, max_delay=_POLL_SECONDS)
        try:
            yield
        finally:
            self._lock.release()

    def _look_again(self) -> None:
        """List the branch, unless it is where it was."""
        commit = self._git.commit(ANNEX_BRANCH)
        if commit != self._commit:
            self._listing = Listing(self._git, commit, (b".log",))
            self._commit = commit
