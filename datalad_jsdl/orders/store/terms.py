"""Who has accepted which terms, and when."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.orders.store.tables import accepted_terms

if TYPE_CHECKING:
    from typing import Any

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["accept_terms", "accepted_on"]


def accept_terms(store: Store, user: str, source: str, version: str) -> None:
    """A user accepts a version of the terms of a source; the first time counts.

    Raises:
        StoreError: the store is locked or cannot be written.
    """
    dialect: Any = sqlite if store.is_sqlite else postgresql
    values = {"user": user, "source": source, "version": version, "accepted_on": time.time()}
    with store.write() as connection:
        connection.execute(dialect.insert(accepted_terms).values(values).on_conflict_do_nothing())


def accepted_on(store: Store, user: str, source: str, version: str) -> datetime | None:
    """When a user has accepted that version; None if they have not."""
    same = accepted_terms.c
    chosen = select(same.accepted_on).where(
        same.user == user, same.source == source, same.version == version
    )
    with store.read() as connection:
        found = connection.scalar(chosen)
    return None if found is None else datetime.fromtimestamp(found, timezone.utc)
