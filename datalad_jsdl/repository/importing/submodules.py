"""Subdatasets in a commit of ours: what the tree and ``.gitmodules`` have of them.

gitmodules(5); the sections are those that ``datalad save`` writes. Only they are ours: what
the user has changed in that file and not committed stays out of our commits.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.commit import SUBMODULE
from datalad_jsdl.repository.locks import patiently

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.repository.commit import Tree
    from datalad_jsdl.repository.git.running import Git

__all__ = ["GITMODULES", "Link", "activate", "changed_links", "gitmodules"]

GITMODULES = ".gitmodules"


@dataclass(frozen=True, slots=True)
class Link:
    """A subdataset as the dataset above is to have it.

    Attributes:
        commit: hex object name.
        dataset_id: of the DataLad dataset; may be empty.
    """

    commit: str
    dataset_id: str = ""


def changed_links(tree: Tree, links: Mapping[str, Link]) -> dict[str, Link]:
    """Those of *links* (by path) that the tree has at another commit, or not at all."""
    return {
        path: link
        for path, link in links.items()
        if path not in tree.files
        or (tree.files[path].mode, tree.files[path].oid) != (SUBMODULE, link.commit)
    }


def gitmodules(git: Git, tree: Tree, links: Mapping[str, Link]) -> bytes | None:
    """The content of ``.gitmodules`` with a section for each of *links* that has none.

    Returns:
        None if there is nothing to be added.

    Raises:
        DatasetError: the user has changed the file and not committed that.
    """
    known = tree.files.get(GITMODULES)
    content = next(iter(git.blobs([known.oid]))) if known else b""
    there = _paths(git, tree) if known else set()
    new = {path: link for path, link in links.items() if path not in there}
    if not new:
        return None
    text = content if content.endswith(b"\n") or not content else content + b"\n"
    wanted = text + b"".join(_section(path, link) for path, link in new.items())
    found = _in_work_tree(git)
    # what a killed run of ours has left there is no work of the user's
    if found not in (content if known else None, wanted):
        raise DatasetError(
            f"{GITMODULES} in {git.root} has uncommitted changes, so no subdataset can be added; "
            "commit or restore it"
        )
    return wanted


def activate(git: Git, links: Mapping[str, Link], before: Tree) -> None:
    """Tell git that new subdatasets are to be looked at, as ``git submodule init`` does."""
    for path in links:
        if path not in before.files:
            for name, value in (("active", "true"), ("url", f"./{path}")):
                command = ("config", f"submodule.{path}.{name}", value)
                patiently(git, partial(git.run, *command))


def _paths(git: Git, tree: Tree) -> set[str]:
    """The paths that the committed file has a section for."""
    blob = f"{tree.commit}:{GITMODULES}"
    pattern = r"^submodule\..*\.path$"
    found = git.ask("config", "--null", "--blob", blob, "--get-regexp", pattern) or b""
    items = found.decode("utf-8", "surrogateescape").split("\0")
    return {item.partition("\n")[2] for item in items if item}


def _section(path: str, link: Link) -> bytes:
    fields = {"path": path, "url": f"./{path}", "datalad-id": link.dataset_id}
    lines = [f'[submodule "{_escaped(path)}"]']
    lines += [f"\t{name} = {_quoted(value)}" for name, value in fields.items() if value]
    return "".join(f"{line}\n" for line in lines).encode()


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[\w./+-]+", text) else f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _in_work_tree(git: Git) -> bytes | None:
    try:
        with open(os.path.join(git.root, GITMODULES), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
