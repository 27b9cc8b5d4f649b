"""Whose job is next: users take turns, so that nobody's many keep others waiting.

Jobs are taken by the time since when their user has waited for one: since the job was asked for, or
since the user's last job was begun. So one who asks for many is served, and then waits behind all
who have waited for longer; and nobody waits behind somebody who came later for ever. Those of whom
no job runs come first: one user does not occupy several workers while others wait.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, exists, func, select

from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.store.tables import jobs

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.engine import Connection

__all__ = ["place_in", "turns"]


def turns() -> tuple[ColumnElement[Any], ...]:
    """What queued jobs are sorted by, for statements on the table of jobs."""
    others = jobs.alias()
    begun = (
        select(func.max(others.c.started_on))
        .where(others.c.user == jobs.c.user)
        .correlate(jobs)
        .scalar_subquery()
    )
    since = case((begun > jobs.c.created_on, begun), else_=jobs.c.created_on)
    runs = others.c.state == JobState.RUNNING.value
    others_run = exists().where(runs, others.c.user == jobs.c.user, others.c.id != jobs.c.id)
    is_served = case((others_run.correlate(jobs), 1), else_=0)
    return is_served, since, jobs.c.created_on, jobs.c.id


def place_in(connection: Connection, job_id: str) -> int:
    """How many queued jobs will be begun before one, if no other comes; 0 if it is not queued."""
    queued = jobs.c.state == JobState.QUEUED.value
    waiting: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(select(jobs.c.user, jobs.c.id).where(queued).order_by(*turns())):
        waiting[row.user].append(row.id)
    own = next((user for user, ids in waiting.items() if job_id in ids), None)
    if own is None:
        return 0
    turn = waiting[own].index(job_id)
    before, is_before = turn, 1  # the first of each user is in the order of their turns
    for user, ids in waiting.items():
        if user == own:
            is_before = 0
        else:
            before += min(len(ids), turn + is_before)
    return before
