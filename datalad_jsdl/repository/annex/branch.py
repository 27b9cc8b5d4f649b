"""What a dataset has recorded: a read-only view of the git-annex branch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.keys import branch_folder, journal_name, key_file, key_of_file
from datalad_jsdl.repository.annex.logs import (
    WEB_UUID,
    KeyState,
    present_values,
    remote_state,
)
from datalad_jsdl.repository.git.running import batches
from datalad_jsdl.repository.git.trees import parse_tree

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
    "read_records",
]

ANNEX_BRANCH = "refs/heads/git-annex"

# From so many keys on, one listing of the branch costs less than git's finding each of
# their files by its path (0.3 ms).
_LISTING_PAYS = 200

_FOLDER = len("123/456/")
_SUFFIXES = (".log", ".log.web", ".log.rmt")
#: Folders in git-annex's own with what it has not committed yet (its Annex/Journal.hs).
JOURNALS = ("journal", "journal-private")

_WELL_KNOWN = ("config.log", "preferred-content.log", "remote.log")  # read in one go

# What is recorded of a key: location log, URLs, per-remote state; None where there is none
KeyLogs = tuple["bytes | None", "bytes | None", "bytes | None"]


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

    def key_logs(self, keys: Sequence[str]) -> Iterator[KeyLogs]:
        """What is recorded of each of *keys* (no two the same), in their order."""
        if len(keys) < _LISTING_PAYS:
            stems = [branch_folder(key) + key_file(key) for key in keys]
            blobs = iter(self.files([stem + suffix for stem in stems for suffix in _SUFFIXES]))
            yield from zip(blobs, blobs, blobs, strict=True)
            return
        news = self.news()
        # names come in binary, three in one: a million of them have to be held
        listed = [_listed_logs(self._git, commit, keys) for commit in self.commits]
        names = (
            [_names(found, key)[place] for found in listed]
            for key in keys
            if any(found[key_file(key)] for found in listed)
            for place in range(len(_SUFFIXES))
        )
        blobs = self._git.blobs(oid.hex() for several in names for oid in several if any(oid))
        for key in keys:
            logs = []
            for place, suffix in enumerate(_SUFFIXES):
                path = branch_folder(key) + key_file(key) + suffix if news else ""
                parts = journalled(news, path)
                parts += [next(blobs) for found in listed if any(_names(found, key)[place])]
                logs.append(merged(parts))
            yield logs[0], logs[1], logs[2]

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

    def records(self, keys: Iterable[str]) -> dict[str, KeyRecord]:
        """Look up keys; one that nothing is recorded of gets an empty record."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        uuids = self.own_uuids()

        @lru_cache(maxsize=1000)  # most location logs are one, and so are many states
        def in_web(location: bytes | None) -> bool:
            return WEB_UUID in present_values(location)

        @lru_cache(maxsize=1000)
        def state_of(state: bytes | None) -> KeyState:
            return remote_state(state, uuids)

        records = {}
        nothing = KeyRecord()  # one for all: there may be millions
        for key, (location, web, state) in zip(wanted, self.key_logs(wanted), strict=True):
            if location is web is state is None:
                records[key] = nothing
                continue
            records[key] = KeyRecord(tuple(present_values(web)), in_web(location), state_of(state))
        return records

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


def _names(listed: Mapping[str, bytes], key: str) -> list[bytes]:
    """Binary names of the three logs of a key; zeros for one that is not there."""
    names = listed[key_file(key)]
    width = len(names) // len(_SUFFIXES)
    return [names[place * width : (place + 1) * width] for place in range(len(_SUFFIXES))]


def _listed_logs(git: Git, commit: str, keys: Iterable[str]) -> dict[str, bytes]:
    """The keys' file names → the binary names of their three logs, one after the other."""
    found = dict.fromkeys(map(key_file, keys), b"")
    for item in git.items("ls-tree", "-r", "-z", commit):
        head, _, path = item.decode("utf-8", "surrogateescape").partition("\t")
        stem, log, kind = path[_FOLDER:].rpartition(".log")
        if (names := found.get(stem)) is None or log + kind not in _SUFFIXES:
            continue
        if path.startswith(branch_folder(key_of_file(stem))):
            oid = bytes.fromhex(head.rpartition(" ")[2])
            at = _SUFFIXES.index(log + kind) * len(oid)
            names = names or bytes(len(_SUFFIXES) * len(oid))
            found[stem] = names[:at] + oid + names[at + len(oid) :]
    return found


def read_records(git: Git, keys: Iterable[str]) -> dict[str, KeyRecord]:
    """`AnnexBranch.records` of a repository that nothing else is asked of."""
    found = git.text("for-each-ref", "--format=%(objectname)", "refs/**/git-annex").split()
    annex_dir = git.root / git.text("rev-parse", "--git-common-dir") / "annex"
    journals = [annex_dir / name for name in JOURNALS]
    return AnnexBranch(git, list(dict.fromkeys(found)), journals).records(keys)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What the git-annex branch has of a key.

    Attributes:
        urls: registered URLs.
        in_web: the location log counts a copy in the web.
        state: what an earlier manifest said.
    """

    urls: tuple[str, ...] = ()
    in_web: bool = False
    state: KeyState = field(default_factory=KeyState)
