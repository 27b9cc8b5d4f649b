"""One import: lock, plan, write, merge, switch. The order makes it safe to be killed.

1. All objects are written, under refs of our own.
2. git-annex merges what is recorded of the keys; a key more in its branch harms nobody.
3. The work tree and index are brought to the new commit.
4. The branch moves.

Killed before 4, the next run finds the old commit and does the same again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.cycles import no_cycles_made
from datalad_jsdl.errors import DatasetError, SettingError
from datalad_jsdl.model.filters import Filter, folders_of
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.repository.annex.adjusted import (
    bring_back,
    checked_out,
    merge_adjusted,
    own_tree,
    require_no_view,
)
from datalad_jsdl.repository.annex.branch import annex_branch, read_records
from datalad_jsdl.repository.annex.config import adds_unlocked, share
from datalad_jsdl.repository.annex.keys import ExtensionRule
from datalad_jsdl.repository.commit import LINK, Tree
from datalad_jsdl.repository.git.running import Git, git_config
from datalad_jsdl.repository.importing.plan import make_plan
from datalad_jsdl.repository.importing.provenance import imported_paths
from datalad_jsdl.repository.importing.steps import Change, Plan
from datalad_jsdl.repository.importing.submodules import GITMODULES, activate, gitmodules
from datalad_jsdl.repository.importing.worktree import (
    in_the_way,
    make_way,
    restore,
    switch,
    undo_half_a_switch,
)
from datalad_jsdl.repository.importing.write import WORK_REF, merge_annex_branch, write_objects
from datalad_jsdl.repository.locks import exclusively

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.repository.importing.submodules import Link

__all__ = ["Importer", "Scope"]


@dataclass(frozen=True)
class Scope:
    """The part of a dataset that a manifest speaks for.

    Attributes:
        prefix: folder that the manifest's paths are put under; may be empty.
        start: the folder of the manifest, with a slash at its end, that the dataset is; "" if
            it is the whole manifest.
        wanted: filter on the manifest's paths, start and all.
        kept: paths within the dataset that the manifest names in entries that were
            refused: they are not gone.
        closed: folders within the dataset that it says nothing of now: nothing in them is gone.
    """

    prefix: str = ""
    start: str = ""
    wanted: Filter = field(default_factory=Filter)
    kept: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()

    def __contains__(self, path: str) -> bool:
        start = f"{self.prefix}/" if self.prefix else ""
        if not path.startswith(start) or path in self.kept or path_fault(path):
            return False
        if self.closed and not self.closed.isdisjoint((path, *folders_of(path))):
            return False
        return self.wanted(self.start + path[len(start) :])


class Importer:
    """Plans and applies imports into one repository.

    Raises:
        DatasetError: *root* is no work tree of a git-annex repository.
    """

    def __init__(self, root: Path) -> None:
        self.git = Git(root)
        if self.git.text("rev-parse", "--is-inside-work-tree") != "true":
            raise DatasetError(
                f"{root} has no work tree: it is a bare repository; clone it, and use the clone"
            )
        self.git.require_own()
        self.annex_dir = _annex_dir(self.git)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other imports out; see `locks.exclusively`."""
        with exclusively(self.git):
            if (own := self.annex_dir / "jsdl.lck").exists():
                self.share(own)
            yield

    def share(self, *paths: Path) -> None:
        """Let others write to what is ours, where the repository is a shared one."""
        if setting := self.git.setting("core.sharedRepository"):
            for path in paths:
                share(path, setting)

    def catch_up(self) -> None:
        """Have git-annex merge and commit what is pending in its branch."""
        merge_annex_branch(self.git)

    def require_annex(self) -> None:
        """Raises DatasetError for a plain git repository."""
        if self.has_annex():
            return
        root = self.git.root
        urls = self.git.setting(r"^remote\..*\.url$", "--get-regexp", "--name-only")
        if urls:
            # to make a dataset of a clone of one would leave it with two histories
            remote = urls.splitlines()[0].removeprefix("remote.").removesuffix(".url")
            raise DatasetError(
                f"{root} has no git-annex branch. If it is a clone of a dataset, fetch the branch; "
                f"run there: git fetch {remote} git-annex:refs/remotes/{remote}/git-annex; if it "
                "is a clone of a plain git repository, use another folder"
            )
        if self.git.setting("annex.uuid") or ".datalad/config" in Tree(self.git).files:
            raise DatasetError(
                f"the git-annex branch of the dataset {root} is missing; fetch it from another "
                "clone of the dataset, run there: "
                "git fetch URL-OF-THE-CLONE git-annex:refs/heads/git-annex"
            )
        raise DatasetError(
            f"{root} is a git repository without an annex; to make a dataset "
            "of it, run there: datalad create --force"
        )

    def has_annex(self) -> bool:
        """Whether this, or a repository that it was cloned from, is git-annex's."""
        return bool(self.git.commit(annex_branch(self.git)))

    def recover(self) -> None:
        """Go back to where an import was killed, if one was: its ref is still there."""
        if left := self.git.commit(WORK_REF):
            before = checked_out(self.git).basis or "HEAD"
            undo_half_a_switch(self.git, before, left)
            self.git.run("update-ref", "-d", WORK_REF)

    def restore(self, prefix: str) -> None:
        """See `worktree.restore`."""
        restore(self.git, Tree(self.git), prefix)

    @no_cycles_made()
    def plan(
        self, entries: Mapping[str, Entry], scope: Scope, *, delete: bool, dry: bool = False
    ) -> tuple[Tree, Plan]:
        """Compare entries with the dataset; reads only if *dry*.

        Raises:
            DatasetError: what is checked out is a view of git-annex's, or cannot be read.
        """
        git = self.git
        branch = checked_out(git)
        require_no_view(git)
        if not dry:
            bring_back(git)
        tree = own_tree(git)
        # where commits on an adjusted branch are still to be brought back, they count, too
        tip = "HEAD" if branch.basis and tree.commit else tree.commit
        config = git_config(r"^annex\.|^core\.symlinks$", self.git_dir())
        if tuned := [name for name in config if name.startswith("annex.tune.")]:
            raise DatasetError(f"the repository is tuned ({tuned[0]}), which is not supported")
        try:
            rule = ExtensionRule(
                int(config.get("annex.maxextensionlength", ExtensionRule().length)),
                int(config.get("annex.maxextensions", ExtensionRule().count)),
            )
        except ValueError:
            raise SettingError(
                "git config annex.maxextensionlength or annex.maxextensions is no whole number"
            ) from None
        unlisted = [p for p in tree.files if p not in entries and p in scope]
        plan = make_plan(
            entries,
            tree,
            rule=rule,
            records_of=lambda keys: read_records(git, keys),
            in_the_way=lambda steps: in_the_way(git, tree, steps, dry=dry),
            imported=lambda paths: imported_paths(git, tip, paths, scope.prefix),
            gone=self._gone(tree, tip, unlisted, scope),
            delete=delete,
            unlocked=adds_unlocked(git, config),
        )
        return tree, plan

    @no_cycles_made()
    def apply(
        self,
        tree: Tree,
        plan: Plan,
        *,
        message: str,
        config_uuid: str,
        extra: Mapping[str, bytes],
        links: Mapping[str, Link],
    ) -> str:
        """Carry out a plan; see `objects.write_objects` for the arguments.

        Returns:
            The new commit, or "" if there was nothing to commit.
        """
        extra = dict(extra)
        if sections := gitmodules(self.git, tree, links):
            extra[GITMODULES] = sections
        commit = write_objects(self.git, tree, plan, message, config_uuid, extra, links)
        merge_annex_branch(self.git)
        if commit:
            branch = checked_out(self.git)
            if branch.basis:
                make_way(self.git, tree, plan.steps, extra)
                merge_adjusted(self.git, branch, commit, WORK_REF)
            else:
                switch(self.git, tree, commit, plan.steps, extra, "download-manifest: import")
            activate(self.git, links, tree)
            self.git.run("update-ref", "-d", WORK_REF)
            written = (s for s in plan.steps if s.change in (Change.ADDED, Change.CHANGED))
            if any(step.mode != LINK for step in written):
                # git has written pointers, also where the content is here
                self.git.run("annex", "smudge", "--update")
        return commit

    def _gone(self, tree: Tree, tip: str, unlisted: list[str], scope: Scope) -> list[str]:
        """Those of *unlisted* that an import wrote, and that could be had again.

        A commit of ours that was amended or squashed holds files of the user's, too; they
        have no URLs.
        """
        candidates = imported_paths(self.git, tip, unlisted, scope.prefix)
        keys = tree.keys(candidates)
        records = read_records(self.git, {key for key in keys.values() if key})
        return [path for path, key in keys.items() if key and records[key].urls]

    def missing_keys(self, keys: Collection[str]) -> set[str]:
        """Those of *keys* whose content is not here."""
        from datalad_jsdl.repository.annex.objects import object_path

        return {key for key in keys if object_path(self.annex_dir, key) is None}

    def git_dir(self) -> Path:
        return self.git.root / self.git.text("rev-parse", "--git-dir")


def _annex_dir(git: Git) -> Path:
    return Path(git.root / git.text("rev-parse", "--git-common-dir"), "annex")
