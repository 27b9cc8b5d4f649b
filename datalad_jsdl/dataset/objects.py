"""Plan → git objects: one ``git fast-import`` for the work branch and git-annex's.

Stream format: git-fast-import(1). Both commits go to refs of our own, which appear
only when all objects are written; the branches themselves are moved afterwards.
"""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING

from datalad_jsdl.dataset.keys import branch_path
from datalad_jsdl.dataset.logs import WEB_UUID, add_present, set_remote_state
from datalad_jsdl.dataset.plan import Change
from datalad_jsdl.dataset.records import ANNEX_BRANCH, branch_files
from datalad_jsdl.dataset.worktree import blob_of
from datalad_jsdl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datalad_jsdl.dataset.git import Git
    from datalad_jsdl.dataset.plan import Plan
    from datalad_jsdl.dataset.tree import Tree

__all__ = ["ANNEX_REF", "WORK_REF", "merge_annex_branch", "write_annex_files", "write_objects"]

WORK_REF = "refs/jsdl/work"
# git-annex merges every branch whose name ends in /git-annex into its own
ANNEX_REF = "refs/heads/jsdl/git-annex"


def write_objects(
    git: Git,
    tree: Tree,
    plan: Plan,
    message: str,
    config_uuid: str,
    extra: Mapping[str, bytes],
) -> str:
    """Write the plan's commits to `WORK_REF` and `ANNEX_REF`.

    Args:
        git: the repository.
        tree: of the commit that is built upon.
        plan: what to write.
        message: of the commit on the work branch.
        config_uuid: under which the special remote keeps its per-key state.
        extra: path → content of further files for the work branch.

    Returns:
        The commit for the work branch, or "" if the plan leaves the tree as it is.
    """
    with git.feed("fast-import", "--quiet", "--done", "--date-format=raw") as stream:
        if plan.writes_tree:
            _commit(stream, WORK_REF, _author(git) + _committer(git), message, tree.commit)
            for step in plan.steps:
                if step.change is Change.DELETED:
                    stream.write(b"D " + _quoted(step.path) + b"\n")
            for step in plan.steps:
                if step.change in (Change.ADDED, Change.CHANGED):
                    _file(stream, step.mode, step.path, blob_of(step))
            for path, content in extra.items():
                _file(stream, "100644", path, content)
        if plan.records:
            _annex_commit(git, stream, _log_files(git, plan, config_uuid))
        stream.write(b"done\n")
    return git.text("rev-parse", "--verify", WORK_REF) if plan.writes_tree else ""


def write_annex_files(git: Git, files: Iterable[tuple[str, bytes]]) -> None:
    """Write whole files of the git-annex branch to `ANNEX_REF`, and have them merged."""
    with git.feed("fast-import", "--quiet", "--done", "--date-format=raw") as stream:
        _annex_commit(git, stream, files)
        stream.write(b"done\n")
    merge_annex_branch(git)


def merge_annex_branch(git: Git) -> None:
    """Have git-annex take `ANNEX_REF` into its branch, and delete the ref.

    Any reading git-annex command merges such branches; ``git annex merge`` would also
    merge ``synced/*`` into the user's branch.

    Raises:
        DatasetError: it was not merged.
    """
    commit = git.text("rev-parse", "--verify", "--quiet", ANNEX_REF)
    git.run("annex", "numcopies", "-c", "annex.merge-annex-branches=true")
    if not commit:
        return
    if git.attempt("merge-base", "--is-ancestor", commit, ANNEX_BRANCH).returncode:
        raise DatasetError(f"git-annex did not take over what was recorded, in {git.root}")
    git.run("update-ref", "-d", ANNEX_REF, commit)


def _annex_commit(git: Git, stream: IO[bytes], files: Iterable[tuple[str, bytes]]) -> None:
    # always on top of the branch: a commit without parent would hide all earlier state
    _commit(stream, ANNEX_REF, _committer(git), "update", ANNEX_BRANCH + "^0")
    for path, content in files:
        _file(stream, "100644", path, content)


def _log_files(git: Git, plan: Plan, config_uuid: str) -> Iterator[tuple[str, bytes]]:
    now = time.time()
    keys = list(plan.records)
    suffixes = ("", ".web", ".rmt")
    # all of them before the first is written: fast-import may lock what cat-file reads
    blobs = list(branch_files(git, [branch_path(k) + suffix for k in keys for suffix in suffixes]))
    for index, key in enumerate(keys):
        location, web, state = blobs[3 * index : 3 * index + 3]
        record, path = plan.records[key], branch_path(key)
        if record.in_web and (content := add_present(location, [WEB_UUID], now)):
            yield path, content
        if content := add_present(web, record.urls, now):
            yield path + ".web", content
        if str(record.state) or state:
            yield path + ".rmt", set_remote_state(state, config_uuid, record.state, now)


def _commit(stream: IO[bytes], ref: str, identity: bytes, message: str, parent: str) -> None:
    text = message.encode("utf-8", "surrogateescape")
    stream.write(b"commit %s\n%sdata %d\n%s\n" % (ref.encode(), identity, len(text), text))
    if parent:
        stream.write(b"from %s\n" % parent.encode())


def _file(stream: IO[bytes], mode: str, path: str, content: bytes) -> None:
    stream.write(
        b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), _quoted(path), len(content), content)
    )


def _quoted(path: str) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'


def _author(git: Git) -> bytes:
    return b"author " + git.run("var", "GIT_AUTHOR_IDENT")


def _committer(git: Git) -> bytes:
    return b"committer " + git.run("var", "GIT_COMMITTER_IDENT")
