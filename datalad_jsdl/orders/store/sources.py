"""The sources that a store knows."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.errors import StoreError
from datalad_jsdl.orders.model import Source, SourceKind
from datalad_jsdl.orders.store.tables import sources

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.engine import Connection

__all__ = ["known_sources", "named_source", "source_ids"]


def named_source(connection: Connection, kind: SourceKind, location: str, wish: str) -> Source:
    """The source at a location, with the name that it has in the store.

    Args:
        connection: reads.
        kind: of the source.
        location: see `Source`.
        wish: the name of a new one; where it is taken, a number is added.
    """
    known = {source.name: source for source in known_sources(connection).values()}
    for source in known.values():
        if (source.kind, source.location) == (kind, location):
            return source
    names = chain([wish], (f"{wish}-{number}" for number in count(2)))
    return Source(next(name for name in names if name not in known), kind, location)


def source_ids(connection: Connection, wanted: Iterable[Source]) -> dict[str, int]:
    """Name → id of sources; those that are new are added.

    Raises:
        StoreError: another source has the name, or the source another name.
    """
    wanted = list(wanted)
    found: dict[str, int] = {}
    known = {row.name: row for row in connection.execute(select(sources))}
    new = [source for source in wanted if source.name not in known]
    if new:
        _add(connection, new)
        known = {row.name: row for row in connection.execute(select(sources))}
    places = {(row.kind, row.location): row.name for row in known.values()}
    for source in wanted:
        place = (source.kind.value, source.location)
        row = known.get(source.name)
        if row is not None and (row.kind, row.location) != place:
            raise StoreError(
                f"the name {source.name} is taken: it means {row.location} in this store"
            )
        if row is None:
            raise StoreError(f"{source.location} is named {places[place]} in this store")
        found[source.name] = row.id
    return found


def _add(connection: Connection, new: Iterable[Source]) -> None:
    """Add sources; what somebody else adds at the same time is waited for, and stays."""
    dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = [
        {"name": source.name, "kind": source.kind.value, "location": source.location}
        for source in sorted(new, key=lambda source: source.name)
    ]
    connection.execute(dialect.insert(sources).on_conflict_do_nothing(), values)


def known_sources(connection: Connection) -> dict[int, Source]:
    """Id → source, of all of them."""
    return {
        row.id: Source(row.name, SourceKind(row.kind), row.location)
        for row in connection.execute(select(sources))
    }
