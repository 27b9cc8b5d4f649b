"""Commit messages: the run record, and which paths earlier imports wrote."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datalad_jsdl.repository.git.running import Git

__all__ = [
    "TRAILER",
    "commit_message",
    "imported_paths",
    "is_adjustment",
    "recorded_manifests",
    "with_tree",
    "written_paths",
]

TRAILER = "Jsdl-Manifest"
_TREE = "Jsdl-Tree"
# around the record, as ``datalad run`` has them
_RECORD, _RECORD_END = (
    "=== Do not change lines below ===\n",
    "\n^^^ Do not change lines above ^^^",
)

# git-annex's own, of the commit that makes an adjusted branch of another one
_ADJUSTED = "git-annex adjusted branch"


def commit_message(
    subject: str,
    manifest_sha256: str,
    prefix: str,
    command: Sequence[str] | None,
    dataset_id: str,
) -> str:
    """The message of an import's commit.

    Args:
        subject: first line, or a whole message of the user's.
        manifest_sha256: hex digest of the manifest as it was read.
        prefix: folder that was imported into; may be empty.
        command: the command to repeat the import with, or None for no run record.
        dataset_id: of the DataLad dataset; may be empty.

    The record is what ``datalad run`` writes and ``datalad rerun`` reads, except that
    it names no outputs: rerun unlinks outputs that have no content.
    """
    trailer = f"{TRAILER}: sha256:{manifest_sha256}{_mark(prefix)}\n"
    if command is None:
        return f"{subject}\n\n{trailer}"
    record = {
        "chain": [],
        # rerun expands {placeholders} in the command
        "cmd": shlex.join(command).replace("{", "{{").replace("}", "}}"),
        "dsid": dataset_id,
        "exit": 0,
        "extra_inputs": [],
        "inputs": [],
        "outputs": [],
        "pwd": ".",
    }
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
    return f"[DATALAD RUNCMD] {subject}\n\n{_RECORD}{text}{_RECORD_END}\n\n{trailer}"


def with_tree(message: str, tree: str) -> str:
    """A message that also says which tree its commit has: one that is amended has another one.

    Args:
        message: see `commit_message`.
        tree: hex name of it.
    """
    return f"{message}{_TREE}: {tree}\n"


def _mark(prefix: str) -> str:
    return f" into {json.dumps(prefix)}" if prefix else ""


def _marks(prefix: str) -> tuple[str, ...]:
    """What a message says of an import into a folder; of none, earlier versions said that too."""
    return (_mark(prefix),) if prefix else ("", ' into ""')


def is_adjustment(message: str) -> bool:
    """Whether a commit only makes a branch an adjusted one; nothing but its message tells."""
    return message.strip() == _ADJUSTED


def imported_paths(git: Git, commit: str, paths: Iterable[str], prefix: str) -> set[str]:
    """Those of *paths* that an import into *prefix* touched last, as the history tells."""
    return set(_imported(git, commit, paths, prefix))


def written_paths(git: Git, commit: str, paths: Iterable[str], prefix: str) -> set[str]:
    """Likewise, of commits with content in git that nobody has amended since."""
    imported = _imported(git, commit, paths, prefix)
    return {path for path, as_it_was in imported.items() if as_it_was}


def recorded_manifests(git: Git, commit: str) -> list[str]:
    """What the newest import into each folder was given, as its run record has it."""
    pattern = f"--grep=^{TRAILER}: sha256:"
    log = git.run("log", "-z", "--format=%B", "--first-parent", pattern, commit, "--")
    found: dict[str, str] = {}  # by folder
    for message in log.decode("utf-8", "surrogateescape").split("\0"):
        rest = message.partition(_RECORD)[2]
        _, _, mark = rest.rpartition(f"\n{TRAILER}: sha256:")
        try:
            command = json.loads(rest.partition(_RECORD_END)[0])["cmd"]
            given = shlex.split(command.replace("{{", "{").replace("}}", "}"))[-1]
        except (ValueError, LookupError, TypeError, AttributeError):
            continue  # somebody has written it anew, or it has none
        found.setdefault(mark.partition("\n")[0][64:], given)
    return list(found.values())


def _imported(git: Git, commit: str, paths: Iterable[str], prefix: str) -> dict[str, bool]:
    """Each path, and whether its commit says that it is as the import made it."""
    undecided = set(paths)
    found: dict[str, bool] = {}
    if not undecided or not commit:
        return found
    log = git.run(
        "log", "-z", "--format=%x01%T%n%B%x02", "--name-only", "--no-renames", "-m",
        "--first-parent", commit,
    ).decode("utf-8", "surrogateescape")  # fmt: skip
    for item in log.split("\x01")[1:]:
        head, _, names = item.partition("\x02")
        tree, _, message = head.partition("\n")
        if is_adjustment(message):
            continue  # all that is not locked, and nobody has changed any of it
        touched = undecided.intersection(name.lstrip("\n") for name in names.split("\0"))
        undecided -= touched
        _, trailer, mark = message.rpartition(f"\n{TRAILER}: sha256:")
        if trailer and mark.partition("\n")[0][64:] in _marks(prefix):
            found |= dict.fromkeys(touched, f"\n{_TREE}: {tree}\n" in mark)
        if not undecided:
            break
    return found
