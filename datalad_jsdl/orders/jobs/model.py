"""The values of jobs. Times are in UTC, by the clock of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TypeAlias

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


_TELLING = 10.0  # seconds


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
        begun: the first report of the worker that runs it; None before that. A job that goes on
            from what was done before is as fast as it is since then.
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
    begun: Observation | None
    seen_on: datetime = field(compare=False)

    @property
    def rate(self) -> float | None:
        """Units a second since the worker's first report; None if that is not known."""
        if self.state is not JobState.RUNNING or self.begun is None:
            return None
        return rate(self.begun, Observation(self.seen_on, self.progress))

    @property
    def remaining(self) -> float | None:
        """Seconds until it is done, at that rate; None if that is not known."""
        speed = self.rate
        if speed is None or self.total is None or self.begun is None:
            return None
        seconds = (self.seen_on - self.begun.on).total_seconds()
        if seconds < _TELLING and self.progress < self.total / 2:
            return None  # the first bytes come slowly, and tell nothing
        return max(self.total - self.progress, 0) / speed
