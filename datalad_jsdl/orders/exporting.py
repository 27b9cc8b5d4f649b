"""The archive of an order, into a file: resumed, verified, and the same bytes for ever."""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.prepare import with_prepared
from datalad_jsdl.archive.verifying import is_archive_of
from datalad_jsdl.errors import (
    ArchiveError,
    DatasetError,
    FetchError,
    ReadOnlyStoreError,
    StoreError,
)
from datalad_jsdl.operations.export_archive import ArchiveOptions, write_archive
from datalad_jsdl.orders.archives import keep_failure
from datalad_jsdl.orders.contents import opened_order
from datalad_jsdl.orders.ordering import Orders
from datalad_jsdl.orders.states import states_of_order, write_states
from datalad_jsdl.orders.store.contents import prepared_contents, record_prepared
from datalad_jsdl.orders.store.tables import downloads

if TYPE_CHECKING:
    from pathlib import Path

    from datalad_jsdl.archive.prepare import Prepared
    from datalad_jsdl.operations.progress import Bar
    from datalad_jsdl.orders.contents import Opened, Places
    from datalad_jsdl.orders.model import Order
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["OrderExport", "export_order", "rate_of", "verify_archive"]

_RECENT = 10  # downloads that an estimate is made from
_CHUNK = 1 << 20  # bytes
_KEPT_EVERY = 1.0  # seconds


@dataclass(frozen=True)
class OrderExport:
    """An archive that was written.

    Attributes:
        size: bytes.
        sha256: hex digest.
        seconds: it took.
        is_recorded: the order has the SHA-256 now; not where the store cannot be written.
        unverified: number of files that had no checksum before.
    """

    size: int
    sha256: str
    seconds: float
    is_recorded: bool = True
    unverified: int = 0


def export_order(
    store: Store,
    order: Order,
    places: Places,
    target: Path,
    bar: Bar,
    *,
    jobs: int | None = None,
    reserve: int = 0,
    checksum: bool = False,
) -> OrderExport:
    """Write an order's archive; an interrupted export continues.

    The first archive that is complete decides its SHA-256; another one is never passed off as
    it. A content that turns out to be unavailable or wrong is kept as such. Where the store can
    only be read, nothing is kept, and the archive is written all the same.

    Args:
        store: of the order.
        order: which one.
        places: of its sources.
        target: the file.
        bar: shows how far it is.
        jobs: pieces of content to fetch at a time; None for what is set.
        reserve: bytes of the disk that are to stay free.
        checksum: write a file with the archive's SHA-256 beside it.

    Raises:
        OrderError: the archive is not what it was before.
        JsdlError, OSError: it could not be written; what was written is kept.
    """
    begun = time.monotonic()
    orders, found, is_recorded = Orders(store), ("", 0), False

    def approve(size: int, sha256: str) -> None:
        nonlocal found, is_recorded
        with suppress(ReadOnlyStoreError):
            orders.record_archive(order.summary.id, size, sha256)
            is_recorded = True
        found = sha256, size

    with opened_order(order, places) as opened:
        keeper = _Keeper(store, opened)
        options = ArchiveOptions(
            target, resume=True, checksum=checksum, jobs=jobs, reserve=reserve, approve=approve,
            found=keeper.found,
            further="; the next export of the order into this file continues it",
            anew="Without that file, the export starts over",
        )  # fmt: skip
        unverified = sum(not content.has_digest for content in keeper.contents)
        try:
            write_archive(keeper.contents, opened.sources, options, bar)
        except (ArchiveError, DatasetError, FetchError) as error:
            cause = error.__cause__ if isinstance(error.__cause__, FetchError) else error
            with suppress(ReadOnlyStoreError):
                keep_failure(store, opened, cause)
            raise
        finally:
            keeper.flush()
    sha256, size = found
    seconds = time.monotonic() - begun
    with suppress(ReadOnlyStoreError):
        fine = [(ref, None) for ref in states_of_order(store, order.summary.id)]
        write_states(store, fine)
        _keep_download(store, order, size, seconds)
    return OrderExport(size, sha256, seconds, is_recorded, unverified)


class _Keeper:
    """Keeps what contents without a digest turn out to be: from then on they have one."""

    def __init__(self, store: Store, opened: Opened) -> None:
        self._store = store
        self._new: dict[str, Prepared] = {}
        self._kept = time.monotonic()
        known = prepared_contents(store, (content.identity for content in opened.contents))
        self._identities = {content.name: content.identity for content in opened.contents}
        self.contents = [with_prepared(c, known.get(c.identity)) for c in opened.contents]

    def found(self, name: bytes, prepared: Prepared) -> None:
        """See `ArchiveOptions`."""
        self._new[self._identities[name]] = prepared
        if time.monotonic() - self._kept > _KEPT_EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what was found to the store, if that can be written."""
        with suppress(StoreError):
            record_prepared(self._store, self._new)
            self._new.clear()
        self._kept = time.monotonic()


def verify_archive(
    store: Store, order: Order, places: Places, file: Path, bar: Bar
) -> tuple[bool, str]:
    """Whether a file is an order's archive, and its SHA-256.

    If the archive's SHA-256 is not known yet, every member is verified by its own digest; if all
    of them are right, and have digests, the SHA-256 is known from then on.

    Raises:
        OSError: it cannot be read.
        JsdlError: an order's source cannot be read.
    """
    size = file.stat().st_size
    digest, done = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            bar.update("verifying", done, size)
    found = digest.hexdigest()
    summary = order.summary
    if summary.archive_sha256:
        return (found, size) == (summary.archive_sha256, summary.archive_size), found
    with opened_order(order, places) as opened, file.open("rb") as stream:
        known = prepared_contents(store, (content.identity for content in opened.contents))
        contents = Archive(opened.contents, opened.sources, prepared=known).contents
        show = partial(bar.update, "verifying members", total=size)
        right = is_archive_of(stream, contents, progress=show)
        if right and all(content.has_digest for content in contents):
            with suppress(ReadOnlyStoreError):
                Orders(store).record_archive(summary.id, size, found)
    return right, found


def rate_of(store: Store, user: str) -> float | None:
    """Bytes a second of a user's last downloads; None if there was none."""
    mine = select(downloads).where(downloads.c.user == user)
    with store.read() as connection:
        last = mine.order_by(downloads.c.finished_on.desc()).limit(_RECENT)
        rows = connection.execute(last).all()
    seconds = sum(row.seconds for row in rows)
    return sum(row.bytes for row in rows) / seconds if seconds > 0 else None


def _keep_download(store: Store, order: Order, size: int, seconds: float) -> None:
    with store.write() as connection:
        connection.execute(
            insert(downloads).values(
                user=order.summary.user, order=order.summary.id, bytes=size, seconds=seconds,
                finished_on=time.time(),
            )
        )  # fmt: skip
