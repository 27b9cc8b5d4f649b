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
from datalad_jsdl.repository.annex.config import (
    COMMIT_NOW,
    branch_message,
    is_true,
    vector_clock,
)
from datalad_jsdl.repository.annex.keys import branch_path
from datalad_jsdl.repository.annex.logs import WEB_UUID, KeyState, add_present, set_remote_state
from datalad_jsdl.repository.commit import REGULAR, SUBMODULE
from datalad_jsdl.repository.git.pack import give, open_pack, writing_pack
from datalad_jsdl.repository.git.tree_reader import TreeReader
from datalad_jsdl.repository.git.trees import build_tree
from datalad_jsdl.repository.importing.provenance import with_tree
from datalad_jsdl.repository.importing.steps import Change, in_order_of_paths
from datalad_jsdl.repository.importing.worktree import blob_of
from datalad_jsdl.repository.repository import ANNEX_REF, WORK_REF

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
    config = _config(git)
    # no two folders of the git-annex branch are alike: each has the names of its own keys
    with open_pack(git, expected=len(plan.records), distinct=True) as pack:
        # a commit without parent would hide all earlier state
        base = annex_commit(git)
        others = logs(AnnexBranch(git, [base])) if logs is not None else ()
        files = chain(others, _log_files(git, base, plan, config_uuid))
        commit = _annex_commit(git, pack, base, files, config)

        def record() -> None:
            give(git, pack)
            _create(git, ANNEX_REF, _signed(git, ANNEX_REF, commit, config))
            merge_annex_branch(git)

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
        commit = _commit(git, pack, changes, tree.commit, message, _author(git), names_tree=in_git)
    commit = _signed(git, WORK_REF, commit, _config(git))
    _create(git, WORK_REF, commit)
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
    config = _config(git)
    with writing_pack(git) as pack:
        commit = _annex_commit(git, pack, base, sorted(files), config)
    _create(git, ANNEX_REF, _signed(git, ANNEX_REF, commit, config))
    merge_annex_branch(git)


def merge_annex_branch(git: Git) -> None:
    """Have git-annex take `ANNEX_REF` into its branch, and delete the ref.

    Any reading git-annex command merges such branches; ``git annex merge`` would also
    merge ``synced/*`` into the user's branch.

    Raises:
        DatasetError: it was not merged.
    """
    commit = git.commit(ANNEX_REF)
    git.run("annex", "numcopies", "-c", "annex.merge-annex-branches=true", *COMMIT_NOW)
    if not commit:
        return
    if git.ask("merge-base", "--is-ancestor", commit, ANNEX_BRANCH) is None:
        raise DatasetError(f"git-annex did not merge the recorded changes in {git.root}")
    git.run("update-ref", "-d", ANNEX_REF, commit)


def _config(git: Git) -> dict[str, str]:
    """The settings that commits are made by."""
    pattern = r"^annex\.(commitmessage(-command)?|allowsign)$|^commit\.gpgsign$"
    listed = git.ask("config", "-z", "--get-regexp", pattern) or b""
    items = listed.decode("utf-8", "surrogateescape").split("\0")
    pairs = (item.partition("\n") for item in items if item)
    return {name: value for name, _, value in pairs}


def _signed(git: Git, ref: str, commit: str, config: Mapping[str, str]) -> str:
    """A commit, signed where ``commit.gpgSign`` asks for it.

    On its own branch git-annex signs only if ``annex.allowsign`` is set, too.

    Raises:
        DatasetError: git cannot sign it, with what it said.
    """
    wanted = is_true(config.get("commit.gpgsign", ""))
    if not wanted or (ref == ANNEX_REF and not is_true(config.get("annex.allowsign", ""))):
        return commit
    head, _, message = git.run("cat-file", "commit", commit).partition(b"\n\n")
    fields = (line.partition(b" ") for line in head.split(b"\n"))
    parents = [f"-p{value.decode()}" for name, _, value in fields if name == b"parent"]
    signed = git.run("commit-tree", "-S", f"{commit}^{{tree}}", *parents, stdin=message)
    return signed.decode().strip()


def annex_commit(git: Git) -> str:
    """The commit that the git-annex branch is at.

    Raises:
        DatasetError: there is no such branch.
    """
    return git.text("rev-parse", "--verify", ANNEX_BRANCH + "^0")


def _annex_commit(
    git: Git,
    pack: PackWriter,
    base: str,
    files: Iterable[tuple[str, bytes]],
    config: Mapping[str, str],
) -> str:
    message = branch_message(git, config)
    return _commit(git, pack, _file_changes(pack, files), base, message, _committer(git))


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
            yield _raw(step.path), None
        else:
            yield _raw(step.path), (step.mode.encode(), pack.add(b"blob", blob_of(step)))


def _file_changes(pack: PackWriter, files: Iterable[tuple[str, bytes]]) -> Iterator[TreeChange]:
    for path, content in files:
        yield _raw(path), (REGULAR.encode(), pack.add(b"blob", content))


def _link_changes(links: Mapping[str, Link]) -> Iterator[TreeChange]:
    for path, link in links.items():
        yield _raw(path), (SUBMODULE.encode(), bytes.fromhex(link.commit))


def _path(change: TreeChange) -> bytes:
    return change[0]


def _commit(
    git: Git,
    pack: PackWriter,
    changes: Iterable[TreeChange],
    parent: str,
    message: str,
    author: bytes,
    *,
    names_tree: bool = False,
) -> str:
    """Add the commit that makes *changes* to *parent* ("": to nothing); its name."""
    base = git.text("rev-parse", "--verify", f"{parent}^{{tree}}") if parent else ""
    trees = TreeReader(git, bytes.fromhex(base) or None)
    tree = build_tree(pack, trees.ahead(changes), bytes.fromhex(base) or None, trees.read)
    if names_tree:
        message = with_tree(message, tree.hex())
    lines = [b"tree " + tree.hex().encode()]
    if parent:
        lines.append(b"parent " + parent.encode())
    lines += [b"author " + author, b"committer " + _committer(git), b"", _raw(message)]
    return pack.add(b"commit", b"\n".join(lines)).hex()


def _create(git: Git, ref: str, commit: str) -> None:
    """Make a ref that was not there."""
    git.run("update-ref", ref, commit, "0" * len(commit))


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _author(git: Git) -> bytes:
    return git.run("var", "GIT_AUTHOR_IDENT").rstrip(b"\n")


def _committer(git: Git) -> bytes:
    return git.run("var", "GIT_COMMITTER_IDENT").rstrip(b"\n")
