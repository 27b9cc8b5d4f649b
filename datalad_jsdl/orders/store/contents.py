"""What passes over contents have found: rows by identity, that all orders share."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.archive.prepare import Prepared
from datalad_jsdl.orders.store.tables import keys, pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["prepared_contents", "record_prepared"]

_AT_ONCE = 500  # identities in the condition of a statement


def prepared_contents(store: Store, identities: Iterable[str]) -> dict[str, Prepared]:
    """Those of *identities* (`Content.identity`) that are prepared."""
    found: dict[str, Prepared] = {}
    with store.read() as connection:
        for portion in _portions(dict.fromkeys(identities)):
            digests: dict[str, list[str]] = {}
            chosen = select(pieces).where(pieces.c.key.in_(portion))
            for row in connection.execute(chosen.order_by(pieces.c.key, pieces.c.number)):
                digests.setdefault(row.key, []).append(row.sha256.hex())
            for row in connection.execute(select(keys).where(keys.c.key.in_(portion))):
                hexdigests = tuple(digests.get(row.key, ()))
                found[row.key] = Prepared(row.size, row.crc32, row.sha256, hexdigests)
    return found


def record_prepared(store: Store, found: Mapping[str, Prepared]) -> None:
    """Keep what was found out, all of it or nothing; what another worker has kept stays.

    Args:
        store: to write into.
        found: identity → what it is.

    Raises:
        StoreError: the store is locked or cannot be written.
    """
    if not found:
        return
    now = time.time()
    items = sorted(found.items())  # all lock in one order, and so none another one for ever
    whole = [
        {
            "key": identity,
            "size": item.size,
            "crc32": item.crc32,
            "sha256": item.sha256,
            "found_on": now,
        }
        for identity, item in items
    ]
    parts = [
        {"key": identity, "number": number, "sha256": bytes.fromhex(hexdigest)}
        for identity, item in items
        for number, hexdigest in enumerate(item.pieces)
    ]
    with store.write() as connection:
        dialect: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
        for table, rows in ((keys, whole), (pieces, parts)):
            for portion in _portions(rows):
                connection.execute(dialect.insert(table).on_conflict_do_nothing(), portion)


def _portions(things: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(things)
    while portion := list(islice(rest, _AT_ONCE)):
        yield portion
