"""Lists and orders as the commands find them: the store, and the user."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.support.exceptions import NoDatasetFound

from datalad_jsdl.commands._datasets import require_installed
from datalad_jsdl.errors import ReadOnlyStoreError, SettingError, StoreError
from datalad_jsdl.orders.desk import Desk, own_store, owner_of
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["At", "opened_desk", "user_of"]


class At:
    """Where a command is.

    Attributes:
        desk: of the lists and orders.
        root: of the dataset; None outside a dataset.
        path: what result records name: the dataset, or the current folder.
    """

    def __init__(self, desk: Desk, root: Path | None) -> None:
        self.desk = desk
        self.root = root
        self.path = root if root is not None else Path.cwd()


def user_of(given: str | None) -> str:
    """Whose list and orders are meant.

    Raises:
        SettingError: the name cannot be stored.
    """
    name = given or "me"
    try:
        name.encode()
    except UnicodeEncodeError:
        raise SettingError(f"--user is not valid UTF-8: {name!r}") from None
    return name


@contextmanager
def opened_desk(
    dataset: Any, store: str | None, purpose: str, credentials: tuple[str, ...] = ()
) -> Iterator[At]:
    """Open the store.

    Raises:
        StoreError: it cannot be opened, or nothing says which one it is.
        DatasetError: git does not work in the dataset.
        NoDatasetFound: there is no dataset where it was said to be.
    """
    root = None
    try:
        root = require_installed(dataset, purpose).pathobj
    except NoDatasetFound:
        if dataset is not None:
            raise
    if root is None and store is None:
        raise StoreError(
            f"there is no dataset in {Path.cwd()} that could have lists and orders; name one with "
            "--dataset, or a database with --store"
        )
    try:
        with _opened(store, root) as opened:
            own = owner_of(opened) if store is not None else root
            yield At(Desk(opened, own, credentials), root)
    except ReadOnlyStoreError as error:
        raise StoreError(f"{error}. For a store elsewhere, use --store URL") from error


def _opened(store: str | None, root: Path | None) -> Store:
    if store is not None or root is None:
        return Store(store or "")
    return Store.of_file(own_store(Repository(root)))
