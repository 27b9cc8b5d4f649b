"""Plan → git objects: a commit for git-annex's branch, and one for the work branch.

Each goes to a ref of our own, which appears only when git has all its objects. git-annex then
merges the first one; the work branch is moved by the caller.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.annex.branch import ANNEX_BRANCH, AnnexBranch
from datalad_jsdl.repository.annex.config import COMMIT_NOW, branch_message, vector_clock
from datalad_jsdl.repository.annex.keys import branch_path
from datalad_jsdl.repository.annex.logs import WEB_UUID, KeyState, add_present, set_remote_state
from datalad_jsdl.repository.commit import REGULAR, SUBMODULE
from datalad_jsdl.repository.git.pack import give, open_pack, writing_pack
from datalad_jsdl.repository.importing.committing import (
    add_commits,
    author,
    commit_config,
    committer,
    create_ref,
    is_signed,
    raw,
    signed,
)
from datalad_jsdl.repository.importing.steps import Change, in_order_of_paths
from datalad_jsdl.repository.importing.worktree import blob_of
from datalad_jsdl.repository.repository import ANNEX_REF, RECORDS_REF, WORK_REF

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.git.pack import PackWriter
    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.git.trees import TreeChange
    from datalad_jsdl.repository.importing.steps import Plan
    from datalad_jsdl.repository.importing.submodules import Link

__all__ = [
    "ARCHIVES_FILE",
    "Logs",
    "annex_commit",
    "merge_annex_branch",
    "recording",
    "write_annex_files",
    "write_commit",
]

#: Files of the git-annex branch, path → content, worked out of what that has.
Logs = Callable[[AnnexBranch], Sequence[tuple[str, bytes]]]

#: Where zips of the dataset's files are kept: it may be all that an import changes.
ARCHIVES_FILE = ".datalad/jsdl/archives.json"

# git-annex has git list what a merge changes, which takes it half a kilobyte a file, of which a
# key has two or three
_KEYS_AT_ONCE = 500_000

# for git: otherwise it maps whole packs into memory
_LITTLE_MEMORY = ("-c", "core.packedGitWindowSize=16m", "-c", "core.packedGitLimit=128m")


@contextmanager
def recording(
    git: Git, plan: Plan, config_uuid: str, logs: Logs | None = None
) -> Iterator[Callable[[], None]]:
    """Prepare what the plan records of keys, and further logs.

    git has nothing of it until what is yielded is called.

    Args:
        git: the repository.
        plan: what to write.
        config_uuid: under which the special remote keeps its per-key state.
        logs: gives other files of the git-annex branch, which are in no folder.

    Yields:
        Hands all of it to git, and has git-annex merge it. It may be called in another thread.
    """
    if not plan.records and logs is None:
        yield lambda: merge_annex_branch(git)
        return
    config = commit_config(git)
    # no two folders of the git-annex branch are alike: each has the names of its own keys
    with open_pack(git, expected=len(plan.records), distinct=True) as pack:
        # a commit without parent would hide all earlier state
        base = annex_commit(git)
        others = logs(AnnexBranch(git, [base])) if logs is not None else ()
        files = chain(others, _log_files(git, base, plan, config_uuid))
        # a commit's name changes when it is signed, so that the next one would lose its parent
        steps = 1 if is_signed(ANNEX_REF, config) else -(-len(plan.records) // _KEYS_AT_ONCE)
        commits = _annex_commits(git, pack, base, files, config, steps)

        def record() -> None:
            give(git, pack)
            last = commits[-1]
            if len(commits) > 1:  # else git might remove what nothing refers to yet
                git.run("update-ref", RECORDS_REF, last)
            for commit in commits:
                create_ref(git, ANNEX_REF, signed(git, ANNEX_REF, commit, config))
                merge_annex_branch(git)
            if len(commits) > 1:
                git.run("update-ref", "-d", RECORDS_REF, last)

        yield record


def write_commit(
    git: Git,
    tree: Tree,
    plan: Plan,
    message: str,
    extra: Mapping[str, bytes],
    links: Mapping[str, Link],
) -> str:
    """Write the plan's commit for the work branch to `WORK_REF`.

    Args:
        git: the repository.
        tree: of the commit that is built upon.
        plan: what to write.
        message: of the commit.
        extra: path → content of further files.
        links: path → subdataset to be recorded.

    Returns:
        The commit, or "" if the tree stays as it is.
    """
    if not (plan.writes_tree or links or ARCHIVES_FILE in extra):
        return ""
    with writing_pack(git, len(plan.steps)) as pack:
        changes = heapq.merge(
            _step_changes(pack, plan),
            _file_changes(pack, sorted(extra.items())),
            sorted(_link_changes(links)),
            key=_path,
        )
        in_git = any(step.content is not None for step in plan.steps)
        (commit,) = add_commits(
            git, pack, changes, tree.commit, message, author(git), names_tree=in_git
        )
    commit = signed(git, WORK_REF, commit, commit_config(git))
    create_ref(git, WORK_REF, commit)
    return commit


def write_annex_files(git: Git, base: str, files: Iterable[tuple[str, bytes]]) -> None:
    """Write whole files of the git-annex branch to `ANNEX_REF`, and have them merged.

    What others have written to the branch meanwhile, or to git-annex's journal, stays: of each
    file git-annex keeps the lines of both sides.

    Args:
        git: the repository.
        base: the commit of the branch whose files these are, with something changed.
        files: path → content.

    Raises:
        DatasetError: git or git-annex cannot do it; what was written is merged the next time.
    """
    if git.commit(ANNEX_REF):
        merge_annex_branch(git)  # of a run that was killed
    config = commit_config(git)
    with writing_pack(git) as pack:
        (commit,) = _annex_commits(git, pack, base, sorted(files), config)
    create_ref(git, ANNEX_REF, signed(git, ANNEX_REF, commit, config))
    merge_annex_branch(git)


def merge_annex_branch(git: Git) -> None:
    """Have git-annex take `ANNEX_REF` into its branch, and delete the ref.

    Any reading git-annex command merges such branches; ``git annex merge`` would also
    merge ``synced/*`` into the user's branch.

    Raises:
        DatasetError: it was not merged.
    """
    commit = git.commit(ANNEX_REF)
    merging = ("-c", "annex.merge-annex-branches=true")
    git.run("annex", "numcopies", *merging, *_LITTLE_MEMORY, *COMMIT_NOW)
    if not commit:
        return
    if git.ask("merge-base", "--is-ancestor", commit, ANNEX_BRANCH) is None:
        raise DatasetError(f"git-annex did not merge the recorded changes in {git.root}")
    git.run("update-ref", "-d", ANNEX_REF, commit)


def annex_commit(git: Git) -> str:
    """The commit that the git-annex branch is at.

    Raises:
        DatasetError: there is no such branch.
    """
    return git.text("rev-parse", "--verify", ANNEX_BRANCH + "^0")


def _annex_commits(
    git: Git,
    pack: PackWriter,
    base: str,
    files: Iterable[tuple[str, bytes]],
    config: Mapping[str, str],
    steps: int = 1,
) -> list[str]:
    message = branch_message(git, config)
    changes = _file_changes(pack, files)
    return add_commits(git, pack, changes, base, message, committer(git), steps=steps)


def _log_files(git: Git, base: str, plan: Plan, config_uuid: str) -> Iterator[tuple[str, bytes]]:
    annex = AnnexBranch(git, [base])
    now = vector_clock()
    nothing = KeyState()
    new_location = add_present(None, [WEB_UUID], now)

    @lru_cache(maxsize=1000)  # most states are those of many keys
    def new_state(state: KeyState) -> bytes:
        return set_remote_state(None, config_uuid, state, now)

    for key, (location, web, state) in annex.key_logs(plan.records):
        record, path = plan.records[key], branch_path(key)
        if record.in_web:
            present = new_location if location is None else add_present(location, [WEB_UUID], now)
            if present:
                yield path, present
        if content := add_present(web, record.urls, now):
            yield path + ".web", content
        if state:
            yield path + ".rmt", set_remote_state(state, config_uuid, record.state, now)
        elif record.state != nothing:
            yield path + ".rmt", new_state(record.state)


def _step_changes(pack: PackWriter, plan: Plan) -> Iterator[TreeChange]:
    kinds = (Change.ADDED, Change.CHANGED, Change.DELETED)
    steps = [step for step in plan.steps if step.change in kinds]
    in_order_of_paths(steps)
    for step in steps:
        if step.change is Change.DELETED:
            yield raw(step.path), None
        else:
            yield raw(step.path), (step.mode.encode(), pack.add(b"blob", blob_of(step)))


def _file_changes(pack: PackWriter, files: Iterable[tuple[str, bytes]]) -> Iterator[TreeChange]:
    for path, content in files:
        yield raw(path), (REGULAR.encode(), pack.add(b"blob", content))


def _link_changes(links: Mapping[str, Link]) -> Iterator[TreeChange]:
    for path, link in links.items():
        yield raw(path), (SUBMODULE.encode(), bytes.fromhex(link.commit))


def _path(change: TreeChange) -> bytes:
    return change[0]
