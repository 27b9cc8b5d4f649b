"""From rows to jobs, and the clock that all workers of a store share."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy import Float, cast, extract, func, literal

from datalad_jsdl.orders.jobs.model import Job, JobState, Observation
from datalad_jsdl.orders.store.tables import jobs

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import ColumnElement, Row

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["as_job", "clock", "columns"]


def clock(store: Store) -> ColumnElement[float]:
    """The time in seconds since 1970, for statements: of the database, where that is a server."""
    if store.is_sqlite:
        return literal(time.time())
    return cast(extract("epoch", func.clock_timestamp()), Float(53))


def columns(store: Store) -> list[ColumnElement[Any]]:
    """What `as_job` wants, for a SELECT or a RETURNING."""
    return [*jobs.c, clock(store).label("seen_on")]


def as_job(row: Row[Any]) -> Job:
    """The job of a row that has all `columns`."""
    before = None
    if row.rate_since is not None and row.rate_from is not None:
        before = Observation(_time(row.rate_since), row.rate_from)
    return Job(
        id=row.id,
        kind=row.kind,
        user=row.user,
        args=json.loads(row.args),
        state=JobState(row.state),
        progress=row.progress,
        total=row.total,
        message=row.message,
        result=None if row.result is None else json.loads(row.result),
        created_on=_time(row.created_on),
        started_on=None if row.started_on is None else _time(row.started_on),
        updated_on=_time(row.updated_on),
        attempts=row.attempts,
        is_cancelling=row.cancel and row.state == JobState.RUNNING.value,
        version=row.version,
        before=before,
        seen_on=_time(row.seen_on),
    )


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
