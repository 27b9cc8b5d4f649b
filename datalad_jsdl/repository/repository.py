"""A git repository with git-annex: where it is, what it is set to, what its branches are.

Each is asked of git once, when it is first needed, and nothing is written. Where paths lead
stays as it is; the rest is as of then, until `Repository.refresh`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.annex.branch import ANNEX_BRANCH, JOURNALS, AnnexBranch
from datalad_jsdl.repository.annex.config import share
from datalad_jsdl.repository.git.running import Git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ANNEX_REF", "RECORDS_REF", "WORK_REF", "Head", "Repository", "find_repository"]

#: The commit of an import that is not yet where HEAD is.
WORK_REF = "refs/jsdl/work"
#: What an import has recorded of keys; git-annex merges every branch of such a name.
ANNEX_REF = "refs/heads/jsdl/git-annex"
#: What is merged in several steps, all of it.
RECORDS_REF = "refs/jsdl/records"

_ANNEX_BRANCHES = "refs/**/git-annex"  # what git-annex takes for its branch, or that of another
_SETTLED = 10  # version of annexes that git-annex does not upgrade by itself
_OF_HEAD = ("HEAD", "HEAD^{tree}", "--symbolic-full-name", "HEAD")
_CHANGING = ("head", "settings", "config", "_refs", "_unmerged", "annex")


@dataclass(frozen=True, slots=True)
class Head:
    """What is checked out.

    Attributes:
        branch: its full name; "" if HEAD is detached.
        commit: hex object name; "" if there is none yet.
        tree: the same of the commit's tree.
    """

    branch: str
    commit: str
    tree: str


@dataclass(frozen=True, slots=True)
class _Places:
    work_tree: bool
    prefix: str
    git_dir: str
    common_dir: str


class Repository:
    """A repository as it was when it was asked.

    Whatever is read raises DatasetError, with what git said, if git does not work in it.

    Args:
        root: its work tree, or the folder of a bare one.
        git_dir: the ``.git`` folder, where *root* does not lead to it.

    Attributes:
        root: as given.
        git: runs git in it.
    """

    def __init__(self, root: Path, git_dir: Path | None = None) -> None:
        self.root = root
        self.git = Git(root, git_dir)

    def refresh(self) -> None:
        """Forget what may have changed: HEAD, settings, branches and what they have."""
        for name in _CHANGING:
            self.__dict__.pop(name, None)

    @cached_property
    def _places(self) -> _Places:
        asked = ("--is-inside-work-tree", "--show-prefix", "--git-dir", "--git-common-dir")
        done = self.git.attempt("rev-parse", *asked, *_OF_HEAD)
        # without a commit, or with one that cannot be read, HEAD is a question of its own
        out = self.git.run("rev-parse", *asked) if done.returncode else done.stdout
        inside, prefix, git_dir, common_dir, *found = _text(out).split("\n")
        if not done.returncode:
            self.__dict__.setdefault("head", _head(found))
        return _Places(inside == "true", prefix, git_dir, common_dir)

    @property
    def has_work_tree(self) -> bool:
        """Whether *root* is in one."""
        return self._places.work_tree

    @cached_property
    def git_dir(self) -> Path:
        """Its ``.git`` folder; of a linked work tree that one's own."""
        return self.root / self._places.git_dir

    @cached_property
    def common_dir(self) -> Path:
        """The ``.git`` folder that all its work trees have in common."""
        return self.root / self._places.common_dir

    @cached_property
    def annex_dir(self) -> Path:
        """git-annex's folder in it, which need not be there."""
        return self.common_dir / "annex"

    def require_own(self) -> None:
        """Raises DatasetError if this is no repository of its own: git takes one around it."""
        if self._places.prefix:
            around = self.git.text("rev-parse", "--show-toplevel")
            raise DatasetError(
                f"{self.root} is not a repository that git can use: git finds {around} instead. "
                f"Look at what is in {self.root / '.git'}",
                path=self.root,
            )

    def require_work_tree(self) -> None:
        """Raises DatasetError for a bare repository, or one that is none of its own."""
        if not self.has_work_tree:
            raise DatasetError(
                f"{self.root} has no work tree: it is a bare repository; clone it and use the clone"
            )
        self.require_own()

    @cached_property
    def head(self) -> Head:
        """What is checked out."""
        if "_places" not in self.__dict__ and self._places and "head" in self.__dict__:
            found: Head = self.__dict__["head"]  # asked along with them
            return found
        done = self.git.attempt("rev-parse", *_OF_HEAD)
        if not done.returncode:
            return _head(_text(done.stdout).split("\n"))
        branch, commit = self.git.head_branch(), self.git.commit("HEAD")
        tree = self.git.text("rev-parse", "--verify", "--quiet", f"{commit}^{{tree}}", no=(1,))
        if commit and not tree:
            raise self.git.lacks(commit)
        return Head(branch, commit, tree)

    @cached_property
    def settings(self) -> list[tuple[str, str, str]]:
        """git config: scope (``local`` and the like), name (lower case) and value of each line."""
        items = _text(self.git.run("config", "-z", "--list", "--show-scope")).split("\0")
        lines = zip(items[::2], items[1::2], strict=False)
        found = ((scope, *line.partition("\n")) for scope, line in lines)
        # a name alone, without "=", is a boolean that is true (git-config(1))
        return [(scope, name, value if end else "true") for scope, name, end, value in found]

    @cached_property
    def config(self) -> dict[str, str]:
        """git config: name (lower case, but for what is between its dots) to its last value."""
        return {name: value for _, name, value in self.settings}

    def config_values(self) -> dict[str, list[str]]:
        """git config: name to all its values."""
        found: dict[str, list[str]] = {}
        for _, name, value in self.settings:
            found.setdefault(name, []).append(value)
        return found

    def setting(self, name: str) -> str:
        """The last value of a setting; "" if it is not set."""
        return self.config.get(name, "")

    @property
    def uuid(self) -> str:
        """git-annex's name for this repository; "" if it was never at work here."""
        return self.setting("annex.uuid")

    @property
    def version(self) -> str:
        """Of the annex's layout; "" if git-annex was never at work here."""
        return self.setting("annex.version")

    @property
    def dataset_id(self) -> str:
        """DataLad's name for the dataset, in all its clones; "" if it is none of DataLad's."""
        name = "datalad.dataset.id"
        return self.setting(name) or self.git.setting(name, "--file", ".datalad/config")

    @property
    def sharing(self) -> str:
        """With whom it is shared: ``core.sharedRepository``; "" if it is not set."""
        return self.setting("core.sharedrepository")

    @property
    def object_format(self) -> str:
        """The hash that objects are named by: ``sha1`` or ``sha256``."""
        return self.setting("extensions.objectformat") or "sha1"

    def share(self, *paths: Path) -> None:
        """Let others write to what is ours, where the repository is a shared one."""
        for path in paths if self.sharing else ():
            share(path, self.sharing)

    @cached_property
    def _refs(self) -> dict[str, str]:
        """Our refs and git-annex's branches, by full name."""
        asked = ("--format=%(objectname) %(refname)", _ANNEX_BRANCHES, "refs/jsdl")
        lines = self.git.text("for-each-ref", *asked).splitlines()
        pairs = (line.partition(" ") for line in lines)
        return {name: commit for commit, _, name in pairs}

    def ref(self, name: str) -> str:
        """The commit of a git-annex branch, or of a ref of ours; "" if there is no such ref."""
        if name not in self._refs and (self.common_dir / name).is_file():
            return self.git.commit(name)  # raises: git does not list what it cannot read
        return self._refs.get(name, "")

    @cached_property
    def _unmerged(self) -> tuple[str, ...]:
        """Commits of git-annex branches, of clones of this one, that its own does not have."""
        own = self.ref(ANNEX_BRANCH)
        others = {c for n, c in self._refs.items() if n.endswith("/git-annex")} - {own}
        if own and others:
            asked = ("--format=%(objectname)", f"--no-merged={own}", _ANNEX_BRANCHES)
            others = set(self.git.text("for-each-ref", *asked).split())
        return tuple(sorted(others))

    @property
    def has_annex(self) -> bool:
        """Whether this, or a repository that it was cloned from, is git-annex's."""
        return bool(self.ref(ANNEX_BRANCH) or self._unmerged)

    @cached_property
    def annex(self) -> AnnexBranch:
        """What is recorded: git-annex's branch, and what is to be merged into it."""
        own = self.ref(ANNEX_BRANCH)
        return AnnexBranch(
            self.git,
            (*((own,) if own else ()), *self._unmerged),
            [self.annex_dir / name for name in JOURNALS],
        )

    @property
    def is_merged(self) -> bool:
        """Whether git-annex has nothing to merge, commit or set up here."""
        if not self.uuid or not self.version.isdigit() or int(self.version) < _SETTLED:
            return False
        nothing_new = self.ref(ANNEX_BRANCH) and not self._unmerged and not self.ref(ANNEX_REF)
        return bool(nothing_new) and not self.annex.is_journalled

    def require_annex(self) -> None:
        """Raises DatasetError for a plain git repository."""
        if self.has_annex:
            return
        remotes = [n for n in self.config if n.startswith("remote.") and n.endswith(".url")]
        if remotes:
            # to make a dataset of a clone of one would leave it with two histories
            remote = remotes[0].removeprefix("remote.").removesuffix(".url")
            raise DatasetError(
                f"{self.root} has no git-annex branch. If it is a clone of a dataset, fetch the "
                f"branch; run there: git fetch {remote} git-annex:refs/remotes/{remote}/git-annex; "
                "if it is a clone of a plain git repository, use another folder"
            )
        if self.uuid or self._has_dataset_config():
            raise DatasetError(
                f"the git-annex branch of the dataset {self.root} is missing; to fetch it from "
                "another clone of the dataset, run there: "
                "git fetch URL-OF-THE-CLONE git-annex:refs/heads/git-annex"
            )
        raise DatasetError(
            f"{self.root} is a git repository without an annex; to make a dataset "
            "of it, run there: datalad create --force"
        )

    def _has_dataset_config(self) -> bool:
        tree = self.head.tree
        return bool(tree and self.git.text("ls-tree", tree, "--", ".datalad/config"))


def find_repository(root: Path) -> Repository | None:
    """The repository at *root*; None if there is none.

    Raises:
        DatasetError: there is one, and git does not work in it; or git takes one around it.
    """
    bare = (root / "HEAD").is_file() and (root / "objects").is_dir()
    if not bare and not os.path.lexists(root / ".git"):
        return None
    repository = Repository(root)
    repository.require_own()
    return repository


def _head(lines: Sequence[str]) -> Head:
    """What git answers to `_OF_HEAD`."""
    commit, tree, name = lines[:3]
    return Head("" if name == "HEAD" else name, commit, tree)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
