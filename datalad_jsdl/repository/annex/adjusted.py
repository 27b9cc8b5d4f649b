"""git-annex's adjusted branches: what the branch has, whatever of it they show.

``git annex adjust`` checks out ``adjusted/main(hidemissing)`` and the like: one commit on top of
``main``, by which files are unlocked, locked or hidden, and commits of the user's on top of that.
git-annex brings those back to ``main`` with its next merge, and makes the branch anew. So an
import is made on ``main``, and git-annex merges it.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.commit import Tree, TreeFile
from datalad_jsdl.repository.importing.provenance import is_adjustment
from datalad_jsdl.repository.locks import patiently

if TYPE_CHECKING:
    from datalad_jsdl.repository.git.running import Git
    from datalad_jsdl.repository.repository import Repository

__all__ = [
    "Branch",
    "bring_back",
    "checked_out",
    "hidden_files",
    "merge_adjusted",
    "own_tree",
    "require_brought_back",
    "require_no_view",
    "show_what_is_here",
]

_HEADS = "refs/heads/"
_OPTIONS = {
    "fixed": "--fix",
    "hidemissing": "--hide-missing",
    "locked": "--lock",
    "unlocked": "--unlock",
    "unlockpresent": "--unlock-present",
}


@dataclass(frozen=True, slots=True)
class Branch:
    """What is checked out.

    Attributes:
        name: full name of the branch; "" if HEAD is detached.
        basis: full name of the branch that it is adjusted from; "" if it is none of these.
        adjustments: git-annex's words for them.
    """

    name: str
    basis: str = ""
    adjustments: tuple[str, ...] = ()

    @property
    def is_view(self) -> bool:
        """Whether it has the files in other places than the dataset (``git annex view``)."""
        return (self.basis or self.name).startswith(f"{_HEADS}views/")

    @property
    def depends_on_content(self) -> bool:
        """Whether it looks different with every content that comes or goes."""
        return not {"hidemissing", "unlockpresent"}.isdisjoint(self.adjustments)

    @property
    def hides(self) -> bool:
        """Whether it lacks files whose content is not here."""
        return "hidemissing" in self.adjustments


def checked_out(repository: Repository) -> Branch:
    """The branch that HEAD is."""
    name = repository.head.branch
    match = re.fullmatch(rf"{_HEADS}adjusted/(.+)\(([a-z-]*)\)", name)
    if match is None:
        return Branch(name)
    return Branch(name, _HEADS + match[1], tuple(match[2].split("-")))


def require_no_view(repository: Repository) -> None:
    """Raises DatasetError if what is checked out has the files in other places."""
    if checked_out(repository).is_view:
        raise DatasetError(
            f"a git-annex view is checked out in {repository.root}; to leave it, run there: "
            "git annex vpop"
        )


def require_brought_back(repository: Repository) -> None:
    """Raises DatasetError if an adjusted branch has commits that its basis has not.

    What they hold is in no commit that stays.
    """
    git, branch = repository.git, checked_out(repository)
    if not branch.basis or not git.commit(branch.basis):
        return
    start = _adjusting(git, branch)
    if start and start != repository.head.commit:
        shown = branch.basis.removeprefix(_HEADS)
        raise DatasetError(
            f"the adjusted branch in {repository.root} has commits that {shown} has not; to bring "
            f"them there, run there: git annex merge {shlex.quote(shown)}"
        )


def own_tree(repository: Repository) -> Tree:
    """What the branch that is checked out has: hidden files, and commits not yet brought back.

    Raises:
        DatasetError: git cannot read it.
    """
    git, branch = repository.git, checked_out(repository)
    if not branch.basis or not git.commit(branch.basis):
        return Tree(git, commit=repository.head.commit)
    tree = Tree(git, branch.basis)
    start = _adjusting(git, branch)
    if start and start != repository.head.commit:
        _overlay(git, tree, start)
    return tree


def hidden_files(repository: Repository) -> dict[str, TreeFile]:
    """The files that the branch has and does not show, by path."""
    if not checked_out(repository).hides:
        return {}
    shown = Tree(repository.git, commit=repository.head.commit).files
    own = own_tree(repository).files
    return {path: file for path, file in own.items() if path not in shown}


def bring_back(repository: Repository) -> None:
    """Have git-annex bring back to its basis what was committed on an adjusted branch."""
    git, branch = repository.git, checked_out(repository)
    if not branch.basis or not (basis := git.commit(branch.basis)):
        return
    head = repository.head.commit
    if _adjusting(git, branch) == head and git.commit("HEAD^") == basis:
        return
    patiently(git, lambda: git.run("annex", "merge", branch.basis))
    repository.refresh()


def merge_adjusted(git: Git, branch: Branch, commit: str, ref: str) -> None:
    """Have git-annex move the basis of an adjusted branch on to *commit*, and adjust it anew.

    Args:
        git: the repository.
        branch: that is checked out.
        commit: on top of the basis.
        ref: that points to it.

    Raises:
        DatasetError: it did not.
    """
    patiently(git, lambda: git.run("annex", "merge", ref))
    if git.ask("merge-base", "--is-ancestor", commit, branch.basis) is None:
        raise DatasetError(f"git-annex did not merge the import into {branch.basis} in {git.root}")


def show_what_is_here(repository: Repository) -> None:
    """Make a branch anew that looks different with the content that has come."""
    repository.refresh()
    git, branch = repository.git, checked_out(repository)
    options = [_OPTIONS.get(word, "") for word in branch.adjustments]
    if branch.depends_on_content and all(options):
        bring_back(repository)
        patiently(git, lambda: git.run("annex", "adjust", *options))
        repository.refresh()


def _adjusting(git: Git, branch: Branch) -> str:
    """The commit that makes the branch an adjusted one; "" if there is none."""
    log = git.text("log", "--first-parent", "--format=%H %s", f"{branch.basis}..HEAD")
    for line in log.splitlines():
        commit, _, subject = line.partition(" ")
        if is_adjustment(subject):
            return commit
    return ""


def _overlay(git: Git, tree: Tree, start: str) -> None:
    """Apply what was committed since *start* to a tree."""
    raw = git.run("diff-tree", "-r", "--raw", "-z", "--no-renames", "--no-abbrev", start, "HEAD")
    fields = raw.decode("utf-8", "surrogateescape").split("\0")
    for head, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, oid, kind = head.split(" ")
        if kind == "D":
            tree.files.pop(path, None)
        else:
            tree.files[path] = TreeFile.of(mode, oid)
