"""From a list to an order: one transaction, all of it or nothing."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, func, insert, select

from datalad_jsdl.cycles import no_cycles_made
from datalad_jsdl.errors import OrderError
from datalad_jsdl.model.amounts import counted, size_text
from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.archive_names import archive_name
from datalad_jsdl.orders.choosing.choice import statistics_of
from datalad_jsdl.orders.lists import locked, portions
from datalad_jsdl.orders.model import BLOCKED, Order, SourceKind, Statistics
from datalad_jsdl.orders.store.rows import file_of, file_values, summary_of
from datalad_jsdl.orders.store.sources import known_sources
from datalad_jsdl.orders.store.tables import (
    file_states,
    listed_files,
    order_files,
    orders,
    sources,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from datalad_jsdl.orders.model import ListedFile, OrderSummary
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["Limits", "Orders"]


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

    @no_cycles_made()
    def create(
        self,
        user: str,
        name: str = "",
        *,
        is_chosen: Callable[[ListedFile], bool] | None = None,
        limits: Limits | None = None,
    ) -> Order:
        """Move files from a user's list into a new order; the others stay on the list.

        Those that are unavailable as far as is known stay, and those that are too large for any
        order. While files are moved nobody else can change the list. Of two that order at the
        same time, the second finds what the first has left.

        Args:
            user: whose list.
            name: of the archive; "" for one made from the time.
            is_chosen: which files; None for all.
            limits: what the order may have; None for no limit.

        Raises:
            OrderError: no file is chosen, the order would be too large, or the name is invalid.
            LockedError: others write to the store, and do not end within five seconds.
            StoreError: the store cannot be written; then nothing has changed.
        """
        limits = limits or Limits()
        now = time.time()
        name = archive_name(name, now)
        order_id = _new_id()
        with self.store.write() as connection:
            locked(connection, user)
            names = {i: source.name for i, source in known_sources(connection).items()}
            files, left = _chosen(connection, user, names, is_chosen, limits)
            statistics = statistics_of(files)
            _require_fits(statistics, limits, left)
            summary = _added(connection, order_id, user, now, name, statistics)
            ids = {source: i for i, source in names.items()}
            _add_files(connection, order_id, files, ids)
            _take_off_list(connection, order_id, user, everything=not left)
        return Order(summary, tuple(files))

    def repeat(
        self,
        order: Order,
        name: str = "",
        *,
        is_chosen: Callable[[ListedFile], bool],
        limits: Limits | None = None,
    ) -> Order:
        """A new order of some files of another one, past the list.

        Args:
            order: which stays as it is.
            name: of the archive; "" for one made from the time.
            is_chosen: which of the files.
            limits: what the order may have; None for no limit.

        Raises:
            OrderError: no file is chosen, the order would be too large, or the name is invalid.
            StoreError: the store is locked or cannot be written; then nothing has changed.
        """
        files = [file for file in order.files if is_chosen(file)]
        left = len(order.files) - len(files)
        return self.place(order.summary.user, files, name, limits=limits, left=left)

    def place(
        self,
        user: str,
        files: Iterable[ListedFile],
        name: str = "",
        *,
        limits: Limits | None = None,
        left: int = 0,
    ) -> Order:
        """A new order of any files of sources that the store knows, past the list.

        Args:
            user: whose order it is.
            files: of it, one a source and path.
            name: of the archive; "" for one made from the time.
            limits: what the order may have; None for no limit.
            left: how many files were not chosen, for what an error says.

        Raises what `repeat` raises.
        """
        now = time.time()
        name = archive_name(name, now)
        files = tuple(files)
        order_id = _new_id()
        statistics = statistics_of(files)
        _require_fits(statistics, limits or Limits(), left)
        with self.store.write() as connection:
            ids = {source.name: i for i, source in known_sources(connection).items()}
            summary = _added(connection, order_id, user, now, name, statistics)
            _add_files(connection, order_id, files, ids)
        return Order(summary, files)

    def find(self, order_id: str) -> Order:
        """An order with its files.

        Raises:
            OrderError: there is no such order.
        """
        with self.store.read() as connection:
            summary = _found(connection, order_id)
            names = {i: source.name for i, source in known_sources(connection).items()}
            chosen = (
                select(order_files)
                .where(order_files.c.order == order_id)
                .order_by(order_files.c.position)
            )
            files = tuple(file_of(row, names) for row in connection.execute(chosen))
            return Order(summary, files)

    def summary(self, order_id: str) -> OrderSummary:
        """An order without its files.

        Raises:
            OrderError: there is no such order.
        """
        with self.store.read() as connection:
            return _found(connection, order_id)

    def sources(self, order_id: str) -> dict[str, SourceKind]:
        """Name → kind, of all that an order has files of; they never change.

        Raises:
            StoreError: the store cannot be read.
        """
        its = select(order_files.c.source).where(order_files.c.order == order_id).distinct()
        with self.store.read() as connection:
            chosen = select(sources.c.name, sources.c.kind).where(sources.c.id.in_(its))
            return {row.name: SourceKind(row.kind) for row in connection.execute(chosen)}

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
            found = [summary_of(row) for row in connection.execute(chosen)]
            total = connection.scalar(select(func.count()).select_from(orders).where(mine))
            return found, total or 0

    def record_archive(self, order_id: str, size: int, sha256: str) -> None:
        """Keep what an order's archive turned out to be; what is recorded is never changed.

        Args:
            order_id: whose.
            size: bytes.
            sha256: hex digest.

        Raises:
            OrderError: something else is recorded.
            ReadOnlyStoreError: nothing is recorded, and nothing can be.
        """
        mine = orders.c.id == order_id
        chosen = select(orders.c.archive_size, orders.c.archive_sha256).where(mine)
        with self.store.read() as connection:
            found = connection.execute(chosen).one()
        if not found.archive_sha256:
            with self.store.write() as connection:
                found = connection.execute(chosen.with_for_update()).one()
                if not found.archive_sha256:
                    values = {"archive_size": size, "archive_sha256": sha256}
                    connection.execute(orders.update().where(mine).values(values))
                    return
        if (found.archive_size, found.archive_sha256) != (size, sha256):
            raise OrderError(
                f"the archive of order {order_id} was {found.archive_sha256} (SHA-256, "
                f"{found.archive_size} bytes), and is {sha256} ({size} bytes) now"
            )


def _found(connection: Connection, order_id: str) -> OrderSummary:
    found = connection.execute(select(orders).where(orders.c.id == order_id)).one_or_none()
    if found is None:
        raise OrderError(f"there is no order {order_id}")
    return summary_of(found)


def _new_id() -> str:
    """An id with 144 bits; on a command line it is no option."""
    while (made := secrets.token_urlsafe(18)).startswith("-"):
        pass
    return made


def _chosen(
    connection: Connection,
    user: str,
    names: dict[int, str],
    is_chosen: Callable[[ListedFile], bool] | None,
    limits: Limits,
) -> tuple[list[ListedFile], int]:
    """The files to be ordered, by source and path, and the number of those that stay."""
    files, left = [], 0
    for row in connection.execute(_with_access(user)):
        file = file_of(row, names)
        is_blocked = row.access is not None and Access(row.access) in BLOCKED
        too_large = limits.size is not None and (file.size or 0) > limits.size
        if is_blocked or too_large or not (is_chosen is None or is_chosen(file)):
            left += 1
        else:
            files.append(file)
    files.sort(key=lambda file: (file.ref.source, file.ref.path.encode("utf-8", "surrogateescape")))
    return files, left


def _with_access(user: str) -> Any:
    """A user's list, each file with what stands in its way."""
    same = _same_file(listed_files, file_states)
    joined = listed_files.outerjoin(file_states, and_(*same))
    chosen = select(listed_files, file_states.c.access).select_from(joined)
    return chosen.where(listed_files.c.user == user)


def _same_file(one: Table, other: Table) -> list[Any]:
    return [one.c[name] == other.c[name] for name in ("source", "version", "path")]


def _require_fits(statistics: Statistics, limits: Limits, left: int) -> None:
    if not statistics.files:
        raise OrderError(
            f"no file can be ordered: {counted(left, 'file')} on the list, but none of them is "
            "chosen and available"
            if left
            else "the list is empty; there is nothing to be ordered"
        )
    if limits.files is not None and statistics.files > limits.files:
        over = statistics.files - limits.files
        raise OrderError(
            f"{counted(statistics.files, 'file')} are too many for one order, by {over}: "
            f"the limit is {limits.files}; nothing was ordered",
            files_over=over,
        )
    if limits.size is not None and statistics.size > limits.size:
        over = statistics.size - limits.size
        raise OrderError(
            f"{size_text(statistics.size)} are too much for one order, by {size_text(over)}: "
            f"the limit is {size_text(limits.size)}; nothing was ordered",
            bytes_over=over,
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
    return summary_of(connection.execute(select(orders).where(orders.c.id == order_id)).one())


def _add_files(
    connection: Connection, order_id: str, files: Iterable[ListedFile], ids: dict[str, int]
) -> None:
    for portion in portions(enumerate(files)):
        values = [
            {"order": order_id, "position": position, **file_values(file, ids)}
            for position, file in portion
        ]
        connection.execute(insert(order_files), values)


def _take_off_list(connection: Connection, order_id: str, user: str, *, everything: bool) -> None:
    mine = listed_files.c.user == user
    if not everything:
        same = _same_file(order_files, listed_files)
        moved = select(order_files.c.position).where(order_files.c.order == order_id, *same)
        mine = mine & moved.exists()
    connection.execute(delete(listed_files).where(mine))
