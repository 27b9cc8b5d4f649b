"""An order's archive, any bytes of which are made when they are asked for."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.errors import ArchiveError, DatasetError, FetchError, UnpreparedError
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.orders.contents import opened_order
from datalad_jsdl.orders.preparing import state_of_error
from datalad_jsdl.orders.states import write_states
from datalad_jsdl.orders.store.contents import prepared_contents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.archive.budget import LookAhead
    from datalad_jsdl.orders.contents import Opened, Places
    from datalad_jsdl.orders.model import Order
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["OrderArchive", "keep_failure", "order_archive"]


@dataclass(frozen=True)
class OrderArchive:
    """An order's archive, until it is closed.

    Attributes:
        archive: any bytes of it, for any thread.
        opened: what it is made of.
    """

    archive: Archive
    opened: Opened


@contextmanager
def order_archive(
    store: Store, order: Order, places: Places, *, look_ahead: LookAhead | None = None
) -> Iterator[OrderArchive]:
    """Open an order's archive; until the end any thread may read any range of it.

    What was prepared, for this order or another one, is made use of: then a range needs nothing
    but its own bytes, and is verified piece by piece. To open it takes as long as to look up all
    its files, so a server keeps it.

    Args:
        store: of the order.
        order: which one.
        places: of its sources.
        look_ahead: see `Archive`.

    Raises:
        UnpreparedError: the size or the digest of a content is not known before it is prepared.
        OrderError, DatasetError: a source cannot be read.
    """
    with opened_order(order, places) as opened:
        known = prepared_contents(store, (content.identity for content in opened.contents))
        archive = Archive(opened.contents, opened.sources, prepared=known, look_ahead=look_ahead)
        unknown = [c for c in archive.contents if c.size is None or not c.has_digest]
        if unknown:
            raise UnpreparedError(
                f"{counted(len(unknown), 'file')} of order {order.summary.id}, such as "
                f"{unknown[0].path}, have no size or no checksum yet; prepare the order first"
            )
        yield OrderArchive(archive, opened)


def keep_failure(
    store: Store, opened: Opened, error: ArchiveError | DatasetError | FetchError
) -> None:
    """Keep of a file that it could not be read, for all who have it on a list or in an order.

    An error that names no file is ignored.

    Raises:
        StoreError: the store is locked or cannot be written.
    """
    given = error.name if isinstance(error, FetchError) else b""
    for content, ref in zip(opened.contents, opened.refs, strict=True):
        shown = content.name.decode("utf-8", "replace")
        if content.name == given or (error.member and error.member == shown):
            write_states(store, [(ref, state_of_error(error, content))])
