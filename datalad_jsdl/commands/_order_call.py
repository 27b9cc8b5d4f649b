"""One call of ``datalad download-order``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalad_jsdl.commands._order_results import order_fields, record

if TYPE_CHECKING:
    from datalad_jsdl.commands._desk import At
    from datalad_jsdl.orders.model import Order

__all__ = ["Call", "Records"]

Records = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One call of the command.

    Attributes:
        at: the store, and the dataset.
        user: whose orders.
        arguments: ORDER, FILE or PATHs.
        name: of a new order's archive.
        from_order: a new one takes its files from there.
        checksum_file: write one.
        queue: leave the work to a worker.
        waker: URL of its queue, or "".
        jobs: transfers, or jobs, at a time.
        dry_run: change nothing.
        dataset: as given, for paths.
    """

    at: At
    user: str
    arguments: list[str]
    name: str
    from_order: str
    checksum_file: bool
    queue: bool
    waker: str
    jobs: int | None
    dry_run: bool
    dataset: Any

    def order(self) -> Order:
        """The one that is named, or the newest.

        Raises:
            OrderError: there is no such order.
        """
        given = self.arguments[0] if self.arguments else ""
        desk = self.at.desk
        return desk.orders.find(desk.newest(self.user, given))

    def file(self, default: str) -> str:
        """The second argument."""
        return self.arguments[1] if len(self.arguments) > 1 else default

    def record(self, message: str, order: Order | None = None, /, **more: Any) -> dict[str, Any]:
        """A result record, of an order or of none."""
        fields = order_fields(order.summary) if order is not None else {}
        return record(self.at.path, message, **{**fields, **more})
