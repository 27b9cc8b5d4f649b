"""What a dataset has recorded: a read-only view of the git-annex branch."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.annex.keys import (
    branch_folder,
    branch_order,
    journal_name,
    key_file,
)
from datalad_jsdl.repository.annex.logs import (
    WEB_UUID,
    KeyState,
    present_values,
    remote_state,
)
from datalad_jsdl.repository.git.running import batches
from datalad_jsdl.repository.git.trees import FOLDER, parse_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.repository.git.running import Git


__all__ = [
    "ANNEX_BRANCH",
    "JOURNALS",
    "AnnexBranch",
    "KeyLogs",
    "KeyRecord",
    "journalled",
    "merged",
]

ANNEX_BRANCH = "refs/heads/git-annex"

# From so many keys on, one listing of the branch costs less than git's finding each of
# their files by its path (0.3 ms).
_LISTING_PAYS = 200

_HASH = len("123")
_FOLDER = len("123/456/")
_SUFFIXES = (".log", ".log.web", ".log.rmt")
_NONE = (0, 0, 0)  # logs of each kind
#: Folders in git-annex's own with what it has not committed yet (its Annex/Journal.hs).
JOURNALS = ("journal", "journal-private")

_WELL_KNOWN = ("config.log", "preferred-content.log", "remote.log")  # read in one go

# What is recorded of a key: location log, URLs, per-remote state; None where there is none
KeyLogs = tuple["bytes | None", "bytes | None", "bytes | None"]
_NO_LOGS: KeyLogs = (None, None, None)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What the git-annex branch has of a key.

    Attributes:
        urls: registered URLs.
        in_web: the location log counts a copy in the web; tells nothing where that was not asked.
        state: what an earlier manifest said.
    """

    urls: tuple[str, ...] = ()
    in_web: bool = False
    state: KeyState = field(default_factory=KeyState)


class AnnexBranch:
    """What git-annex has recorded, as it stands in some commits and in its journals.

    Where several tell of one file, what they say is put together, as git-annex merges it: of
    the lines for one value the newest counts. Nothing is written.

    Args:
        git: the repository.
        commits: of the git-annex branch, and of those that are to be merged into it.
        journals: folders with what git-annex has not committed yet; they need not be there.
    """

    def __init__(self, git: Git, commits: Sequence[str], journals: Sequence[Path] = ()) -> None:
        self._git = git
        self.commits = commits
        self._journals = journals

    @property
    def is_journalled(self) -> bool:
        """Whether there is something that git-annex has not committed yet."""
        return any(self.news().values())

    def files(self, paths: Sequence[str]) -> list[bytes | None]:
        """Contents of *paths* (no two the same), in their order; None if missing.

        Raises:
            DatasetError: git cannot read one.
        """
        news = self.news()
        found = [journalled(news, path) for path in paths]
        for commit in self.commits if paths else ():
            for parts, content in zip(found, self._committed(commit, paths), strict=True):
                parts += [] if content is None else [content]
        return list(map(merged, found))

    def key_logs(
        self, keys: Iterable[str], *, located: bool = True
    ) -> Iterator[tuple[str, KeyLogs]]:
        """What is recorded of each of *keys* (no two the same), in the order of their folders.

        Args:
            keys: which.
            located: read location logs, too.
        """
        suffixes = _SUFFIXES[not located :]
        keys = list(keys)
        if len(keys) >= _LISTING_PAYS:
            if self._has_no_key:
                yield from ((key, _NO_LOGS) for key in _in_order(keys))
            else:
                yield from self._listed(_in_order(keys), suffixes)
            return
        keys.sort(key=branch_order)
        stems = [branch_folder(key) + key_file(key) for key in keys]
        blobs = iter(self.files([stem + suffix for stem in stems for suffix in suffixes]))
        for key in keys:
            yield key, (next(blobs) if located else None, next(blobs), next(blobs))

    def _listed(
        self, keys: Iterable[str], suffixes: Sequence[str]
    ) -> Iterator[tuple[str, KeyLogs]]:
        """The same from listings of the branch, of which no more than a folder is held."""
        # how many there are of each log of a key
        coming: deque[tuple[str, Sequence[int]]] = deque()
        trouble: list[DatasetError] = []
        unread = _NONE[len(suffixes) :]

        def names() -> Iterator[str]:  # in the thread that writes them to git
            try:
                listings = [_Listed(self._git, commit) for commit in self.commits]
                for folder, inside in groupby(keys, branch_folder):
                    found = [at for listing in listings if (at := listing.folder(folder))]
                    if not found:  # as of every key in a first import
                        coming.extend((key, _NONE) for key in inside)
                        continue
                    for key in inside:
                        logs = [key_file(key) + suffix for suffix in suffixes]
                        known = [[at[log] for at in found if log in at] for log in logs]
                        if any(known):
                            coming.append((key, [*unread, *map(len, known)]))
                            yield from chain.from_iterable(known)
                        else:
                            coming.append((key, _NONE))
            except DatasetError as error:
                trouble.append(error)

        news = self.news()
        parts: list[bytes] = []
        for blob in self._git.blobs(names()):
            while not any(coming[0][1]):
                yield _logs_of(*coming.popleft(), [], news)
            parts.append(blob)
            if len(parts) == sum(coming[0][1]):
                yield _logs_of(*coming.popleft(), parts, news)
                parts = []
        if trouble:
            raise trouble[0]
        while coming:
            yield _logs_of(*coming.popleft(), [], news)

    @cached_property
    def _has_no_key(self) -> bool:
        """Whether there is no log of any key, as in a new dataset."""
        if self.is_journalled:
            return False
        roots = self._git.objects(f"{commit}^{{tree}}" for commit in self.commits)
        return all(
            root is not None  # else whoever lists it says so
            and not any(
                mode == FOLDER and len(name) == _HASH
                for mode, name, _ in parse_tree(root, len(commit) // 2)
            )
            for commit, root in zip(self.commits, roots, strict=True)
        )

    def lines(self, name: str) -> list[str]:
        """Those of one of `_WELL_KNOWN`."""
        blob = self._well_known[name] or b""
        return blob.decode("utf-8", "surrogateescape").splitlines()

    @cached_property
    def _well_known(self) -> dict[str, bytes | None]:
        return dict(zip(_WELL_KNOWN, self.files(_WELL_KNOWN), strict=True))

    def remotes(self) -> dict[str, dict[str, str]]:
        """The special remotes that the dataset tells of (``remote.log``).

        Returns:
            Configuration UUID → its settings, in which values keep git-annex's escapes.
        """
        newest: dict[str, tuple[float, dict[str, str]]] = {}
        log = self._well_known["remote.log"] or b""
        for line in log.decode("utf-8", "surrogateescape").split("\n"):
            uuid, *pairs = line.split(" ")
            settings = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
            try:
                time = float(settings.pop("timestamp", "0").rstrip("s"))
            except ValueError:
                time = 0.0
            if uuid and (uuid not in newest or newest[uuid][0] <= time):
                newest[uuid] = (time, settings)
        return {uuid: settings for uuid, (_, settings) in newest.items()}

    def own_uuids(self) -> list[str]:
        """Under which the special remotes of ours keep their states."""
        remotes = self.remotes().items()
        return [uuid for uuid, settings in remotes if settings.get("externaltype") == "jsdl"]

    def config(self) -> dict[str, str]:
        """What ``git annex config`` keeps in the git-annex branch, for all clones.

        ``config.log``: lines ``TIMESTAMP NAME VALUE``, of which the newest counts.
        """
        newest: dict[str, tuple[float, str]] = {}
        log = self._well_known["config.log"] or b""
        for line in log.decode("utf-8", "surrogateescape").split("\n"):
            stamp, _, rest = line.partition(" ")
            name, space, value = rest.partition(" ")
            try:
                seconds = float(stamp.rstrip("s"))
            except ValueError:
                continue
            if space and newest.get(name, (0.0, ""))[0] <= seconds:
                newest[name] = (seconds, value)
        return {name: value for name, (_, value) in newest.items()}

    def records(
        self, keys: Iterable[str], *, located: bool = True
    ) -> Iterator[tuple[str, KeyRecord]]:
        """Look up keys, each once; one that nothing is recorded of has an empty record.

        Args:
            keys: which.
            located: find out `KeyRecord.in_web`, too.
        """
        wanted = list(dict.fromkeys(keys))
        nothing = KeyRecord()  # one for all: there may be millions
        if len(wanted) >= _LISTING_PAYS and self._has_no_key:
            yield from ((key, nothing) for key in wanted)
        elif wanted:
            yield from self._records(wanted, nothing, located=located)

    def _records(
        self, wanted: Sequence[str], nothing: KeyRecord, *, located: bool
    ) -> Iterator[tuple[str, KeyRecord]]:
        uuids = self.own_uuids()

        @lru_cache(maxsize=1000)  # most location logs are one, and so are many states
        def in_web(location: bytes | None) -> bool:
            return WEB_UUID in present_values(location)

        @lru_cache(maxsize=1000)
        def state_of(state: bytes | None) -> KeyState:
            return remote_state(state, uuids)

        for key, (location, web, state) in self.key_logs(wanted, located=located):
            if location is web is state is None:
                yield key, nothing
                continue
            urls = tuple(present_values(web))
            yield key, KeyRecord(urls, in_web(location), state_of(state))

    def news(self) -> dict[str, list[Path]]:
        """What the journals have: git-annex's name of a file there → where it is."""
        news: dict[str, list[Path]] = {}
        for folder in self._journals:
            with suppress(FileNotFoundError):
                for name in os.listdir(folder):
                    news.setdefault(name, []).append(folder / name)
        return news

    def _committed(self, commit: str, paths: Sequence[str]) -> Iterator[bytes | None]:
        """Contents of *paths* in a commit.

        git says the same of a file that is not there and of one whose content is lost, so that
        the folders are asked for, too.
        """
        folders = dict.fromkeys(path.rpartition("/")[0] for path in paths)
        trees = (f"{commit}:{folder}" if folder else f"{commit}^{{tree}}" for folder in folders)
        found = self._git.objects(chain(trees, (f"{commit}:{path}" for path in paths)))
        known = {
            folder: {name: oid for _, name, oid in parse_tree(tree, len(commit) // 2)}
            for folder, tree in zip(folders, found, strict=False)
            if tree is not None
        }
        unsure = []
        contents = list(found)
        for path, content in zip(paths, contents, strict=True):
            folder, _, name = path.rpartition("/")
            if content is None and folder not in known:
                unsure.append(path)
            elif content is None and (oid := known[folder].get(os.fsencode(name))):
                raise self._git.lacks(oid.hex())
        for batch in batches(unsure):
            for item in self._git.items("ls-tree", "-z", "--full-tree", commit, "--", *batch):
                raise self._git.lacks(item.split(b" ", 2)[2].partition(b"\t")[0].decode())
        return iter(contents)


def _in_order(keys: Iterable[str]) -> Iterator[str]:
    """Many keys in the order of their folders, sorted in parts: what is sorted by takes memory."""
    parts: list[list[str]] = [[] for _ in range(256)]
    for key in keys:
        parts[branch_order(key) >> 16].append(key)
    for part in parts:
        part.sort(key=branch_order)
        yield from part


def journalled(news: Mapping[str, Sequence[Path]], path: str) -> list[bytes]:
    """What git-annex has not committed yet of a file of its branch; see `AnnexBranch.news`."""
    parts = []
    for file in news.get(journal_name(path), ()) if news else ():
        with suppress(FileNotFoundError):  # git-annex has just committed it
            parts.append(file.read_bytes())
    return parts


def merged(parts: Sequence[bytes]) -> bytes | None:
    """Logs of one kind in one; git-annex ends every line."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return b"".join(part if part.endswith(b"\n") else part + b"\n" for part in parts)


def _logs_of(
    key: str, counts: Sequence[int], blobs: Sequence[bytes], news: Mapping[str, Sequence[Path]]
) -> tuple[str, KeyLogs]:
    """What is recorded of a key: *blobs*, of which each log has so many, and what is new."""
    if counts is _NONE and not news:
        return key, _NO_LOGS
    left = iter(blobs)
    if not news and max(counts) < 2:
        first, second, third = counts
        return key, (
            next(left) if first else None,
            next(left) if second else None,
            next(left) if third else None,
        )
    path = branch_folder(key) + key_file(key) if news else ""
    location, web, state = (
        merged([*journalled(news, path + suffix), *islice(left, count)])
        for suffix, count in zip(_SUFFIXES, counts, strict=True)
    )
    return key, (location, web, state)


class _Listed:
    """The logs of keys in a commit, folder after folder."""

    def __init__(self, git: Git, commit: str) -> None:
        items = git.items("ls-tree", "-r", "-z", "--full-tree", commit)
        self._folders = groupby(items, _folder_of)
        self._at = next(self._folders, None)

    def folder(self, name: str) -> dict[str, str]:
        """File names → object names; folders are to be asked for in their order."""
        while self._at is not None and self._at[0] < name:
            self._at = next(self._folders, None)
        if self._at is None or self._at[0] != name:
            return {}
        pairs = (item.decode("utf-8", "surrogateescape").partition("\t") for item in self._at[1])
        return {path[_FOLDER:]: head.rpartition(" ")[2] for head, _, path in pairs}


def _folder_of(item: bytes) -> str:
    """The folder of a key's log, as ``ls-tree`` lists it."""
    return item.partition(b"\t")[2][:_FOLDER].decode("utf-8", "surrogateescape")
