"""Datasets to import into: found, fetched or made, and saved in those above them."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.errors import DatasetError, reason
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.operations.values import Failure
from datalad_jsdl.repository.annex.adjusted import checked_out
from datalad_jsdl.repository.annex.branch import ANNEX_BRANCH
from datalad_jsdl.repository.commit import SUBMODULE
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.importing.submodules import Link
from datalad_jsdl.repository.locks import exclusively, making, patiently
from datalad_jsdl.repository.repository import Repository, find_repository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "Datasets",
    "check_place",
    "is_begun",
    "is_installed",
    "is_taken",
    "link_to",
    "make_dataset",
    "open_subdataset",
    "save_in",
    "taking_turns",
]

_MADE = frozenset({".git", ".datalad", ".gitattributes"})  # what ``datalad create`` makes


class Datasets(Protocol):
    """Makes, gets and saves datasets; in the commands, DataLad does.

    What goes wrong is not raised but returned, free of secrets.
    """

    def create(self, path: Path, above: Path | None, *, force: bool) -> Sequence[Failure]:
        """Make a dataset, of what is there if *force*; registered in the one *above*."""

    def get(self, above: Path, path: Path) -> Sequence[Failure]:
        """Get a registered subdataset, without its content."""

    def save(self, above: Path, paths: Iterable[str], message: str) -> Sequence[Failure]:
        """Commit paths in a dataset, as they are."""


def check_place(target: Path, parent: Path | None) -> None:
    """Make sure that a dataset may be made there, and that this is what is meant.

    Raises:
        DatasetError: something is in its place, or around it.
    """
    if target.exists() and not target.is_dir():
        raise DatasetError(f"{target} is a file; give the folder of a dataset, or a new one")
    around = next((folder for folder in target.parents if (folder / ".git").exists()), None)
    if around and parent is None:
        raise DatasetError(
            f"{target} is inside the dataset {around}. To import into a folder of it, use "
            "-d and --prefix. To make a subdataset there, use -d and PATH"
        )
    if target.is_dir() and any(target.iterdir()):
        if around:
            raise DatasetError(
                f"{target} is a non-empty folder of the dataset {around}. To import into it, use "
                "-d and --prefix, without PATH. To make it a subdataset, move its files away"
            )
        raise DatasetError(
            f"{target} is a non-empty folder, but not a dataset; give another folder, or "
            f"make it one: datalad create --force {shlex.quote(str(target))}"
        )


def is_installed(path: Path) -> bool:
    """Whether there is a repository.

    Raises:
        DatasetError: there is one, and git does not work in it; the text has its reason.
    """
    return find_repository(path) is not None


@contextmanager
def taking_turns(target: Path, above: Path | None) -> Iterator[None]:
    """Keep out other runs that make *target*, or write to the dataset above it; they wait.

    Raises:
        DatasetError: nothing can be written there.
    """
    if above is not None and above != target and is_installed(above):
        with exclusively(Repository(above)):
            yield
    else:
        with making(target):
            yield


def make_dataset(
    path: Path, parent: Path | None, datasets: Datasets, *, force: bool = False
) -> Sequence[Failure]:
    """Make the dataset, of what is there if *force*; what goes wrong.

    That it could not be registered in *parent* is not among it: `save_in` does so, too.
    """
    if force:  # to DataLad a folder .git/annex is an annex, however far its making got
        Git(path).run("annex", "init")
    troubles = datasets.create(path, parent, force=force)
    return troubles if parent is None or not is_installed(path) or not _head(path) else ()


def is_begun(repository: Repository) -> bool:
    """Whether its making was cut short: no commit yet, and nothing of the user's."""
    if repository.head.commit:
        return False
    git, root = repository.git, repository.root
    refs = set(git.text("for-each-ref", "--format=%(refname)").split())
    if refs - {ANNEX_BRANCH} or git.setting(r"^remote\..*\.url$", "--get-regexp", "--name-only"):
        return False
    names = {file.name for file in root.iterdir()}
    names.update(item.partition("/")[0] for item in _items(root, "ls-files", "-z"))
    return names <= _MADE


def link_to(path: Path) -> Link:
    """A subdataset as it is now, for the one above it."""
    repository = Repository(path)
    # the commit of an adjusted branch is for this clone alone
    basis = checked_out(repository).basis
    own = repository.git.commit(basis) if basis else ""
    return Link(own or repository.head.commit, repository.dataset_id)


def _head(path: Path) -> str:
    return Repository(path).head.commit


def open_subdataset(
    above: Path, folder: str, datasets: Datasets, *, dry: bool, cleared: bool
) -> Path:
    """The subdataset of *above* in *folder*: fetched if it is not here, made if there is none.

    A new one is not registered in the dataset above before its next import.

    Args:
        above: the dataset that it is, or is to be, registered in.
        folder: within *above*.
        datasets: gets and makes it.
        dry: neither fetch nor make anything; then it may not be installed.
        cleared: what *above* itself has in its place would be deleted before.

    Raises:
        DatasetError: it is unavailable, or something is in its place.
    """
    path = above / folder
    if dry or (is_installed(path) and _head(path)):
        return _opened(above, folder, datasets, dry=dry, cleared=cleared)
    with taking_turns(path, above):
        return _opened(above, folder, datasets, dry=dry, cleared=cleared)


def _opened(above: Path, folder: str, datasets: Datasets, *, dry: bool, cleared: bool) -> Path:
    path, begun = above / folder, False
    if is_installed(path):
        begun = not _head(path)
        if not begun or dry:
            return path
    elif _is_registered(above, folder):
        if dry:
            raise DatasetError(f"the subdataset {path} is not installed; get it first")
        troubles = datasets.get(above, path)
        if not is_installed(path):
            reasons = "; ".join(reason(trouble.error) for trouble in troubles)
            raise DatasetError(f"cannot get the subdataset {path}: {reasons}")
        return path
    if not begun and not cleared:
        _check_free(above, folder)
    if not dry:  # one that was begun, and its making killed, has no commit
        for trouble in make_dataset(path, None, datasets, force=begun):
            raise DatasetError(f"cannot create {path}: {reason(trouble.error)}")
    return path


def _check_free(above: Path, folder: str) -> None:
    if files := _files_in(above, folder):
        raise DatasetError(
            f"{above / folder} cannot become a subdataset: {above} has "
            f"{counted(len(files), 'file')} of its own there, such as {files[0]!r}; --delete "
            "deletes those that an earlier import wrote, and then creates the subdataset"
        )
    check_place(above / folder, above)


def _files_in(above: Path, folder: str) -> list[str]:
    """Files that *above* itself has at a path or in that folder."""
    if not is_installed(above):
        return []
    return list(_items(above, "ls-files", "-z", "--", f":(literal){folder}"))


def _items(path: Path, *args: str) -> Iterator[str]:
    return (item.decode("utf-8", "surrogateescape") for item in Git(path).items(*args))


def is_taken(above: Path, folder: str) -> bool:
    """Whether files of *above* itself are where a subdataset is to be."""
    return bool(_files_in(above, folder)) and not _is_registered(above, folder)


def save_in(
    above: Path, paths: Sequence[str], message: str, datasets: Datasets
) -> Iterator[Failure]:
    """Commit paths in a dataset, as they are; only what goes wrong is told."""
    repository = Repository(above)

    def save() -> None:
        if troubles := datasets.save(above, paths, message):
            raise DatasetError("; ".join(reason(trouble.error) for trouble in troubles))

    with exclusively(repository):
        try:
            patiently(repository.git, save)
        except DatasetError as error:
            yield Failure(above, error, action="save")


def _is_registered(above: Path, folder: str) -> bool:
    """Whether the index of *above* has a subdataset there."""
    if not is_installed(above):
        return False
    for item in _items(above, "ls-files", "-z", "--stage", "--", f":(literal){folder}"):
        head, _, path = item.partition("\t")
        if path == folder and head.startswith(SUBMODULE):
            return True
    return False
