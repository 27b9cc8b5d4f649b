"""What ``datalad export-archive`` puts into a zip."""

from __future__ import annotations

import logging
import shlex
from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.operations.contents import dataset_contents
from datalad_jsdl.operations.engines import Engines
from datalad_jsdl.operations.home import Home, Homes
from datalad_jsdl.operations.list_files import Walk
from datalad_jsdl.operations.logins import lines_above
from datalad_jsdl.repository.git.running import Git

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.export import Exported
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.operations.list_files import Selection

__all__ = ["collect", "preview", "report", "warn_of_damage"]

lgr = logging.getLogger("datalad.jsdl.export_archive")


def collect(
    root: Path,
    selection: Selection,
    homes: Homes,
    leading_dir: str = "",
    *,
    commit_time: bool = False,
) -> tuple[list[Content], dict[str, str]]:
    """The contents to be archived, in the order of their members.

    With them, subdatasets that are not here and may be left out: path → why.

    Args:
        root: of the dataset.
        selection: of its files.
        homes: gets the datasets that they are from.
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
            homes.add(part.prefix, home),
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
    return not content.has_digest


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


def warn_of_damage(exported: Exported, homes: Homes) -> None:
    """Tell which local contents are damaged, and how to repair them."""
    for content, problem in exported.damaged:
        root = shlex.quote(str(homes.of(content).git.root))
        lgr.warning(
            "the local content of %s is damaged (%s); it was taken from the mirrors instead. "
            "To repair it, run: git -C %s annex fsck --key %s",
            content.path, problem, root, shlex.quote(content.key),
        )  # fmt: skip
