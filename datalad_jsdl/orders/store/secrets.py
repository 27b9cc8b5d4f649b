"""Secrets that all processes of a store share."""

from __future__ import annotations

import secrets as random
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.orders.store.tables import secrets

if TYPE_CHECKING:
    from typing import Any

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["secret_of"]

_SIZE = 32  # bytes


def secret_of(store: Store, name: str) -> bytes:
    """A secret, which is made when it is asked for first; from then on the store is private.

    Raises:
        StoreError: the store is locked or cannot be written.
    """
    chosen = select(secrets.c.value).where(secrets.c.name == name)
    with store.read() as connection:
        found: bytes | None = connection.scalar(chosen)
    if found is not None:
        return bytes(found)
    store.keep_private()
    dialect: Any = sqlite if store.is_sqlite else postgresql
    made = dialect.insert(secrets).values(name=name, value=random.token_bytes(_SIZE))
    with store.write() as connection:
        connection.execute(made.on_conflict_do_nothing())
        return bytes(connection.execute(chosen).scalar_one())
