"""Sessions that users have ended: what a browser, or somebody else, still has of them is no use."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.orders.store.tables import ended_sessions

if TYPE_CHECKING:
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["Sessions"]

_KNOWN = 5.0  # seconds that a session is taken to go on, once the store was asked
_MOST = 10_000  # sessions that this is known of


class Sessions:
    """Ends sessions, and tells which were; for any thread.

    Args:
        store: that remembers it. Another process knows of an end within five seconds.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._asked: dict[str, float] = {}

    def is_known(self, session: str) -> bool:
        """Whether the store was asked just now, and the session goes on."""
        with self._lock:
            asked = self._asked.get(session)
        return asked is not None and time.monotonic() - asked < _KNOWN

    def is_ended(self, session: str) -> bool:
        """Ask the store.

        Raises:
            StoreError: it cannot be read.
        """
        asked = time.monotonic()
        with self._store.read() as connection:
            chosen = select(ended_sessions.c.id).where(ended_sessions.c.id == session)
            is_ended = connection.scalar(chosen) is not None
        with self._lock:
            if is_ended:
                self._asked.pop(session, None)
            else:
                if len(self._asked) >= _MOST:
                    self._asked.clear()
                self._asked[session] = asked
        return is_ended

    def end(self, session: str, seconds: float) -> None:
        """End a session that would last no longer than so many seconds.

        Raises:
            StoreError: the store is locked or cannot be written.
        """
        dialect: Any = sqlite if self._store.is_sqlite else postgresql
        now = time.time()
        insert = dialect.insert(ended_sessions).values(id=session, until=now + seconds)
        with self._store.write() as connection:
            connection.execute(delete(ended_sessions).where(ended_sessions.c.until < now))
            connection.execute(insert.on_conflict_do_nothing())
        with self._lock:
            self._asked.pop(session, None)
