"""What a dataset has recorded of its keys: a read-only view of the git-annex branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.keys import branch_folder, key_file, key_of_file
from datalad_jsdl.repository.annex.logs import (
    WEB_UUID,
    KeyState,
    present_values,
    remote_state,
)
from datalad_jsdl.repository.git.running import batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datalad_jsdl.repository.git.running import Git


__all__ = [
    "ANNEX_BRANCH",
    "KeyLogs",
    "KeyRecord",
    "annex_branch",
    "branch_files",
    "key_logs",
    "read_records",
    "remote_configs",
]

ANNEX_BRANCH = "refs/heads/git-annex"

# From so many keys on, one listing of the branch costs less than git's finding each of
# their files by its path (0.3 ms).
_LISTING_PAYS = 200

_FOLDER = len("123/456/")
_SUFFIXES = (".log", ".log.web", ".log.rmt")

# What is recorded of a key: location log, URLs, per-remote state; None where there is none
KeyLogs = tuple["bytes | None", "bytes | None", "bytes | None"]


def annex_branch(git: Git) -> str:
    """The git-annex branch, or in a clone that has none of its own yet, its origin's."""
    names = ("--format=%(refname)", ANNEX_BRANCH, "refs/remotes/*/git-annex")
    found = next(iter(git.text("for-each-ref", *names).splitlines()), ANNEX_BRANCH)
    if found != ANNEX_BRANCH:
        git.commit(ANNEX_BRANCH)  # raises if it is there and damaged, which is not listed
    return found


def branch_files(git: Git, paths: Iterable[str]) -> Iterator[bytes | None]:
    """Contents of files of the git-annex branch, in the order of *paths*; None if missing.

    Raises:
        DatasetError: git cannot read one.
    """
    branch = annex_branch(git)
    paths = list(paths)
    found = list(git.objects(f"{branch}:{path}" for path in paths))
    absent = [path for path, content in zip(paths, found, strict=True) if content is None]
    # git says the same of a file that is not in the branch and of one whose content is lost
    commit = git.commit(branch) if absent else ""
    for batch in batches(absent) if commit else ():
        for item in git.items("ls-tree", "-z", "--full-tree", commit, "--", *batch):
            raise git.lacks(item.split(b" ", 2)[2].partition(b"\t")[0].decode())
    return iter(found)


def key_logs(git: Git, keys: Sequence[str]) -> Iterator[KeyLogs]:
    """What the git-annex branch has of each of *keys* (no two the same), in their order."""
    if len(keys) < _LISTING_PAYS:
        stems = (branch_folder(key) + key_file(key) for key in keys)
        blobs = branch_files(git, (stem + suffix for stem in stems for suffix in _SUFFIXES))
        yield from zip(blobs, blobs, blobs, strict=True)
        return
    listed = _listed_logs(git, keys)
    # names come in binary, three in one: a million of them have to be held
    known = (key for key in keys if listed[key_file(key)])
    blobs = git.blobs(oid.hex() for key in known for oid in _names(listed, key) if any(oid))
    for key in keys:
        if not listed[key_file(key)]:
            yield None, None, None
            continue
        location, web, state = (next(blobs) if any(oid) else None for oid in _names(listed, key))
        yield location, web, state


def _names(listed: Mapping[str, bytes], key: str) -> list[bytes]:
    """Binary names of the three logs of a key; zeros for one that is not there."""
    names = listed[key_file(key)]
    width = len(names) // len(_SUFFIXES)
    return [names[place * width : (place + 1) * width] for place in range(len(_SUFFIXES))]


def _listed_logs(git: Git, keys: Iterable[str]) -> dict[str, bytes]:
    """The keys' file names → the binary names of their three logs, one after the other."""
    found = dict.fromkeys(map(key_file, keys), b"")
    branch = git.commit(annex_branch(git))
    for item in git.items("ls-tree", "-r", "-z", branch) if branch else ():
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


def remote_configs(git: Git) -> dict[str, dict[str, str]]:
    """The special remotes that the dataset tells of (``remote.log``).

    Returns:
        Configuration UUID → its settings, in which values keep git-annex's escapes.
    """
    newest: dict[str, tuple[float, dict[str, str]]] = {}
    log = next(branch_files(git, ["remote.log"])) or b""
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


def read_records(git: Git, keys: Iterable[str]) -> dict[str, KeyRecord]:
    """Look up keys; one that nothing is recorded of gets an empty record."""
    wanted = list(dict.fromkeys(keys))
    uuids = [
        uuid
        for uuid, settings in remote_configs(git).items()
        if settings.get("externaltype") == "jsdl"
    ]

    @lru_cache(maxsize=1000)  # most location logs are one, and so are many states
    def in_web(location: bytes | None) -> bool:
        return WEB_UUID in present_values(location)

    @lru_cache(maxsize=1000)
    def state_of(state: bytes | None) -> KeyState:
        return remote_state(state, uuids)

    records = {}
    nothing = KeyRecord()  # one for all: there may be millions
    for key, (location, web, state) in zip(wanted, key_logs(git, wanted), strict=True):
        if location is web is state is None:
            records[key] = nothing
            continue
        records[key] = KeyRecord(tuple(present_values(web)), in_web(location), state_of(state))
    return records


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
