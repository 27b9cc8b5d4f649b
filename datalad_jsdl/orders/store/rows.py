"""Rows of the store ↔ values."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from datalad_jsdl.operations.availability import Access
from datalad_jsdl.orders.model import FileRef, FileState, ListedFile, OrderSummary, Statistics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Row

__all__ = ["file_of", "file_values", "state_of", "summary_of", "utc"]


def utc(seconds: float) -> datetime:
    """A time, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, timezone.utc)


def file_of(row: Row[Any], names: Mapping[int, str]) -> ListedFile:
    """A row of a list or an order; *names* are those of the sources."""
    ref = FileRef(names[row.source], row.path, row.version)
    return ListedFile(ref, row.size, row.mtime, row.entry or "")


def file_values(file: ListedFile, ids: Mapping[str, int]) -> dict[str, Any]:
    """What a list or an order says of a file; *ids* are those of the sources."""
    return {
        "source": ids[file.ref.source],
        "version": file.ref.version,
        "path": file.ref.path,
        "size": file.size,
        "mtime": file.mtime,
        "entry": file.entry or None,
    }


def state_of(row: Row[Any]) -> FileState:
    """A row of `file_states`."""
    checked = None if row.checked_on is None else utc(row.checked_on)
    return FileState(
        Access(row.access),
        utc(row.since),
        checked,
        row.fault,
        tuple(json.loads(row.mirrors)),
        row.url,
        row.text,
    )


def summary_of(row: Row[Any]) -> OrderSummary:
    """A row of `orders`."""
    return OrderSummary(
        row.id,
        row.user,
        utc(row.created_on),
        row.archive_name,
        Statistics(row.files, row.bytes, row.unsized),
        row.archive_size,
        row.archive_sha256 or "",
    )
