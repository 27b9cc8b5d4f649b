"""The jobs of a store: asked for, found, claimed and cancelled."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from datalad_jsdl.errors import JobError
from datalad_jsdl.orders.jobs.lease import MAX_ATTEMPTS, Lease
from datalad_jsdl.orders.jobs.model import JSON, Job, JobState
from datalad_jsdl.orders.jobs.reading import as_job, clock, columns
from datalad_jsdl.orders.jobs.turns import place_in, turns
from datalad_jsdl.orders.store.tables import jobs

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.engine import Connection

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["Jobs"]

_QUEUED, _RUNNING = JobState.QUEUED.value, JobState.RUNNING.value
_ACTIVE = jobs.c.state.in_((_QUEUED, _RUNNING))


@dataclass(frozen=True)
class Jobs:
    """The jobs of all users of a store.

    Attributes:
        store: that has them.
        ticks: seconds, of this process: how often reports are written.
    """

    store: Store
    ticks: Callable[[], float] = time.monotonic

    def start(self, kind: str, user: str, args: Mapping[str, JSON]) -> Job:
        """A job that is queued; if the user's same one is queued or runs already, that one.

        One that was cancelled and runs still is wanted again.

        Args:
            kind: what is to be done.
            user: who wants it.
            args: what with; small.

        Raises:
            StoreError: the store cannot be written.
        """
        said, digest = _said(kind, user, args)
        insert = sqlite.insert if self.store.is_sqlite else postgresql.insert
        same = (jobs.c.digest == digest) & _ACTIVE
        while True:
            now = clock(self.store)
            added = (
                insert(jobs)
                .values(id=secrets.token_urlsafe(18), kind=kind, user=user)  # 144 bits
                .values(args=said, digest=digest, state=_QUEUED, progress=0, message="")
                .values(created_on=now, updated_on=now, attempts=0, cancel=False, version=1)
                .on_conflict_do_nothing()
                .returning(*columns(self.store))
            )
            wanted_again = update(jobs).where(same, jobs.c.cancel)
            with self.store.write() as connection:
                row = connection.execute(added).one_or_none()
                if row is None:
                    connection.execute(wanted_again.values(self._change(cancel=False)))
                    found = select(*columns(self.store)).where(same)
                    row = connection.execute(found).one_or_none()
            if row is not None:  # else the other one has ended in between
                return as_job(row)

    def find(self, job_id: str) -> Job:
        """A job.

        Raises:
            JobError: there is no such job.
        """
        with self.store.read() as connection:
            return as_job(self._row(connection, job_id))

    def newest(self, kind: str, user: str, args: Mapping[str, JSON]) -> Job | None:
        """The job with these that was asked for last, whatever became of it; None for none."""
        _, digest = _said(kind, user, args)
        wanted = (
            select(*columns(self.store))
            .where(jobs.c.user == user, jobs.c.digest == digest)
            .order_by(jobs.c.created_on.desc(), jobs.c.id.desc())
            .limit(1)
        )
        with self.store.read() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else as_job(row)

    def of_user(self, user: str, *, limit: int = 50) -> list[Job]:
        """A user's jobs, newest first, at most *limit*."""
        mine = (
            select(*columns(self.store))
            .where(jobs.c.user == user)
            .order_by(jobs.c.created_on.desc(), jobs.c.id.desc())
            .limit(limit)
        )
        with self.store.read() as connection:
            return [as_job(row) for row in connection.execute(mine)]

    def counts(self) -> dict[tuple[str, JobState], int]:
        """How many jobs there are, by kind and state."""
        chosen = select(jobs.c.kind, jobs.c.state, func.count()).group_by(jobs.c.kind, jobs.c.state)
        with self.store.read() as connection:
            rows = connection.execute(chosen)
            return {(kind, JobState(state)): number for kind, state, number in rows}

    def queue_position(self, job: Job) -> int:
        """How many queued jobs are before it; 0 for one that is not queued."""
        if job.state is not JobState.QUEUED:
            return 0
        with self.store.read() as connection:
            return place_in(connection, job.id)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job: at once if it does not run, else as soon as its worker reports.

        One that has ended stays as it is.

        Raises:
            JobError: there is no such job.
            StoreError: the store cannot be written.
        """
        with self.store.write() as connection:
            row = self._row(connection, job_id, lock=True)
            if row.state == _QUEUED or _has_expired(row):
                ended = {"state": JobState.CANCELLED.value, "cancel": True, "holder": None}
                self._set(connection, row, **ended)
            elif row.state == _RUNNING and not row.cancel:
                self._set(connection, row, cancel=True)
            return as_job(self._row(connection, job_id))

    def remove_ended(self, age: float) -> int:
        """Remove jobs that are done, failed or cancelled.

        Args:
            age: seconds since they ended, at least.

        Returns:
            How many there were.

        Raises:
            StoreError: the store cannot be read or written.
        """
        ended = jobs.c.state.not_in((_QUEUED, _RUNNING))
        old = ended & (jobs.c.updated_on < clock(self.store) - age)
        with self.store.read() as connection:  # SQLite has one lock for all that is written
            if connection.execute(select(jobs.c.id).where(old).limit(1)).one_or_none() is None:
                return 0
        with self.store.write() as connection:
            return int(connection.execute(delete(jobs).where(old)).rowcount)

    def claim(
        self,
        job_id: str | None = None,
        lease: float = 30.0,
        *,
        kinds: Collection[str] | None = None,
        worker_stop: threading.Event | None = None,
    ) -> Lease | None:
        """The right to run a job that is queued, or whose worker does not report.

        Users take turns, see `turns`; of one user, it is the oldest. No two have it. What
        `MAX_ATTEMPTS` workers did not end has failed.

        Args:
            job_id: that one only; None for any.
            lease: seconds without a report after which another worker may take it.
            kinds: those only; None for all.
            worker_stop: set when this process is to end: see `Lease`.

        Returns:
            None if there is nothing to run.

        Raises:
            StoreError: the store cannot be read or written.
        """
        while self._is_any(job_id, kinds):
            with self.store.write() as connection:
                row = self._next(connection, job_id, kinds)
                if row is None:
                    return None
                holder = secrets.token_urlsafe(18)
                taken = self._set(connection, row, **self._outcome(row, holder, lease))
            if taken is not None and taken.state == _RUNNING:
                job = as_job(taken)
                return Lease(
                    self.store, job, holder, lease, worker_stop=worker_stop, ticks=self.ticks
                )
        return None

    def _outcome(self, row: Row[Any], holder: str, lease: float) -> dict[str, Any]:
        """What becomes of a row that can be claimed."""
        if row.state == _RUNNING and row.cancel:
            return {"state": JobState.CANCELLED.value, "holder": None}
        if row.state == _RUNNING and row.attempts >= MAX_ATTEMPTS:
            text = f"{row.attempts} workers began this job, and none of them came to its end"
            return {"state": JobState.FAILED.value, "message": text, "holder": None}
        now = clock(self.store)
        anew = {"started_on": now, "rate_since": None, "rate_from": None, "message": ""}
        held = {"state": _RUNNING, "holder": holder, "lease_until": now + lease}
        return {**anew, **held, "attempts": row.attempts + 1}

    def _claimable(
        self, job_id: str | None, kinds: Collection[str] | None
    ) -> list[ColumnElement[bool]]:
        has_expired = jobs.c.lease_until < clock(self.store)
        wanted = [_ACTIVE, or_(jobs.c.state == _QUEUED, has_expired)]
        if job_id is not None:
            wanted.append(jobs.c.id == job_id)
        if kinds is not None:
            wanted.append(jobs.c.kind.in_(kinds))
        return wanted

    def _is_any(self, job_id: str | None, kinds: Collection[str] | None) -> bool:
        """Look without a lock: SQLite has one for all that is written."""
        found = select(jobs.c.id).where(*self._claimable(job_id, kinds)).limit(1)
        with self.store.read() as connection:
            return connection.execute(found).one_or_none() is not None

    def _next(
        self, connection: Connection, job_id: str | None, kinds: Collection[str] | None
    ) -> Row[Any] | None:
        first = (
            select(*columns(self.store))
            .where(*self._claimable(job_id, kinds))
            .order_by(*turns())
            .limit(1)
            .with_for_update(skip_locked=True)  # nobody waits; SQLite has one writer anyway
        )
        return connection.execute(first).one_or_none()

    def _set(self, connection: Connection, row: Row[Any], **values: Any) -> Row[Any] | None:
        """Compare and swap: the row afterwards, or None if it has another version by now."""
        changed = (
            update(jobs)
            .where(jobs.c.id == row.id, jobs.c.version == row.version)
            .values(self._change(**values))
            .returning(*columns(self.store))
        )
        return connection.execute(changed).one_or_none()

    def _change(self, **values: Any) -> dict[str, Any]:
        return {"version": jobs.c.version + 1, "updated_on": clock(self.store), **values}

    def _row(self, connection: Connection, job_id: str, *, lock: bool = False) -> Row[Any]:
        wanted = select(*columns(self.store)).where(jobs.c.id == job_id)
        row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
        if row is None:
            raise JobError(f"there is no job {job_id}")
        return row


def _said(kind: str, user: str, args: Mapping[str, JSON]) -> tuple[str, str]:
    """What a job is to be done with, as its row has it, and the digest of all."""
    said = json.dumps(args, sort_keys=True, allow_nan=False)
    return said, hashlib.sha256(json.dumps([kind, user, said]).encode()).hexdigest()


def _has_expired(row: Row[Any]) -> bool:
    return bool(row.state == _RUNNING and row.lease_until < row.seen_on)
