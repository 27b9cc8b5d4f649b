"""What the git-annex branch says of one key after the other, for who asks thousands of times.

git-annex answers such questions, too, but takes 1 ms for each: it finds every file by its
path. A listing of the branch, read once, leads straight to the object.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.branch import JOURNALS, journalled, merged
from datalad_jsdl.repository.annex.keys import branch_path, journal_name
from datalad_jsdl.repository.annex.listing import Listing
from datalad_jsdl.repository.annex.logs import KeyState, present_values, remote_state
from datalad_jsdl.repository.git.blobs import BlobReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.repository.repository import Repository

__all__ = ["KeyLookup"]

_STATES = (b".log.rmt",)
_WANTED = (b".log.web", *_STATES)
_WORTH_READING = 8  # once one in so many records was asked for, the rest probably will be
_MOST_HELD = 20_000  # records
_LONG = 512  # bytes; longer records are not held


class KeyLookup:
    """URLs and per-key state of keys, as of when it was made; safe for threads.

    A context manager, which ends the git process that it reads with.

    Memory: some 100 bytes a key; where there are few of them, also what is said of them.

    Args:
        repository: with an annex.
        states_only: nobody will ask for URLs.
    """

    def __init__(self, repository: Repository, *, states_only: bool = False) -> None:
        self._git = repository.git
        self._annex = repository.annex
        journals = (os.path.join(repository.annex_dir, name) for name in JOURNALS)
        self._journals = [os.path.join(journal, "") for journal in journals]
        self._lock = threading.Lock()
        self._reader: BlobReader | None = None
        self._uuids = self._annex.own_uuids()
        commits = self._annex.commits or ("",)
        wanted = _STATES if states_only else _WANTED
        self._listing, *self._others = [Listing(self._git, c, wanted) for c in commits]
        self._asked = 0
        self._holding = threading.Lock()
        self._held: list[bytes | None] = []  # their contents, once they are worth reading

    def __enter__(self) -> KeyLookup:
        return self

    def __exit__(self, *details: object) -> None:
        with self._lock:
            if self._reader is not None:
                self._reader.__exit__(*details)
                self._reader = None

    def find_all(self, keys: Sequence[str]) -> Iterator[tuple[str, list[str], KeyState]]:
        """Each key with its URLs and its state; with no URL where none is known."""
        paths = [branch_path(key) + suffix for key in keys for suffix in (".web", ".rmt")]
        logs = self._logs(paths)
        for key, web, state in zip(keys, logs, logs, strict=True):
            yield key, present_values(web), remote_state(state, self._uuids)

    def states(self, keys: Sequence[str]) -> Iterator[KeyState]:
        """The state of each key."""
        for state in self._logs([f"{branch_path(key)}.rmt" for key in keys]):
            yield remote_state(state, self._uuids)

    def _logs(self, paths: Sequence[str]) -> Iterator[bytes | None]:
        listings = (self._listing, *self._others)
        names = [[listing.find(path) for listing in listings] for path in paths]
        blobs = self._git.blobs(name for several in names for name in several if name)
        news = self._annex.news()
        for path, several in zip(paths, names, strict=True):
            yield merged([*journalled(news, path), *(next(blobs) for name in several if name)])

    def find(self, key: str) -> tuple[list[str], KeyState] | None:
        """The URLs and the state of a key; None if git-annex has to be asked.

        That is so where nothing is known, and where git-annex has news that are not yet
        in its branch.
        """
        path = branch_path(key)
        paths = f"{path}.web", f"{path}.rmt"
        if any(map(self._is_news, paths)):
            return None
        web, state = map(self._read, paths)
        urls = present_values(web)
        return (urls, remote_state(state, self._uuids)) if urls else None

    def _is_news(self, path: str) -> bool:
        name = journal_name(path)
        return any(os.path.exists(journal + name) for journal in self._journals)

    def _read(self, path: str) -> bytes | None:
        place = self._listing.place(path)
        if place is None:
            return None
        self._asked += 1
        if not self._held and self._asked * _WORTH_READING >= len(self._listing):
            self._hold()
        held = self._held[place] if self._held else None
        return self._read_one(self._listing.name(place)) if held is None else held

    def _hold(self) -> None:
        """Read all at once, without a round trip through git for each.

        Whoever does so keeps nobody waiting; the lock is for good.
        """
        if len(self._listing) > _MOST_HELD or not self._holding.acquire(blocking=False):
            return
        blobs: list[bytes | None] = []
        with suppress(OSError, ValueError):  # then they are read one by one
            names = map(self._listing.name, range(len(self._listing)))
            blobs = [
                blob if blob and len(blob) < _LONG else None for blob in self._git.objects(names)
            ]
        if len(blobs) == len(self._listing):  # else git broke off
            self._held = blobs

    def _read_one(self, oid: str) -> bytes:
        with self._lock:
            if self._reader is None:
                self._reader = BlobReader(self._git).__enter__()
            return b"".join(self._reader.read(oid))
