"""What the operator of a portal has set that everybody who works with the store has to obey."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.orders.store.tables import operator_settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from sqlalchemy.engine import Connection

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["keep_sources_with_logins", "sources_with_logins"]

_LOGINS = "sources-with-logins"


def keep_sources_with_logins(store: Store, names: Iterable[str]) -> None:
    """Say of which sources alone mirrors may be shown logins of whoever reads them.

    Raises:
        StoreError: the store is locked or cannot be written.
    """
    dialect: Any = sqlite if store.is_sqlite else postgresql
    value = json.dumps(sorted(names))
    insert = dialect.insert(operator_settings).values(name=_LOGINS, value=value)
    with store.write() as connection:
        connection.execute(
            insert.on_conflict_do_update(index_elements=["name"], set_={"value": value})
        )


def sources_with_logins(connection: Connection) -> frozenset[str] | None:
    """The names of those sources; None, for all, if nobody has ever said so."""
    chosen = select(operator_settings.c.value).where(operator_settings.c.name == _LOGINS)
    found = connection.scalar(chosen)
    return None if found is None else frozenset(json.loads(found))
