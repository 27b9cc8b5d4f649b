"""Datasets to import into: found, fetched or made, and saved in those above them."""

from __future__ import annotations

import logging
import os
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset, require_dataset
from datalad.interface.results import get_status_dict
from datalad.support.exceptions import NoDatasetFound
from datalad.utils import chpwd, get_dataset_root

from datalad_jsdl.bugs import log_trace
from datalad_jsdl.commands._common import message_of
from datalad_jsdl.errors import DatasetError, reason
from datalad_jsdl.model.urls import redact_text
from datalad_jsdl.repository.annex.adjusted import checked_out
from datalad_jsdl.repository.annex.branch import ANNEX_BRANCH
from datalad_jsdl.repository.commit import SUBMODULE
from datalad_jsdl.repository.git.calling import in_no_hook
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.importing.submodules import Link
from datalad_jsdl.repository.locks import exclusively, making, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "check_place",
    "is_begun",
    "is_installed",
    "is_taken",
    "link_to",
    "make_dataset",
    "open_subdataset",
    "require_installed",
    "save_in",
    "taking_turns",
]

lgr = logging.getLogger("datalad.jsdl.datasets")

_MADE = frozenset({".git", ".datalad", ".gitattributes"})  # what ``datalad create`` makes


def check_place(target: Path, parent: Any) -> None:
    """Make sure that a dataset may be made there, and that this is what is meant.

    Raises:
        DatasetError: something is in its place, or around it.
    """
    if target.exists() and not target.is_dir():
        raise DatasetError(f"{target} is a file; give the folder of a dataset, or one to make")
    around = get_dataset_root(str(target.parent))
    if around and parent is None:
        raise DatasetError(
            f"{target} lies in the dataset {around}; to import into a folder of it, use "
            "-d and --prefix, to make a subdataset there, use -d and PATH"
        )
    if target.is_dir() and any(target.iterdir()):
        if around:
            raise DatasetError(
                f"{target} is a folder with files in it, of the dataset {around}; to import into "
                "it, use -d and --prefix, without PATH; to make it a subdataset, move them away"
            )
        raise DatasetError(
            f"{target} is a folder with files in it, and no dataset; give another folder, or "
            f"make it one: datalad create --force {shlex.quote(str(target))}"
        )


def is_installed(dataset: Dataset) -> bool:
    """Whether there is a repository.

    Raises:
        DatasetError: there is one, and git does not work in it; the text has its reason.
    """
    problem = ""
    try:
        with in_no_hook():
            installed = dataset.is_installed()
    except Exception as error:  # whatever a broken repository makes of DataLad's own code
        installed, problem = False, f": {error}"
    if installed:
        Git(dataset.pathobj).require_own()
        return True
    if not os.path.lexists(dataset.pathobj / ".git"):
        if problem:
            raise DatasetError(f"cannot look at {dataset.path}{problem}")
        return False
    Git(dataset.pathobj).text("rev-parse", "--git-dir")  # raises, with git's reason
    raise DatasetError(f"{dataset.pathobj / '.git'} is no repository that can be used{problem}")


def require_installed(dataset: Any, purpose: str) -> Dataset:
    """The dataset that is given, or found from the current folder.

    Raises:
        NoDatasetFound: there is none.
        DatasetError: git does not work in it.
    """
    found: Dataset = require_dataset(dataset, check_installed=False, purpose=purpose)
    if not is_installed(found):
        raise NoDatasetFound(f"No installed dataset found at {found.path}")
    return found


@contextmanager
def taking_turns(target: Path, above: Dataset | None) -> Iterator[None]:
    """Keep out other runs that make *target*, or write to the dataset above it; they wait.

    Raises:
        DatasetError: nothing can be written there.
    """
    if above is not None and above.pathobj != target and is_installed(above):
        with exclusively(Git(above.pathobj)):
            yield
    else:
        with making(target):
            yield


def make_dataset(dataset: Dataset, parent: Any, *, force: bool = False) -> Iterator[dict[str, Any]]:
    """Make the dataset, of what is there if *force*; only what goes wrong is reported.

    That it could not be registered in *parent* is not: `save_in` does so, too.
    """
    from datalad.api import create

    if force:  # to DataLad a folder .git/annex is an annex, however far its making got
        Git(dataset.pathobj).run("annex", "init")
    troubles = _troubles(
        lambda: create(
            path=dataset.path,
            dataset=parent,
            force=force,
            on_failure="ignore",
            result_renderer="disabled",
            result_filter=None,
            result_xfm=None,
            return_type="generator",
        ),
        dataset,
        "create",
    )
    if parent is None or not is_installed(dataset) or not _head(dataset):
        yield from troubles


def is_begun(dataset: Dataset) -> bool:
    """Whether its making was cut short: no commit yet, and nothing of the user's."""
    git = Git(dataset.pathobj)
    if git.commit("HEAD"):
        return False
    refs = set(git.text("for-each-ref", "--format=%(refname)").split())
    if refs - {ANNEX_BRANCH} or git.setting(r"^remote\..*\.url$", "--get-regexp", "--name-only"):
        return False
    names = {path.name for path in dataset.pathobj.iterdir()}
    names.update(path.partition("/")[0] for path in _items(dataset, "ls-files", "-z"))
    return names <= _MADE


def link_to(dataset: Dataset) -> Link:
    """A subdataset as it is now, for the one above it."""
    git = Git(dataset.pathobj)
    # the commit of an adjusted branch is for this clone alone
    basis = checked_out(git).basis
    return Link((git.commit(basis) if basis else "") or _head(dataset), dataset.id or "")


def _head(dataset: Dataset) -> str:
    return Git(dataset.pathobj).commit("HEAD")


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
    if dry or (is_installed(dataset) and _head(dataset)):
        return _opened(above, folder, dataset, dry=dry, cleared=cleared)
    with taking_turns(dataset.pathobj, above):
        return _opened(above, folder, dataset, dry=dry, cleared=cleared)


def _opened(above: Dataset, folder: str, dataset: Dataset, *, dry: bool, cleared: bool) -> Dataset:
    begun = False
    if is_installed(dataset):
        begun = not _head(dataset)
        if not begun or dry:
            return dataset
    elif _registered(above, [folder]):
        if dry:
            raise DatasetError(f"the subdataset {dataset.path} is not here; get it first")
        with (
            in_no_hook(),
            chpwd(above.path),
        ):  # a source with a relative path is looked for from here
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
        if not is_installed(dataset):
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
    if not is_installed(above):
        return []
    literal = f":(literal){folder}"
    return list(_items(above, "ls-files", "-z", "--", literal))


def _items(dataset: Dataset, *args: str) -> Iterator[str]:
    listing = Git(dataset.pathobj).items(*args)
    return (item.decode("utf-8", "surrogateescape") for item in listing)


def is_taken(above: Dataset, folder: str) -> bool:
    """Whether files of *above* itself are where a subdataset is to be."""
    return bool(_files_in(above, folder)) and not _registered(above, [folder])


def save_in(above: Dataset, paths: Sequence[str], message: str) -> Iterator[dict[str, Any]]:
    """Commit paths in a dataset, as they are; only what goes wrong is reported."""
    git = Git(above.pathobj)

    def save() -> list[dict[str, Any]]:
        troubles = _troubles(
            lambda: above.save(
                path=[str(above.pathobj / path) for path in paths],
                message=message,
                to_git=True,
                on_failure="ignore",
                result_renderer="disabled",
                return_type="generator",
            ),
            above,
            "save",
        )
        if troubles:
            raise DatasetError("; ".join(map(message_of, troubles)))
        return troubles

    with exclusively(git):
        try:
            patiently(git, save)
        except DatasetError as error:
            yield _trouble(above, "save", str(error))


def _registered(above: Dataset, folders: Sequence[str]) -> dict[str, str]:
    """Commits of subdatasets by folder, as the index of *above* has them."""
    if not is_installed(above):
        return {}
    wanted = set(folders)
    found = {}
    for item in _items(above, "ls-files", "-z", "--stage"):
        head, _, path = item.partition("\t")
        if path in wanted and head.startswith(SUBMODULE):
            found[path] = head.split(" ")[1]
    return found


def _troubles(
    call: Callable[[], Iterable[dict[str, Any]]], dataset: Dataset, action: str
) -> list[dict[str, Any]]:
    """What goes wrong in a call of DataLad's."""
    try:
        with in_no_hook():
            return [result for result in call() if result["status"] not in ("ok", "notneeded")]
    except Exception as error:  # it raises where git fails it
        said = getattr(error, "stderr", "") or reason(error)
        return [_trouble(dataset, action, redact_text(str(said).strip()))]


def _trouble(dataset: Dataset, action: str, text: str) -> dict[str, Any]:
    record: dict[str, Any] = get_status_dict(
        action=action, path=dataset.path, type="dataset", status="error", logger=lgr
    )
    record["message"] = text
    return record
