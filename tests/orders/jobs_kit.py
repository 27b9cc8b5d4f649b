"""What tests of jobs share: a clock that they set, and workers that claim."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from datalad_jsdl.orders.jobs.lease import Lease
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.store.opening import Store

SHORT = 0.001  # seconds of a lease that is to run out


class Clock:
    """Seconds of a process that stand still until they are moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def claimed(jobs: Jobs, job_id: str | None = None, lease: float = 600.0) -> Lease:
    held = jobs.claim(job_id, lease)
    assert held is not None
    return held


def taken_over(jobs: Jobs, job_id: str, lease: float = 600.0) -> Lease:
    """Once a short lease has run out."""
    while True:
        held = jobs.claim(job_id, lease)
        if held is not None:
            return held
        time.sleep(0.01)


@contextlib.contextmanager
def refusing(store: Store) -> Iterator[None]:
    """A store that refuses all that is asked about jobs."""
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO elsewhere")
    try:
        yield
    finally:
        with store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO jobs")
