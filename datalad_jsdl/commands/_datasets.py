"""Datasets to import into: found, fetched or made, and saved in those above them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset
from datalad.utils import chpwd, get_dataset_root

from datalad_jsdl.commands._common import message_of
from datalad_jsdl.dataset.git import Git
from datalad_jsdl.dataset.tree import SUBMODULE
from datalad_jsdl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["check_place", "make_dataset", "open_subdataset", "save_in", "unsaved"]


def check_place(target: Path, parent: Any) -> None:
    """Make sure that a dataset may be made there, and that this is what is meant.

    Raises:
        DatasetError: something is in its place, or around it.
    """
    if target.exists() and not target.is_dir():
        raise DatasetError(f"{target} is a file; give the folder of a dataset, or one to make")
    if target.is_dir() and any(target.iterdir()):
        raise DatasetError(
            f"{target} is a folder with files in it, and no dataset; give another folder, or "
            f"make it one: datalad create --force {shlex.quote(str(target))}"
        )
    around = get_dataset_root(str(target.parent))
    if around and parent is None:
        raise DatasetError(
            f"{target} lies in the dataset {around}; to import into a folder of it, use "
            "-d and --prefix, to make a subdataset there, use -d and PATH"
        )


def make_dataset(dataset: Dataset, parent: Any, *, force: bool = False) -> Iterator[dict[str, Any]]:
    """Make the dataset, of what is there if *force*; only what goes wrong is reported."""
    from datalad.api import create

    yield from _troubles(
        create(
            path=dataset.path,
            dataset=parent,
            force=force,
            on_failure="ignore",
            result_renderer="disabled",
            result_filter=None,
            result_xfm=None,
            return_type="generator",
        )
    )


def open_subdataset(above: Dataset, folder: str, *, dry: bool) -> Dataset:
    """The subdataset of *above* in *folder*: fetched if it is not here, made if there is none.

    A new one is not registered in the dataset above until it is saved there.

    Args:
        above: the dataset that it is, or is to be, registered in.
        folder: within *above*.
        dry: neither fetch nor make anything; then it may not be installed.

    Raises:
        DatasetError: it cannot be had, or something is in its place.
    """
    dataset = Dataset(above.pathobj / folder)
    begun = False
    if dataset.is_installed():
        begun = not Git(dataset.pathobj).text("rev-parse", "--verify", "--quiet", "HEAD")
        if not begun or dry:
            return dataset
    elif _registered(above, [folder]):
        if dry:
            raise DatasetError(f"the subdataset {dataset.path} is not here; get it first")
        with chpwd(above.path):  # a source with a relative path is looked for from here
            got = above.get(
                path=dataset.path,
                get_data=False,
                on_failure="ignore",
                result_renderer="disabled",
                return_type="list",
            )
        if not dataset.is_installed():
            reasons = "; ".join(message_of(r) for r in got if r["status"] == "error")
            raise DatasetError(f"cannot get the subdataset {dataset.path}: {reasons}")
        return dataset
    if not begun:
        check_place(dataset.pathobj, above)
    if not dry:  # one that was begun, and its making killed, has no commit
        for trouble in make_dataset(dataset, None, force=begun):
            raise DatasetError(f"cannot make {dataset.path}: {message_of(trouble)}")
    return dataset


def unsaved(above: Dataset, folders: Sequence[str]) -> list[str]:
    """Those of some installed subdatasets that *above* has in another version, or not at all."""
    known = _registered(above, folders)
    return [f for f in folders if known.get(f) != Git(above.pathobj / f).text("rev-parse", "HEAD")]


def save_in(above: Dataset, paths: Sequence[str], message: str) -> Iterator[dict[str, Any]]:
    """Commit paths in a dataset, as they are; only what goes wrong is reported."""
    yield from _troubles(
        above.save(
            path=[str(above.pathobj / path) for path in paths],
            message=message,
            to_git=True,
            on_failure="ignore",
            result_renderer="disabled",
            return_type="generator",
        )
    )


def _registered(above: Dataset, folders: Sequence[str]) -> dict[str, str]:
    """Commits of subdatasets by folder, as the index of *above* has them."""
    if not above.is_installed():
        return {}
    listing = Git(above.pathobj).text("ls-files", "-z", "--stage")
    wanted = set(folders)
    found = {}
    for item in listing.split("\0"):
        head, _, path = item.partition("\t")
        if path in wanted and head.startswith(SUBMODULE):
            found[path] = head.split(" ")[1]
    return found


def _troubles(results: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (result for result in results if result["status"] not in ("ok", "notneeded"))
