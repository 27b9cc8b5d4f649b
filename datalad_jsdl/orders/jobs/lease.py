"""The right to run a job, for a time that each report renews.

Who does not report in time loses it: the next worker takes the job over. Whether a lease still
stands is decided by one UPDATE, which finds the row by its holder.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import case, select, update

from datalad_jsdl.bugs import log_trace
from datalad_jsdl.errors import (
    JobCancelledError,
    JobError,
    JobInterruptedError,
    LeaseLostError,
    StoreError,
)
from datalad_jsdl.operations.progress import Standing
from datalad_jsdl.operations.rates import WINDOW, Rate
from datalad_jsdl.orders.jobs.model import JSON, Job, JobState
from datalad_jsdl.orders.jobs.reading import as_job, clock, columns
from datalad_jsdl.orders.store.tables import jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from sqlalchemy import ColumnElement

    from datalad_jsdl.orders.store.opening import Store

__all__ = ["MAX_ATTEMPTS", "Lease"]

#: A job that so many workers began and did not end is failed.
MAX_ATTEMPTS = 5

_BETWEEN = 1.0  # seconds from one report that is written to the next
_UNHEARD = 3.0  # seconds after which a kept lease looks for what its user wants
_TICK = 0.25
_PAUSE = 0.5  # seconds until the end of a job is written again to a store that refuses


@dataclass(frozen=True)
class _Report:
    progress: int
    total: int | None
    message: str
    rate: float | None  # units a second


class Lease:
    """A job that this process runs. Safe for threads.

    Attributes:
        job: as its row was when this lease read or wrote it last.
        has_ended: it was done, has failed, or was given back.
        stop: set while the lease is kept, once the job is to end before it is done; for what
            takes an event to stop by.
    """

    def __init__(
        self,
        store: Store,
        job: Job,
        holder: str,
        seconds: float,
        *,
        worker_stop: threading.Event | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Of a row that says *holder*; `Jobs.claim` makes them.

        Args:
            store: that has the job.
            job: the one.
            holder: nobody else's.
            seconds: how long it stands without being renewed.
            worker_stop: set when this process is to end.
            ticks: seconds, of this process.
        """
        self.job = job
        self.has_ended = False
        self.stop = threading.Event()
        self._store = store
        self._holder = holder
        self._seconds = seconds
        self._worker_stop = worker_stop or threading.Event()
        self._ticks = ticks
        self._lock = threading.RLock()
        self._unwritten: _Report | None = None
        self._rate: Rate | None = None
        self._moved = 0
        self._written_on: float | None = None  # the last report
        self._renewed_on = ticks()
        self._fault: JobError | None = None

    def report(self, progress: int, total: int | None, message: str = "") -> None:
        """Say how far it is, which renews the lease; written once a second at most.

        A store that refuses is no error as long as the lease stands.

        Args:
            progress: how much is done, in the job's unit.
            total: how much there is, or None.
            message: what it does now, for people.

        Raises:
            JobCancelledError: its user has cancelled it.
            JobInterruptedError: this process is to end.
            LeaseLostError: somebody else has it now.
        """
        with self._lock:
            self._note(Standing(progress, total), message)
            self.check()
            self._write_now_and_then()
            self.check()

    def _note(self, standing: Standing, message: str = "") -> None:
        moved = standing.done if standing.moved is None else standing.moved
        now = self._ticks()
        if self._rate is None or moved < self._moved:  # it begins anew
            self._rate = Rate(now, moved)
        self._moved = moved
        self._rate.add(now, moved)
        per_second = self._rate.per_second()
        self._unwritten = _Report(standing.done, standing.total, message, per_second)

    def _write_now_and_then(self) -> None:
        now = self._ticks()
        if self._written_on is None or now - self._written_on >= _BETWEEN:
            self._written_on = now
            self._renew()

    def check(self) -> None:
        """Raise what `report` raises, as far as it is known here; nothing is written."""
        if self._fault is not None:
            raise self._fault
        if self._worker_stop.is_set():
            raise JobInterruptedError("the worker is about to end")

    @contextlib.contextmanager
    def keep(self, look: Callable[[], Standing | None] | None = None) -> Iterator[threading.Event]:
        """Renew the lease in a thread, through a step that reports nothing for long.

        Gives `stop`, which is set if the step is to end before it is done.

        Args:
            look: tells, in that thread, how far the step is, which is reported; or None as long
                as nobody knows.

        Raises:
            JobCancelledError: at its end: its user has cancelled it.
            JobInterruptedError: at its end: this process is to end.
            LeaseLostError: at its end: somebody else has it now.
        """
        done = threading.Event()
        thread = threading.Thread(target=self._keep, args=(done, look), daemon=True)
        thread.start()
        try:
            yield self.stop
        finally:
            done.set()
            thread.join()
        self.check()

    def _keep(self, done: threading.Event, look: Callable[[], Standing | None] | None) -> None:
        furthest = 0
        while not done.wait(min(_TICK, self._seconds / 4)):
            with self._lock:
                standing = look() if look is not None and self._fault is None else None
                if standing is not None:
                    # a content that was wrong comes once more
                    furthest = max(furthest, standing.done)
                    self._note(replace(standing, done=furthest))
                    self._write_now_and_then()
                age = self._ticks() - self._renewed_on
                if self._fault is None and age >= min(_UNHEARD, self._seconds / 3):
                    self._renew()
            if self._fault is not None or self._worker_stop.is_set():
                self.stop.set()

    def done(self, message: str = "", result: JSON = None) -> None:
        """It is done.

        Args:
            message: for people.
            result: what it has made; small.

        Raises:
            LeaseLostError: somebody else has it now, or has ended it.
            StoreError: it could not be written for as long as the lease stands.
        """
        self._end(state=JobState.DONE.value, message=message, result=json.dumps(result))

    def failed(self, message: str) -> None:
        """It cannot be done; raises what `done` raises."""
        self._end(state=JobState.FAILED.value, message=message)

    def cancelled(self) -> None:
        """End it as its user wants; if the user has taken that back, it is queued again.

        Raises what `done` raises.
        """
        self._end(state=_queued_again())

    def give_back(self) -> None:
        """Queue it again, at once, for another worker; raises what `done` raises."""
        self._end(state=_queued_again(), attempts=jobs.c.attempts - 1)

    def try_again(self, message: str) -> None:
        """Queue it again; after too many attempts it has failed. Raises what `done` raises."""
        if self.job.attempts >= MAX_ATTEMPTS:
            self.failed(message)
        else:
            self._end(state=_queued_again(), message=message)

    def _renew(self) -> None:
        now = self._ticks()
        lease_until = clock(self._store) + self._seconds
        try:
            job = self._write(lease_until=lease_until)
        except StoreError as error:
            log_trace("a lease could not be renewed", error)
            if now - self._renewed_on >= self._seconds:
                self._fault = LeaseLostError("the lease ran out while the store refused")
            return
        if job is None:
            self._fault = LeaseLostError("another worker has taken the job over, or it has ended")
            return
        self._renewed_on = now
        self.job, self._unwritten = job, None
        if job.is_cancelling:
            self._fault = JobCancelledError("the job was cancelled")

    def _end(self, **values: Any) -> None:
        with self._lock:
            job = self._insist(values)
            if job is None:
                raise LeaseLostError("another worker has taken the job over, or it has ended")
            self.job, self.has_ended = job, True

    def _insist(self, values: dict[str, Any]) -> Job | None:
        has_failed = False
        while True:
            try:
                return self._write(**values) or (self._written_before() if has_failed else None)
            except StoreError as error:
                if self._ticks() - self._renewed_on >= self._seconds:
                    raise
                has_failed = True
                log_trace("the end of a job could not be written", error)
            time.sleep(min(_PAUSE, self._seconds / 4))

    def _write(self, **values: Any) -> Job | None:
        """The row afterwards, or None if it is not ours any more."""
        values = {**self._reported(), **values}
        if "message" in values:
            values["message"] = _plain(values["message"])
        changed = (
            update(jobs)
            .where(self._is_ours(), jobs.c.state == JobState.RUNNING.value)
            .values(updated_on=clock(self._store), version=jobs.c.version + 1, **values)
            .returning(*columns(self._store))
        )
        with self._store.write() as connection:
            row = connection.execute(changed).one_or_none()
        return None if row is None else as_job(row)

    def _reported(self) -> dict[str, Any]:
        said = self._unwritten
        if said is None:
            return {}
        values: dict[str, Any] = {"progress": said.progress, "total": said.total}
        values["message"] = said.message
        values |= {"rate_since": None, "rate_from": None}
        if said.rate is not None:
            values["rate_since"] = clock(self._store) - WINDOW
            values["rate_from"] = said.progress - round(said.rate * WINDOW)
        return values

    def _written_before(self) -> Job | None:
        """The row, if it was this lease that ended it: the answer to that was lost."""
        ended = select(*columns(self._store)).where(
            self._is_ours(), jobs.c.state != JobState.RUNNING.value
        )
        with self._store.read() as connection:
            row = connection.execute(ended).one_or_none()
        return None if row is None else as_job(row)

    def _is_ours(self) -> ColumnElement[bool]:
        return (jobs.c.id == self.job.id) & (jobs.c.holder == self._holder)


def _queued_again() -> ColumnElement[str]:
    return case((jobs.c.cancel, JobState.CANCELLED.value), else_=JobState.QUEUED.value)


def _plain(text: str) -> str:
    """*text* as every database takes it: names of files may have bytes that are no text."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")
