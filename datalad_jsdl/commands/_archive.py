"""What ``datalad export-archive`` puts into a zip."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import resolve_path

from datalad_jsdl.annex.engine import open_engine
from datalad_jsdl.archive.contents import dataset_contents
from datalad_jsdl.archive.home import Home
from datalad_jsdl.archive.layout import Layout
from datalad_jsdl.dataset.git import Git
from datalad_jsdl.dataset.importer import Importer
from datalad_jsdl.dataset.tree import SUBMODULE, Tree
from datalad_jsdl.errors import ArchiveError, DatasetError
from datalad_jsdl.manifest.selection import Filter, folders_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import ExitStack

    from datalad_jsdl.archive.contents import Content
    from datalad_jsdl.archive.export import Exported

__all__ = ["Selection", "collect", "inside", "listed", "preview", "report"]

lgr = logging.getLogger("datalad.jsdl.export_archive")


@dataclass(frozen=True)
class Selection:
    """What is to be archived.

    Attributes:
        revision: a commit of the dataset, by any name that git knows.
        paths: files and folders in the dataset; all of it if there are none.
        wanted: filter on paths in the dataset.
        depth: levels of subdatasets to go into; None for all of them.
        leading_dir: folder in the archive to put everything under; may be empty.
        commit_time: give everything the time of the commit.
        dataset_files: take the datasets' own housekeeping along.
        skip_missing: leave out subdatasets that are not here.
    """

    revision: str = "HEAD"
    paths: Sequence[str] = ()
    wanted: Filter = field(default_factory=Filter)
    depth: int | None = 0
    leading_dir: str = ""
    commit_time: bool = False
    dataset_files: bool = False
    skip_missing: bool = False

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


def collect(
    root: Path, selection: Selection, stack: ExitStack
) -> tuple[list[Content], dict[str, str]]:
    """The contents to be archived, in the order of their members.

    With them, subdatasets that are not here and may be left out: path → why.

    Args:
        root: of the dataset.
        selection: of its files.
        stack: closes what is opened to read them.

    Raises:
        ArchiveError: there is nothing at a path, or a subdataset is not here.
        DatasetError: there is no such commit.
    """
    tree = Tree(Git(root), selection.revision)
    if not tree.commit:
        if selection.revision == "HEAD":
            raise ArchiveError("the dataset has no commit yet; there is nothing to export")
        raise DatasetError(f"git knows no commit {selection.revision!r} in {root}")
    if selection.revision == "HEAD" and (branch := _hiding(root)):
        raise ArchiveError(
            "this adjusted branch hides files whose content is missing; name the branch that has "
            f"them all: --ref {branch}"
        )
    seconds = None
    if selection.commit_time:
        seconds = int(Git(root).text("log", "-1", "--format=%ct", tree.commit))
    walk = _Walk(selection, seconds, stack)
    contents = sorted(walk.contents(root, tree, "", 0), key=lambda content: content.name)
    if not contents and (selection.wanted.include or selection.wanted.exclude):
        raise ArchiveError("there is nothing to export: --include and --exclude leave no file")
    if selection.paths:
        found = {item for c in contents for item in (c.path, *folders_of(c.path))}
        for path in selection.paths:
            if path not in found:
                raise ArchiveError(_nothing_at(path, walk.left_out))
    if walk.left_out:
        lgr.warning("subdatasets are left out: %s", ", ".join(walk.left_out))
    return contents, walk.missing


def _hiding(root: Path) -> str:
    """The branch that the one checked out is a part of (git annex adjust --hide-missing)."""
    branch = Git(root).text("symbolic-ref", "--quiet", "--short", "HEAD")
    match = re.fullmatch(r"adjusted/(.*)\(hidemissing[^)]*\)", branch)
    return match[1] if match else ""


def _nothing_at(path: str, left_out: Sequence[str]) -> str:
    for subdataset in left_out:
        if path == subdataset or path.startswith(subdataset + "/"):
            return f"{path} is in the subdataset {subdataset}; to export it, add --recursive"
    glob = "; for a pattern take --include" if any(c in path for c in "*?[") else ""
    return f"there is nothing to export at {path} in that commit{glob}"


class _Walk:
    """Through a dataset and its subdatasets."""

    def __init__(self, selection: Selection, seconds: int | None, stack: ExitStack) -> None:
        self.left_out: list[str] = []
        self.missing: dict[str, str] = {}
        self._selection = selection
        self._seconds = seconds
        self._stack = stack

    def contents(self, root: Path, tree: Tree, prefix: str, level: int) -> Iterator[Content]:
        chosen = self._selection
        importer = Importer(root)
        if importer.has_annex():
            try:
                importer.catch_up()
            except DatasetError:
                # a dataset that may only be read tells what it had merged before
                lgr.warning(
                    "git-annex could not update its branch in %s: if it has news to merge, times "
                    "and URLs are older ones than elsewhere", root,
                )  # fmt: skip
        home = Home(importer.git, importer.git_dir(), importer.annex_dir, open_engine)
        yield from dataset_contents(
            self._stack.enter_context(home),
            tree,
            chosen.leading_dir,
            prefix=prefix,
            wanted=chosen,
            mtime=self._seconds,
            dataset_files=chosen.dataset_files,
        )
        for path, file in tree.files.items():
            if file.mode == SUBMODULE and chosen.touches(prefix + path):
                if chosen.depth is not None and level >= chosen.depth:
                    self.left_out.append(prefix + path)
                    continue
                found = self._subdataset(root / path, file.oid, prefix + path)
                if found is not None:
                    yield from self.contents(root / path, found, f"{prefix}{path}/", level + 1)

    def _subdataset(self, root: Path, commit: str, path: str) -> Tree | None:
        tree = None
        if (root / ".git").exists():
            tree = Tree(Git(root), commit)
            problem = f"the subdataset {path} does not have its commit {commit[:12]} here"
            remedy = f"datalad update -s parentds {path}, or git fetch in it"
        else:
            problem = f"the subdataset {path} is not installed"
            remedy = f"datalad get -n {path}"
        if tree is not None and tree.commit:
            return tree
        if not self._selection.skip_missing:
            raise ArchiveError(f"{problem}; to get it, run: {remedy}")
        self.left_out.append(path)
        self.missing[path] = problem
        return None


def listed(given: str | Sequence[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else list(given or ())


def inside(given: str | Sequence[str] | None, dataset: Any, root: Path) -> list[str]:
    """Paths as the dataset has them; none for all of it.

    Raises:
        ArchiveError: one does not lie in the dataset.
    """
    paths = []
    for item in [given] if isinstance(given, (str, Path)) else list(given or ()):
        resolved = Path(os.path.normpath(resolve_path(item, dataset)))
        try:
            paths.append(resolved.relative_to(root).as_posix())
        except ValueError:
            raise ArchiveError(f"{resolved} does not lie in the dataset {root}") from None
    return [] if "." in paths else paths


def preview(contents: Sequence[Content]) -> dict[str, Any]:
    remote = [c for c in contents if c.is_remote]
    unsized = sum(c.size is None for c in contents)
    size = Layout(c.member(c.size or 0) for c in contents).total
    text = f"would hold {len(contents)} files, {size} bytes"
    if unsized:
        text = f"would hold {len(contents)} files; with {unsized} of unknown size, it would have "
        text += f"more than {size} bytes"
    if remote:
        here = sum(c.size or 0 for c in remote)
        text += f"; to be fetched for it: {len(remote)} files, {here} bytes"
        text += " and more" if any(c.size is None for c in remote) else ""
    if unverified := sum(map(_is_unverified, contents)):
        text += f"; {unverified} files have no checksum"
    if without := [c.path for c in remote if not c.urls]:
        text += f"; {len(without)} are not here and have no URL: {', '.join(without[:3])}"
        text += ", …" if len(without) > 3 else ""
    return {
        "message": text,
        "dry_run": True,
        "members": len(contents),
        "bytesize": None if unsized else size,
    }


def _is_unverified(content: Content) -> bool:
    return bool(content.key) and not content.expected.algorithm


def report(
    contents: Sequence[Content],
    absent: Mapping[str, str],
    exported: Exported,
    size: int,
    missing_content: str,
) -> dict[str, Any]:
    """Tell what is to be told of an archive that was written.

    Args:
        contents: that were to be in it.
        absent: subdatasets that are not here: path → why.
        exported: what became of it.
        size: bytes.
        missing_content: how loudly to tell of what is missing.
    """
    for path, problem in exported.missing.items():
        log = lgr.warning if missing_content == "continue" else lgr.debug
        log("File %s has no content available, skipped: %s", path, problem)
    included = [c for c in contents if c.path not in exported.missing]
    if unverified := sum(map(_is_unverified, included)):
        lgr.warning(
            "%i files have no checksum: the archive is the same elsewhere only as long as "
            "all mirrors give the same content",
            unverified,
        )
    for warning in exported.warnings:
        lgr.warning("%s", warning)
    missing = sorted([*exported.missing, *absent])
    left_out = f", {len(missing)} left out" if missing else ""
    return {
        "message": f"{len(included)} files, {size} bytes{left_out}",
        "members": len(included),
        "missing": missing,
        "bytesize": size,
    }
