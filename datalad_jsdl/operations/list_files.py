"""Which files of a dataset and its subdatasets are exported."""

from __future__ import annotations

import logging
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError, NothingThereError
from datalad_jsdl.model.filters import Filter, Unmatched, folders_of
from datalad_jsdl.model.subdatasets import MARK
from datalad_jsdl.repository.annex.adjusted import own_tree, require_no_view
from datalad_jsdl.repository.commit import SUBMODULE, Tree, is_housekeeping
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["DatasetFiles", "FileSelection", "Walk"]

lgr = logging.getLogger("datalad.jsdl.export")


@dataclass(frozen=True)
class FileSelection:
    """What is to be exported.

    Attributes:
        revision: a commit of the dataset, by any name that git knows.
        paths: files and folders in the dataset; all of it if there are none.
        wanted: filter on paths in the dataset.
        depth: levels of subdatasets to go into; None for all of them.
        dataset_files: take the datasets' own housekeeping along.
        skip_missing: leave out subdatasets that are not here.
        purpose: what is done with the files, for messages: "export".
    """

    revision: str = "HEAD"
    paths: Sequence[str] = ()
    wanted: Filter = field(default_factory=Filter)
    depth: int | None = 0
    dataset_files: bool = False
    skip_missing: bool = False
    purpose: str = "export"

    def __call__(self, path: str) -> bool:
        """Whether a path in the dataset is selected."""
        return self._in_paths(path) and self.wanted(path)

    def _in_paths(self, path: str) -> bool:
        return not self.paths or any(item in self._chosen for item in (path, *folders_of(path)))

    @cached_property
    def _chosen(self) -> frozenset[str]:
        return frozenset(self.paths)

    def touches(self, folder: str) -> bool:
        """Whether something in a folder may be selected."""
        inside = any(chosen.startswith(folder + "/") for chosen in self.paths)
        return (self._in_paths(folder) or inside) and self.wanted.may_match_in(folder)


@dataclass(frozen=True)
class DatasetFiles:
    """The dataset or one of its subdatasets, with what is selected of it.

    Attributes:
        repository: where it is.
        tree: of the commit.
        prefix: its path in the dataset that is exported, and a slash; "" for that one itself.
        start: the same as in a manifest, where ``//`` is where a subdataset begins.
        paths: of the selected files in it, in git's order.
    """

    repository: Repository
    tree: Tree
    prefix: str
    start: str
    paths: list[str]


class Walk:
    """Through a dataset and its subdatasets.

    Attributes:
        tree: of the dataset's commit.
        parts: in the order of their paths; a dataset comes before its subdatasets.
        left_out: paths of subdatasets that are not gone into.
        missing: those of them that are not here: path → why.

    Raises:
        NothingThereError: there is no such commit, or nothing at a path.
        DatasetError: a subdataset is not here, or git cannot read the dataset.
    """

    def __init__(self, root: Path, selection: FileSelection) -> None:
        self.left_out: list[str] = []
        self.missing: dict[str, str] = {}
        self._selection = selection
        self._unmatched = Unmatched(selection.wanted)
        repository = Repository(root)
        repository.require_work_tree()
        self.tree = _tree(repository, selection.revision)
        self.parts = list(self._parts(repository, self.tree, "", "", 0))
        for pattern in self._unmatched.patterns:
            lgr.warning("the pattern %r matches no path in the dataset", pattern)
        self._require_files()
        if self.left_out:
            lgr.warning("skipped subdatasets: %s", ", ".join(self.left_out))

    def _parts(
        self, repository: Repository, tree: Tree, prefix: str, start: str, level: int
    ) -> Iterator[DatasetFiles]:
        chosen = self._selection
        self._unmatched.see_all(prefix + path for path in tree.files)
        paths = [
            path
            for path, file in tree.files.items()
            if file.mode != SUBMODULE
            and (chosen.dataset_files or not is_housekeeping(path))
            and chosen(prefix + path)
        ]
        if not repository.has_annex and any(tree.keys(paths).values()):
            repository.require_annex()  # what is known of these files is what is missing
        yield DatasetFiles(repository, tree, prefix, start, paths)
        for path, file in tree.files.items():
            if file.mode == SUBMODULE and chosen.touches(prefix + path):
                if chosen.depth is not None and level >= chosen.depth:
                    self.left_out.append(prefix + path)
                    continue
                inner = Repository(repository.root / path)
                found = self._subdataset(inner, file.oid, prefix + path)
                if found is not None:
                    names = f"{prefix}{path}/", f"{start}{path}{MARK}"
                    yield from self._parts(inner, found, *names, level + 1)

    def _subdataset(self, repository: Repository, commit: str, path: str) -> Tree | None:
        tree, root = None, repository.root
        if (root / ".git").exists():
            repository.require_work_tree()
            tree = Tree(repository.git, commit)
            problem = f"the subdataset {path} lacks its commit {commit[:12]}"
            remedy = f"git -C {shlex.quote(str(root))} fetch --all"
        else:
            problem = f"the subdataset {path} is not installed"
            above, name = shlex.quote(str(root.parent)), shlex.quote(root.name)
            remedy = f"datalad -C {above} get -n {name}"
        if tree is not None and tree.commit:
            return tree
        if not self._selection.skip_missing:
            raise DatasetError(f"{problem}; to get it, run: {remedy}")
        self.left_out.append(path)
        self.missing[path] = problem
        return None

    def _require_files(self) -> None:
        wanted = self._selection.wanted
        if not any(part.paths for part in self.parts) and (wanted.include or wanted.exclude):
            raise DatasetError("nothing to export: --include and --exclude filter out all files")
        if not self._selection.paths:
            return
        names = (part.prefix + path for part in self.parts for path in part.paths)
        found = {item for name in names for item in (name, *folders_of(name))}
        for path in self._selection.paths:
            if path not in found:
                raise NothingThereError(_nothing_at(path, self.left_out, self._selection.purpose))


def _tree(repository: Repository, revision: str) -> Tree:
    if revision == "HEAD":
        require_no_view(repository)
    # HEAD is what the branch has, not what an adjusted one shows of it
    tree = own_tree(repository) if revision == "HEAD" else Tree(repository.git, revision)
    if not tree.commit:
        if revision == "HEAD":
            raise DatasetError("the dataset has no commit yet, and so no files")
        raise NothingThereError(f"git finds no commit {revision!r} in {repository.root}")
    return tree


def _nothing_at(path: str, left_out: Sequence[str], purpose: str) -> str:
    for subdataset in left_out:
        if path == subdataset or path.startswith(subdataset + "/"):
            return f"{path} is in the subdataset {subdataset}; to {purpose} it, add --recursive"
    option = "--include" if purpose == "export" else "--glob"
    glob = f"; for a pattern, use {option}" if any(c in path for c in "*?[") else ""
    return f"nothing to {purpose} at {path} in that commit{glob}"
