"""git-annex's location logs: that content is here, for thousands of keys in one commit.

git-annex's own way is a file in its journal for each key, which it hashes, stores and commits one
by one: that takes longer than to fetch a small file. So their new contents are one commit, of one
pack, which git-annex merges into its branch as it does with that of a clone: under its own locks,
with what other processes have in its journal, and of each log the lines of both sides. The logs:
https://git-annex.branchable.com/internals/.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import fasteners

from datalad_jsdl.repository.annex.branch import AnnexBranch, journalled, merged
from datalad_jsdl.repository.annex.keys import branch_path
from datalad_jsdl.repository.annex.listing import Listing
from datalad_jsdl.repository.annex.logs import add_present
from datalad_jsdl.repository.importing.write import annex_commit, write_annex_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.repository.git.running import Git

__all__ = ["add_locations"]

_POLL_SECONDS = 0.005


def add_locations(git: Git, annex_dir: Path, keys: Sequence[str], uuid: str, now: float) -> None:
    """Note that the repository *uuid* has the content of *keys*.

    Args:
        git: a repository whose own UUID is not private, and whose lock is held.
        annex_dir: the ``annex`` folder in the ``.git`` folder.
        keys: no two the same.
        uuid: of the repository, as a rule this one.
        now: seconds since 1970, from before it was seen that the content is there: who drops it
            afterwards has the last word.

    Raises:
        OSError: the journal cannot be read.
        DatasetError: the git-annex branch cannot be read, or not be written.
    """
    paths = list(map(branch_path, keys))
    with _journal(annex_dir) as journal:
        base = annex_commit(git)
        news = AnnexBranch(git, (), [journal]).news()
        new = {path: parts for path in paths if news and (parts := journalled(news, path))}
    logs = _committed(git, base, paths)
    # an import gives many keys one time, and so the same log
    changed = {log: add_present(log, [uuid], now) for log in set(logs.values())}
    files = {path: content for path, log in logs.items() if (content := changed[log]) is not None}
    for path, parts in new.items():
        log = logs[path]
        # who reads it now finds the one in the journal, with a later time than the branch's
        content = add_present(merged([*([log] if log else []), *parts]), [uuid], now)
        files.pop(path, None)
        if content is not None:
            files[path] = content
    if files:
        write_annex_files(git, base, files.items())


@contextmanager
def _journal(annex_dir: Path) -> Iterator[Path]:
    """The folder with what git-annex has not committed yet, while nobody writes to it.

    Lock: git-annex's Annex/Journal.hs.
    """
    lock = fasteners.InterProcessLock(annex_dir / "journal.lck")
    lock.acquire(delay=_POLL_SECONDS, max_delay=_POLL_SECONDS)
    try:
        yield annex_dir / "journal"
    finally:
        lock.release()


def _committed(git: Git, base: str, paths: Sequence[str]) -> Mapping[str, bytes | None]:
    """Path → location log in a commit of the git-annex branch; None if the key has no log yet."""
    listing = Listing(git, base, (b".log",))
    names = {path: listing.find(path) for path in paths}
    known = list(dict.fromkeys(filter(None, names.values())))
    contents = dict(zip(known, git.blobs(known), strict=True))
    return {path: contents.get(name) for path, name in names.items()}
