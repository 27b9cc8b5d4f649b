"""Telling a store where a dataset is that was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from datalad_jsdl.errors import OrderError
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.model import SourceKind
from datalad_jsdl.orders.pinning import pin
from datalad_jsdl.orders.store.sources import known_sources
from datalad_jsdl.orders.store.tables import (
    file_states,
    listed_files,
    order_files,
    removed_files,
    sources,
)
from datalad_jsdl.repository.repository import find_repository

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from datalad_jsdl.orders.desk import Desk
    from datalad_jsdl.orders.model import Source

__all__ = ["move_dataset"]


def move_dataset(desk: Desk, name: str, root: Path) -> int:
    """Have a source of the store be in another folder from now on.

    The folder has to have all commits that lists and orders are of, which no other dataset has.

    Args:
        desk: of the store.
        name: of the source, as lists show it.
        root: of the dataset.

    Returns:
        How many commits were looked for, and are there.

    Raises:
        OrderError: there is no such dataset in the store or in the folder, or it is another one.
        DatasetError: git does not work in the folder.
        StoreError: the store cannot be written.
    """
    desk.store.require_writable()
    with desk.store.read() as connection:
        _require_dataset(known_sources(connection).values(), name)
    repository = find_repository(root)
    if repository is None:
        raise OrderError(f"there is no dataset in {root}")
    location = desk.location_of(root)
    with desk.store.write() as connection:
        number = _number_of(connection, name, location)
        commits = _commits(connection, number)
        for commit in commits:
            found = repository.git.attempt(
                "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"
            )
            if found.returncode:
                raise OrderError(
                    f"the dataset in {root} is not {name}, or not all of it: it lacks the commit "
                    f"{commit}, one of {counted(len(commits), 'commit')} of lists and orders"
                )
        mine = sources.c.id == number
        connection.execute(update(sources).where(mine).values(location=location))
        # that it was not there is true no more; no mirror has said so
        lost = (file_states.c.source == number) & (file_states.c.access == Access.GONE.value)
        connection.execute(delete(file_states).where(lost, file_states.c.fault == ""))
        its = select(order_files.c.order).where(order_files.c.source == number).distinct()
        orders = list(connection.scalars(its))
    places = desk.places()
    for order in orders:
        pin(desk.orders.find(order), places)
    return len(commits)


def _number_of(connection: Connection, name: str, location: str) -> int:
    known = known_sources(connection)
    found = [number for number, source in known.items() if source.name == name]
    datasets = sorted(s.name for s in known.values() if s.kind is SourceKind.DATASET)
    if not found or known[found[0]].kind is not SourceKind.DATASET:
        raise OrderError(
            f"the store has no dataset {name}; it has {', '.join(datasets)}"
            if datasets
            else f"the store has no dataset {name}, and no other one"
        )
    for number, source in known.items():
        if source.location == location and number != found[0]:
            raise OrderError(
                f"the dataset in {location} is named {source.name} in this store already; make a "
                f"symbolic link to it at {known[found[0]].location}"
            )
    return found[0]


def _require_dataset(known: Iterable[Source], name: str) -> None:
    source = next((source for source in known if source.name == name), None)
    if source is not None and source.kind is SourceKind.MANIFEST:
        raise OrderError(
            f"{name} is a manifest, not a dataset. The store keeps what the manifest said of the "
            "files: orders of them need no manifest, wherever it is now. To list files from its "
            "new place, run: datalad download-list add --recursive --manifest MANIFEST"
        )


def _commits(connection: Connection, number: int) -> list[str]:
    """Those that files on lists, taken off them, and in orders are of."""
    found: set[str] = set()
    for table in (listed_files, removed_files, order_files):
        chosen = select(table.c.version).where(table.c.source == number).distinct()
        found.update(connection.scalars(chosen))
    return sorted(found)
