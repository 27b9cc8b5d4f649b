"""The sources that a store knows."""

from __future__ import annotations

from itertools import chain, count
from typing import TYPE_CHECKING

from sqlalchemy import select

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
    found: dict[str, int] = {}
    known = {row.name: row for row in connection.execute(select(sources))}
    places = {(row.kind, row.location): row.name for row in known.values()}
    for source in wanted:
        place = (source.kind.value, source.location)
        row = known.get(source.name)
        if row is not None and (row.kind, row.location) != place:
            raise StoreError(
                f"the name {source.name} is taken: it means {row.location} in this store"
            )
        if row is None and place in places:
            raise StoreError(f"{source.location} is named {places[place]} in this store")
        if row is None:
            values = {"name": source.name, "kind": place[0], "location": place[1]}
            added = connection.execute(sources.insert().values(values).returning(sources.c.id))
            found[source.name] = added.scalar_one()
        else:
            found[source.name] = row.id
    return found


def known_sources(connection: Connection) -> dict[int, Source]:
    """Id → source, of all of them."""
    return {
        row.id: Source(row.name, SourceKind(row.kind), row.location)
        for row in connection.execute(select(sources))
    }
