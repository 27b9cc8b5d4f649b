"""Datasets to import into: found, fetched or made, and saved in those above them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset
from datalad.utils import chpwd, get_dataset_root

from datalad_jsdl.bugs import log_trace
from datalad_jsdl.commands._common import message_of
from datalad_jsdl.dataset.git import Git
from datalad_jsdl.dataset.records import ANNEX_BRANCH
from datalad_jsdl.dataset.submodules import Link
from datalad_jsdl.dataset.tree import SUBMODULE
from datalad_jsdl.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = [
    "check_place",
    "is_begun",
    "is_taken",
    "link_to",
    "make_dataset",
    "open_subdataset",
    "save_in",
]

_MADE = frozenset({".git", ".datalad", ".gitattributes"})  # what ``datalad create`` makes


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


def is_begun(dataset: Dataset) -> bool:
    """Whether its making was cut short: an annex without a commit, and nothing of the user's."""
    branches = Git(dataset.pathobj).text("for-each-ref", "--format=%(refname)", "refs/heads")
    names = {path.name for path in dataset.pathobj.iterdir()}
    annex = (dataset.pathobj / ".git" / "annex").is_dir()
    return annex and branches in ("", ANNEX_BRANCH) and names <= _MADE


def link_to(dataset: Dataset) -> Link:
    """A subdataset as it is now, for the one above it."""
    return Link(_head(dataset), dataset.id or "")


def _head(dataset: Dataset) -> str:
    return Git(dataset.pathobj).text("rev-parse", "--verify", "--quiet", "HEAD")


def open_subdataset(above: Dataset, folder: str, *, dry: bool, cleared: bool) -> Dataset:
    """The subdataset of *above* in *folder*: fetched if it is not here, made if there is none.

    A new one is not registered in the dataset above before its next import.

    Args:
        above: the dataset that it is, or is to be, registered in.
        folder: within *above*.
        dry: neither fetch nor make anything; then it may not be installed.
        cleared: what *above* itself has in its place would be deleted before.

    Raises:
        DatasetError: it cannot be had, or something is in its place.
    """
    dataset = Dataset(above.pathobj / folder)
    begun = False
    if dataset.is_installed():
        begun = not _head(dataset)
        if not begun or dry:
            return dataset
    elif _registered(above, [folder]):
        if dry:
            raise DatasetError(f"the subdataset {dataset.path} is not here; get it first")
        with chpwd(above.path):  # a source with a relative path is looked for from here
            try:
                got = above.get(
                    path=dataset.path,
                    get_data=False,
                    on_failure="ignore",
                    result_renderer="disabled",
                    return_type="list",
                )
            except Exception as error:  # whatever an unusable source makes of DataLad's own code
                log_trace(f"cannot get the subdataset {dataset.path}", error)
                got = [{"status": "error", "message": f"{type(error).__name__}: {error}"}]
        if not dataset.is_installed():
            reasons = "; ".join(message_of(r) for r in got if r["status"] == "error")
            raise DatasetError(f"cannot get the subdataset {dataset.path}: {reasons}")
        return dataset
    if not begun and not cleared:
        _check_free(above, folder, dataset)
    if not dry:  # one that was begun, and its making killed, has no commit
        for trouble in make_dataset(dataset, None, force=begun):
            raise DatasetError(f"cannot make {dataset.path}: {message_of(trouble)}")
    return dataset


def _check_free(above: Dataset, folder: str, dataset: Dataset) -> None:
    files = _files_in(above, folder)
    if files:
        raise DatasetError(
            f"{dataset.path} cannot become a subdataset: {above.path} has {len(files)} files of "
            f"its own there, such as {files[0]!r}; --delete deletes those that an earlier import "
            "wrote, and then makes it"
        )
    check_place(dataset.pathobj, above)


def _files_in(above: Dataset, folder: str) -> list[str]:
    """Files that *above* itself has at a path or in that folder."""
    if not above.is_installed():
        return []
    literal = f":(literal){folder}"
    return [
        path
        for path in Git(above.pathobj).text("ls-files", "-z", "--", literal).split("\0")
        if path
    ]


def is_taken(above: Dataset, folder: str) -> bool:
    """Whether files of *above* itself are where a subdataset is to be."""
    return bool(_files_in(above, folder)) and not _registered(above, [folder])


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
