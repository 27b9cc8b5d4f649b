"""The values of jobs. Times are in UTC, by the clock of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from datalad_jsdl.operations.rates import remaining

__all__ = ["JSON", "Job", "JobState", "Observation", "rate"]

JSON: TypeAlias = bool | int | float | str | Sequence["JSON"] | Mapping[str, "JSON"] | None


class JobState(Enum):
    """What becomes of a job; the last three are the ends."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_end(self) -> bool:
        """Whether the job will not change any more."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Observation:
    """How far a job was at a time.

    Attributes:
        on: the time.
        progress: in the unit of the job.
    """

    on: datetime
    progress: int


_SILENT = 10.0  # seconds without a word of the worker, whose lease is renewed more often


def rate(first: Observation, last: Observation) -> float | None:
    """Units a second between two observations; None if nothing was done between them."""
    seconds = (last.on - first.on).total_seconds()
    done = last.progress - first.progress
    return done / seconds if seconds > 0 and done > 0 else None


@dataclass(frozen=True, slots=True)
class Job:
    """A job, as its row was at one time.

    Attributes:
        id: nobody can guess it.
        kind: what is to be done.
        user: who wants it.
        args: what it is to be done with.
        state: what has become of it.
        progress: how much of it is done, in a unit of the job's own, usually bytes.
        total: how much there is, in the same unit; None while that is not known.
        message: what it does now, or why it failed; for people.
        result: what it has made, once it is done.
        created_on: when it was asked for.
        started_on: when a worker began it the last time; None before the first time.
        updated_on: when its row was changed.
        attempts: how often it was begun, but for workers that gave it back in order.
        is_cancelling: its user has cancelled it, and the worker has not heard of it yet.
        version: of the row; it grows with each change.
        before: how far it was 20 seconds before the last report, at the rate that it had then;
            None while it does not move, or too little is known. What was done before the worker
            began is not counted as moved.
        seen_on: when the row was read.
    """

    id: str
    kind: str
    user: str
    args: Mapping[str, JSON]
    state: JobState
    progress: int
    total: int | None
    message: str
    result: JSON
    created_on: datetime
    started_on: datetime | None
    updated_on: datetime
    attempts: int
    is_cancelling: bool
    version: int
    before: Observation | None
    seen_on: datetime = field(compare=False)

    @property
    def rate(self) -> float | None:
        """Units a second over the last 20 seconds; None if it does not move."""
        if self.state is not JobState.RUNNING or self.before is None:
            return None
        if (self.seen_on - self.updated_on).total_seconds() > _SILENT:
            return None
        return rate(self.before, Observation(self.seen_on, self.progress))

    @property
    def remaining(self) -> float | None:
        """Seconds until it is done, at that rate; None if that is not known."""
        return remaining(self.progress, self.total, self.rate)
