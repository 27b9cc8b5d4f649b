"""What a store is, without changing it: for who runs a portal on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from datalad_jsdl.orders.store.opening import Store, file_of, newest_version, plain_engine
from datalad_jsdl.orders.store.refusals import refusal

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["StoreLook", "look_at"]


@dataclass(frozen=True)
class StoreLook:
    """A store as it is.

    Attributes:
        version: of its tables; "" where there are none.
        newest: version that this program makes of them.
        ahead: seconds that the clock of its server is ahead of this machine's.
    """

    version: str
    newest: str
    ahead: float

    @property
    def is_current(self) -> bool:
        """Whether this program works with it as it is."""
        return self.version == self.newest


def look_at(url: str) -> StoreLook:
    """Look at a store.

    Raises:
        StoreError: it cannot be read.
    """
    engine, shown = plain_engine(url)
    try:
        with engine.connect() as connection:
            version = Store.version(connection) or ""
            return StoreLook(version, newest_version(), _ahead(connection))
    except DBAPIError as error:
        raise refusal(error, shown, file_of(url), f"cannot read the store {shown}") from None
    finally:
        engine.dispose()


def _ahead(connection: Connection) -> float:
    if connection.dialect.name == "sqlite":
        return 0.0
    before = time.time()
    now = connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one()
    return float(now) - (before + time.time()) / 2
