"""What ``datalad export-archive`` puts into a zip."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.operations.contents import dataset_contents
from datalad_jsdl.operations.engines import Engines
from datalad_jsdl.operations.home import Home
from datalad_jsdl.operations.list_files import Walk
from datalad_jsdl.operations.logins import lines_above
from datalad_jsdl.repository.git.running import Git

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from datalad_jsdl.archive.export import Exported
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.operations.contents import Content
    from datalad_jsdl.operations.list_files import Selection

__all__ = ["collect", "preview", "report"]

lgr = logging.getLogger("datalad.jsdl.export_archive")


def collect(
    root: Path,
    selection: Selection,
    stack: ExitStack,
    leading_dir: str = "",
    *,
    commit_time: bool = False,
) -> tuple[list[Content], dict[str, str]]:
    """The contents to be archived, in the order of their members.

    With them, subdatasets that are not here and may be left out: path → why.

    Args:
        root: of the dataset.
        selection: of its files.
        stack: closes what is opened to read them.
        leading_dir: folder in the archive to put everything under; may be empty.
        commit_time: give everything the time of the commit.

    Raises:
        DatasetError: see `Walk`.
    """
    walk, engines = Walk(root, selection), Engines()
    seconds = None
    if commit_time:
        seconds = int(Git(root).text("log", "-1", "--format=%ct", walk.tree.commit))
    contents: list[Content] = []
    for part in walk.parts:
        above = [other.repository.root for other in walk.parts]
        home = Home(
            part.repository.git,
            part.repository.git_dir,
            part.repository.annex_dir,
            partial(_open_engine, engines=engines, root=part.repository.root, above=above),
        )
        contents += dataset_contents(
            stack.enter_context(home),
            part.tree,
            part.paths,
            leading_dir,
            prefix=part.prefix,
            mtime=seconds,
        )
    return sorted(contents, key=lambda content: content.name), walk.missing


def _open_engine(git_dir: Path, engines: Engines, root: Path, above: Sequence[Path]) -> Engine:
    """The engine of a dataset, which has the logins of those above, too."""
    return engines.open(git_dir, inherited=lines_above(root, above))


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
