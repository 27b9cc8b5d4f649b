"""One import: lock, plan, write, merge, switch. The order makes it safe to be killed.

1. What is recorded of the keys goes to git under a ref of our own, and git-annex merges it;
   a key more in its branch harms nobody. At the same time the commit for the work branch is
   written, under another ref; either may be there first.
2. When both are done, the work tree and index are brought to the new commit.
3. The branch moves.

Killed before 3, the next run finds the old commit and does the same again.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from datalad_jsdl.repository.annex.config import adds_unlocked
from datalad_jsdl.repository.annex.keys import ExtensionRule
from datalad_jsdl.repository.annex.objects import is_here
from datalad_jsdl.repository.commit import LINK, SUBMODULE, Tree
from datalad_jsdl.repository.importing.obstacles import in_the_way
from datalad_jsdl.repository.importing.plan import make_plan
from datalad_jsdl.repository.importing.provenance import imported_paths, written_paths
from datalad_jsdl.repository.importing.steps import Change, Plan
from datalad_jsdl.repository.importing.submodules import GITMODULES, activate, gitmodules
from datalad_jsdl.repository.importing.switching import make_way, switch
from datalad_jsdl.repository.importing.worktree import restore, undo_half_a_switch
from datalad_jsdl.repository.importing.write import (
    merge_annex_branch,
    recording,
    write_commit,
)
from datalad_jsdl.repository.locks import exclusively
from datalad_jsdl.repository.repository import RECORDS_REF, WORK_REF

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.repository.importing.submodules import Link
    from datalad_jsdl.repository.importing.write import Logs
    from datalad_jsdl.repository.repository import Repository

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
            refused: neither they are gone, nor what is in a folder of the name (an address may
            lead to one); "" for all of it.
        closed: folders within the dataset that it says nothing of now: nothing in them is gone.
    """

    prefix: str = ""
    start: str = ""
    wanted: Filter = field(default_factory=Filter)
    kept: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()

    def __contains__(self, path: str) -> bool:
        start = f"{self.prefix}/" if self.prefix else ""
        if not path.startswith(start) or path_fault(path):
            return False
        if self.closed and not self.closed.isdisjoint((path, *folders_of(path))):
            return False
        if self.kept and not self.kept.isdisjoint(("", path, *folders_of(path))):
            return False
        return self.wanted(self.start + path[len(start) :])


class Importer:
    """Plans and applies imports into one repository.

    Raises:
        DatasetError: it has no work tree.

    Attributes:
        repository: as given.
    """

    def __init__(self, repository: Repository) -> None:
        repository.require_work_tree()
        self.repository = repository

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other imports out; see `locks.exclusively`."""
        with exclusively(self.repository):
            self.repository.refresh()  # others may have written until now
            if (own := self.repository.annex_dir / "jsdl.lck").exists():
                self.repository.share(own)
            yield

    def catch_up(self) -> None:
        """Have git-annex merge and commit what is pending in its branch."""
        if not self.repository.is_merged:
            merge_annex_branch(self.repository.git)
            self.repository.refresh()

    def recover(self) -> None:
        """Go back to where an import was killed, if one was: its ref is still there."""
        if left := self.repository.ref(WORK_REF):
            git = self.repository.git
            before = checked_out(self.repository).basis or "HEAD"
            undo_half_a_switch(git, before, left)
            git.run("update-ref", "-d", WORK_REF)
            self.repository.refresh()
        if self.repository.ref(RECORDS_REF):  # the rest of it is worked out anew
            self.repository.git.run("update-ref", "-d", RECORDS_REF)
            self.repository.refresh()

    def restore(self, prefix: str) -> None:
        """See `worktree.restore`."""
        git = self.repository.git
        restore(git, Tree(git), prefix)

    @no_cycles_made()
    def plan(
        self, entries: Mapping[str, Entry], scope: Scope, *, delete: bool, dry: bool = False
    ) -> tuple[Tree, Plan]:
        """Compare entries with the dataset; reads only if *dry*.

        Raises:
            DatasetError: what is checked out is a view of git-annex's, or cannot be read.
        """
        repository, git = self.repository, self.repository.git
        branch = checked_out(repository)
        require_no_view(repository)
        if not dry:
            bring_back(repository)
        tree = own_tree(repository)
        # where commits on an adjusted branch are still to be brought back, they count, too
        tip = "HEAD" if branch.basis and tree.commit else tree.commit
        config = repository.config
        if tuned := [name for name in config if name.startswith("annex.tune.")]:
            raise DatasetError(f"the repository is tuned ({tuned[0]}), which is not supported")
        try:
            rule = ExtensionRule(
                int(config.get("annex.maxextensionlength", ExtensionRule().length)),
                int(config.get("annex.maxextensions", ExtensionRule().count)),
            )
        except ValueError:
            raise SettingError(
                "git config annex.maxextensionlength or annex.maxextensions is not a whole number"
            ) from None
        unlisted = [p for p in tree.files if p not in entries and p in scope]
        plan = make_plan(
            entries,
            tree,
            rule=rule,
            records_of=lambda keys: repository.annex.records(keys),
            in_the_way=lambda steps: in_the_way(git, tree, steps, dry=dry),
            imported=lambda paths: imported_paths(git, tip, paths, scope.prefix),
            written=lambda paths: written_paths(git, tip, paths, scope.prefix),
            gone=self._gone(tree, tip, unlisted, scope),
            delete=delete,
            unlocked=adds_unlocked(repository.annex, config),
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
        logs: Logs | None,
        extra: Mapping[str, bytes],
        links: Mapping[str, Link],
    ) -> str:
        """Carry out a plan; see `write.write_commit` and `recording` for the arguments.

        Returns:
            The new commit, or "" if there was nothing to commit.
        """
        git, extra = self.repository.git, dict(extra)
        if sections := gitmodules(git, tree, links):
            extra[GITMODULES] = sections
        with (
            recording(git, plan, config_uuid, logs) as record,
            ThreadPoolExecutor(1) as aside,
        ):
            recorded = aside.submit(record)
            commit = write_commit(git, tree, plan, message, extra, links)
            recorded.result()
        self.repository.refresh()
        if commit:
            branch = checked_out(self.repository)
            if branch.basis:
                make_way(git, tree, plan.steps, extra)
                merge_adjusted(git, branch, commit, WORK_REF)
            else:
                switch(git, tree, commit, plan.steps, extra, "download-manifest: import")
            activate(git, links, tree)
            git.run("update-ref", "-d", WORK_REF)
            self.repository.refresh()
            written = (s for s in plan.steps if s.change in (Change.ADDED, Change.CHANGED))
            if any(step.mode != LINK and step.content is None for step in written):
                # git has written pointers, also where the content is here
                git.run("annex", "smudge", "--update")
        return commit

    def _gone(self, tree: Tree, tip: str, unlisted: list[str], scope: Scope) -> list[str]:
        """Those of *unlisted* that an import wrote, and that could be had again.

        A commit of ours that was amended or squashed holds files of the user's, too; they
        have no URLs, and such a commit is no evidence of files in git.
        """
        git = self.repository.git
        keys = tree.keys(imported_paths(git, tip, unlisted, scope.prefix))
        records = dict(
            self.repository.annex.records({k for k in keys.values() if k}, located=False)
        )
        in_git = [p for p, key in keys.items() if not key and tree.files[p].mode != SUBMODULE]
        written = written_paths(git, tip, in_git, scope.prefix)
        again = {path for path, key in keys.items() if key and records[key].urls}
        return [path for path in keys if path in again or path in written]

    def missing_keys(self, keys: Collection[str]) -> set[str]:
        """Those of *keys* whose content is not here."""
        return {key for key in keys if not is_here(self.repository.annex_dir, key)}
