"""What the download of a whole archive tells of it: its SHA-256."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import JsdlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.orders.model import OrderSummary
    from datalad_jsdl.orders.ordering import Orders

__all__ = ["recorded"]

lgr = logging.getLogger(LOGGER)


def recorded(
    chunks: Iterator[bytes], size: int, orders: Orders, summary: OrderSummary
) -> Iterator[bytes]:
    """A whole archive's chunks; its SHA-256 is recorded before the last is given away.

    So whoever has all of it can ask for the SHA-256. Where that is known, or cannot be recorded,
    the chunks are just passed on.

    Args:
        chunks: verified, so that what is recorded is right whoever takes them.
        size: bytes of the archive.
        orders: of the store.
        summary: the order.
    """
    if summary.archive_sha256:
        yield from chunks
        return
    digest, position = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        position += len(chunk)
        if position == size:
            _record(orders, summary, size, digest.hexdigest())
        yield chunk


def _record(orders: Orders, summary: OrderSummary, size: int, sha256: str) -> None:
    try:
        orders.record_archive(summary.id, size, sha256)
    except JsdlError as error:
        lgr.warning("the SHA-256 of order %s was not recorded: %s", summary.id, error)
