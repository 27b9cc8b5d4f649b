"""From a list to an order: one transaction, all of it or nothing."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select

from datalad_jsdl.errors import OrderError
from datalad_jsdl.orders.lists import locked, portions
from datalad_jsdl.orders.model import FileRef, ListedFile, Order, OrderSummary, Statistics
from datalad_jsdl.orders.store.sources import known_sources
from datalad_jsdl.orders.store.tables import listed_files, order_files, orders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from sqlalchemy import Row
    from sqlalchemy.engine import Connection

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["Limits", "Orders", "archive_name"]

_LONGEST = 200  # bytes of an archive's name


@dataclass(frozen=True)
class Limits:
    """What one order may have.

    Attributes:
        files: their number; None for any.
        size: bytes of all files whose size is known; None for any.
    """

    files: int | None = None
    size: int | None = None


@dataclass(frozen=True)
class Orders:
    """The orders of all users of a store.

    Attributes:
        store: that has them.
    """

    store: Store

    def create(
        self,
        user: str,
        name: str = "",
        *,
        is_chosen: Callable[[ListedFile], bool] | None = None,
        limits: Limits | None = None,
    ) -> Order:
        """Move files from a user's list into a new order; the others stay on the list.

        While that goes on nobody else can change the list. Of two that order at the same time,
        the second finds what the first has left.

        Args:
            user: whose list.
            name: of the archive; "" for one made from the time.
            is_chosen: which files; None for all.
            limits: what the order may have; None for no limit.

        Raises:
            OrderError: no file is chosen, the order would be too large, or the name is invalid.
            StoreError: the store is locked or cannot be written; then nothing has changed.
        """
        limits = limits or Limits()
        now = time.time()
        name = archive_name(name, now)
        order_id = secrets.token_urlsafe(18)  # 144 bits
        with self.store.write() as connection:
            locked(connection, user)
            names = {i: source.name for i, source in known_sources(connection).items()}
            mine = select(listed_files).where(listed_files.c.user == user)
            rows = [
                row
                for row in connection.execute(mine)
                if is_chosen is None or is_chosen(_file(row, names))
            ]
            rows.sort(key=lambda row: (names[row.source], row.path.encode(), row.version))
            statistics = _statistics(rows)
            _require_fits(statistics, limits)
            summary = _added(connection, order_id, user, now, name, statistics)
            _move(connection, order_id, user, rows, everything=is_chosen is None)
        return Order(summary, tuple(_file(row, names) for row in rows))

    def find(self, order_id: str) -> Order:
        """An order with its files.

        Raises:
            OrderError: there is no such order.
        """
        with self.store.read() as connection:
            found = connection.execute(select(orders).where(orders.c.id == order_id)).one_or_none()
            if found is None:
                raise OrderError(f"there is no order {order_id}")
            names = {i: source.name for i, source in known_sources(connection).items()}
            chosen = (
                select(order_files)
                .where(order_files.c.order == order_id)
                .order_by(order_files.c.position)
            )
            return Order(
                _summary(found), tuple(_file(row, names) for row in connection.execute(chosen))
            )

    def history(
        self, user: str, *, limit: int = 50, offset: int = 0
    ) -> tuple[list[OrderSummary], int]:
        """A user's orders, newest first, and how many there are in all.

        Args:
            user: whose orders.
            limit: the most to return.
            offset: leave out so many of the newest.
        """
        mine = orders.c.user == user
        with self.store.read() as connection:
            chosen = (
                select(orders)
                .where(mine)
                .order_by(orders.c.created_on.desc(), orders.c.id)
                .limit(limit)
                .offset(offset)
            )
            found = [_summary(row) for row in connection.execute(chosen)]
            total = connection.scalar(select(func.count()).select_from(orders).where(mine))
            return found, total or 0


def archive_name(name: str, now: float) -> str:
    """The file name of an order's archive, with its ``.zip``.

    Args:
        name: that a user asks for; "" for one made from the time.
        now: seconds since 1970, for that.

    Raises:
        OrderError: it cannot be a file name everywhere.
    """
    if not name:
        return f"files-{datetime.fromtimestamp(now, timezone.utc):%Y%m%d-%H%M%S}.zip"
    name = name if name.lower().endswith(".zip") else f"{name}.zip"
    if "/" in name or "\\" in name or any(ord(c) < 32 or ord(c) == 127 for c in name):
        raise OrderError("the name of an archive has no slashes and no control characters")
    if name.startswith(".") or name != name.strip():
        raise OrderError("the name of an archive begins with no dot, and has no spaces around it")
    length = len(name.encode("utf-8", "surrogatepass"))
    if length > _LONGEST:
        raise OrderError(f"the name of the archive has {length} bytes, the most is {_LONGEST}")
    return name


def _statistics(rows: Sequence[Row[Any]]) -> Statistics:
    sizes = [row.size for row in rows if row.size is not None]
    return Statistics(len(rows), sum(sizes), len(rows) - len(sizes))


def _require_fits(statistics: Statistics, limits: Limits) -> None:
    if not statistics.files:
        raise OrderError("there is no file to be ordered on the list")
    if limits.files is not None and statistics.files > limits.files:
        raise OrderError(
            f"{statistics.files} files are too many for one order, the most is {limits.files}",
            files_over=statistics.files - limits.files,
        )
    if limits.size is not None and statistics.size > limits.size:
        raise OrderError(
            f"{statistics.size} bytes are too many for one order, the most is {limits.size}",
            bytes_over=statistics.size - limits.size,
        )


def _added(
    connection: Connection, order_id: str, user: str, now: float, name: str, found: Statistics
) -> OrderSummary:
    connection.execute(
        insert(orders).values(
            id=order_id, user=user, created_on=now, archive_name=name,
            files=found.files, bytes=found.size, unsized=found.unsized,
        )
    )  # fmt: skip
    return OrderSummary(order_id, user, _time(now), name, found)


def _move(
    connection: Connection, order_id: str, user: str, rows: Sequence[Row[Any]], *, everything: bool
) -> None:
    for portion in portions(enumerate(rows)):
        values = [
            {
                "order": order_id,
                "position": position,
                "source": row.source,
                "version": row.version,
                "path": row.path,
                "size": row.size,
                "entry": row.entry,
            }
            for position, row in portion
        ]
        connection.execute(insert(order_files), values)
    mine = listed_files.c.user == user
    if everything:
        connection.execute(delete(listed_files).where(mine))
        return
    moved = (
        select(order_files.c.position)
        .where(
            order_files.c.order == order_id,
            order_files.c.source == listed_files.c.source,
            order_files.c.path == listed_files.c.path,
            order_files.c.version == listed_files.c.version,
        )
        .exists()
    )
    connection.execute(delete(listed_files).where(mine & moved))


def _file(row: Row[Any], names: dict[int, str]) -> ListedFile:
    return ListedFile(FileRef(names[row.source], row.path, row.version), row.size, row.entry or "")


def _summary(row: Row[Any]) -> OrderSummary:
    return OrderSummary(
        row.id,
        row.user,
        _time(row.created_on),
        row.archive_name,
        Statistics(row.files, row.bytes, row.unsized),
        row.archive_size,
        row.archive_sha256 or "",
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
