"""What a dataset has recorded of its keys: a read-only view of the git-annex branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.dataset.keys import branch_path
from datalad_jsdl.dataset.logs import WEB_UUID, present_values, remote_state
from datalad_jsdl.dataset.plan import KeyRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalad_jsdl.dataset.git import Git

__all__ = ["ANNEX_BRANCH", "annex_branch", "branch_files", "read_records", "remote_configs"]

ANNEX_BRANCH = "refs/heads/git-annex"

# From so many files on, one listing of the branch costs less than git's finding each of
# them by its path (0.3 ms).
_LISTING_PAYS = 500


def annex_branch(git: Git) -> str:
    """The git-annex branch, or in a clone that has none of its own yet, its origin's."""
    names = ("--format=%(refname)", ANNEX_BRANCH, "refs/remotes/*/git-annex")
    return next(iter(git.text("for-each-ref", *names).splitlines()), ANNEX_BRANCH)


def branch_files(git: Git, paths: Sequence[str]) -> Iterator[bytes | None]:
    """Contents of files of the git-annex branch, in the order of *paths*; None if missing."""
    branch = annex_branch(git)
    if len(paths) < _LISTING_PAYS:
        return git.objects(f"{branch}:{path}" for path in paths)
    wanted = dict.fromkeys(paths, "")
    listing = git.attempt("ls-tree", "-r", "-z", branch).stdout
    for item in listing.decode("utf-8", "surrogateescape").split("\0"):
        head, _, path = item.partition("\t")
        if path in wanted:
            wanted[path] = head.rpartition(" ")[2]
    found = git.objects(wanted[path] for path in paths if wanted[path])
    return (next(found) if wanted[path] else None for path in paths)


def remote_configs(git: Git) -> dict[str, dict[str, str]]:
    """The special remotes that the dataset tells of (``remote.log``).

    Returns:
        Configuration UUID → its settings, in which values keep git-annex's escapes.
    """
    newest: dict[str, tuple[float, dict[str, str]]] = {}
    log = git.attempt("cat-file", "blob", f"{annex_branch(git)}:remote.log").stdout
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
    wanted = list(keys)
    uuids = [
        uuid
        for uuid, settings in remote_configs(git).items()
        if settings.get("externaltype") == "jsdl"
    ]
    suffixes = ("", ".web", ".rmt")
    blobs = branch_files(git, [branch_path(key) + suffix for key in wanted for suffix in suffixes])
    records = {}
    for key in wanted:
        location, web, state = next(blobs), next(blobs), next(blobs)
        records[key] = KeyRecord(
            tuple(present_values(web)),
            WEB_UUID in present_values(location),
            remote_state(state, uuids),
        )
    return records
