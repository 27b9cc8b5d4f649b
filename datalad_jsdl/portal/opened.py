"""Archives of orders that are kept open between requests: to open one looks up all its files."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.orders.archives import order_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.archive.budget import LookAhead
    from datalad_jsdl.orders.archives import OrderArchive
    from datalad_jsdl.orders.desk import Desk

__all__ = ["OpenArchives"]

_MOST = 250_000  # files of all archives that nobody reads
_IDLE = 32  # such archives; each may have processes of git
_FRESH = 600.0  # seconds after which it is looked up anew where contents are
_UNPREPARED = 5.0  # seconds, of an archive that may be prepared by now


@dataclass(eq=False)
class _Entry:
    opened: OrderArchive
    stack: ExitStack
    opened_on: float = field(default_factory=time.monotonic)
    readers: int = 0

    @property
    def is_fresh(self) -> bool:
        limit = _FRESH if self.opened.archive.is_certain else _UNPREPARED
        return time.monotonic() - self.opened_on < limit

    @property
    def files(self) -> int:
        return len(self.opened.archive.contents)


class OpenArchives:
    """Lends archives; for any thread.

    Args:
        desk: the store of the orders, and where its sources are.
        look_ahead: how far contents are fetched ahead, for all archives together.
        most: files of all archives that are kept although nobody reads them.
    """

    def __init__(self, desk: Desk, look_ahead: LookAhead, *, most: int = _MOST) -> None:
        self._desk = desk
        self._look_ahead = look_ahead
        self._most = most
        self._lock = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}
        self._entries: dict[str, _Entry] = {}  # the one that was lent last is the last

    @contextmanager
    def lend(self, order_id: str) -> Iterator[OrderArchive]:
        """An order's archive.

        Raises:
            UnpreparedError: it has to be prepared before.
            OrderError, DatasetError: there is no such order, or a source cannot be read.
        """
        entry = self._taken(order_id)
        try:
            yield entry.opened
        finally:
            self._give_back(entry)

    def close(self) -> None:
        """Close those that nobody reads; the others are closed by their last reader."""
        with self._lock:
            entries = list(self._entries.values())
            self._entries.clear()
            idle = [entry for entry in entries if not entry.readers]
        for entry in idle:
            entry.stack.close()

    def _taken(self, order_id: str) -> _Entry:
        with self._lock:
            turn = self._opening.setdefault(order_id, threading.Lock())
        try:
            with turn:  # many who want the same one wait for one that opens it
                with self._lock:
                    entry = self._entries.pop(order_id, None)
                    if entry is not None and entry.is_fresh:
                        self._entries[order_id] = entry
                        entry.readers += 1
                        return entry
                    is_idle = entry is not None and not entry.readers
                if entry is not None and is_idle:
                    entry.stack.close()
                made = self._opened(order_id)
                with self._lock:
                    self._entries[order_id] = made
            return made
        finally:
            with self._lock:
                # whoever waits has it; another one may open it at the same time at worst
                self._opening.pop(order_id, None)

    def _opened(self, order_id: str) -> _Entry:
        desk = self._desk
        order = desk.orders.find(order_id)
        with ExitStack() as stack:
            lent = order_archive(desk.store, order, desk.places(), look_ahead=self._look_ahead)
            opened = stack.enter_context(lent)
            _ = opened.archive.etag, opened.archive.is_certain  # which takes a while, too
            return _Entry(opened, stack.pop_all(), readers=1)

    def _give_back(self, entry: _Entry) -> None:
        ended = []
        with self._lock:
            entry.readers -= 1
            if not entry.readers and entry not in self._entries.values():
                ended.append(entry)
            idle = [(name, item) for name, item in self._entries.items() if not item.readers]
            files, count = sum(item.files for _, item in idle), len(idle)
            for name, item in idle:
                if item.is_fresh and files <= self._most and count <= _IDLE:
                    continue
                files, count = files - item.files, count - 1
                ended.append(self._entries.pop(name))
        for item in ended:
            item.stack.close()
