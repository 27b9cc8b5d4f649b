"""Running jobs: one, all that there are, or for as long as the process lives."""

from __future__ import annotations

import contextlib
import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias

from datalad_jsdl.bugs import LOGGER, bug, log_trace
from datalad_jsdl.errors import (
    JobCancelledError,
    JobInterruptedError,
    JsdlError,
    LeaseLostError,
    StoreError,
)
from datalad_jsdl.orders.jobs.lease import Lease
from datalad_jsdl.orders.jobs.model import JSON, Job

if TYPE_CHECKING:
    from datalad_jsdl.orders.jobs.rows import Jobs
    from datalad_jsdl.orders.jobs.waking import Waker

__all__ = ["Kinds", "Worker", "drain", "run_job"]

lgr = logging.getLogger(LOGGER)

#: What is done for each kind of job: the result is kept, an error is told by its text.
Kinds: TypeAlias = Mapping[str, Callable[[Lease], JSON]]

_LEASE = 30.0  # seconds
_KEPT = 30 * 86400.0  # seconds that a job which has ended can be looked at
_TIDY = 3600.0  # seconds between two looks for older ones
_LOOK = 0.2  # seconds between two looks whether a signal came


def run_job(
    jobs: Jobs,
    kinds: Kinds,
    job_id: str | None = None,
    *,
    lease: float = _LEASE,
    stop: threading.Event | None = None,
) -> Job | None:
    """Claim a job and run it in this thread.

    Args:
        jobs: those of a store.
        kinds: what is done; jobs of other kinds are left to other workers.
        job_id: that one only; None for the next.
        lease: seconds without a report after which another worker may take it over.
        stop: set when this process is to end: the job in hand goes back to the queue.

    Returns:
        The job as it is then, or None if there is nothing to run.

    Raises:
        KeyboardInterrupt: while it ran; it is in the queue again.
        StoreError: the store refuses.
    """
    held = jobs.claim(job_id, lease, kinds=kinds.keys(), worker_stop=stop)
    if held is None:
        return None
    _run(held, kinds)
    return held.job if held.has_ended else jobs.find(held.job.id)


def drain(
    jobs: Jobs, kinds: Kinds, stop: threading.Event | None = None, *, lease: float = _LEASE
) -> int:
    """Run jobs until none is left, or *stop* is set; how many it were. Raises as `run_job`."""
    number = 0
    while not (stop is not None and stop.is_set()):
        if run_job(jobs, kinds, lease=lease, stop=stop) is None:
            break
        number += 1
    return number


def _run(lease: Lease, kinds: Kinds) -> None:
    try:
        _work(lease, kinds[lease.job.kind])
    except LeaseLostError as error:
        log_trace(f"job {lease.job.id} was taken over", error)
    except KeyboardInterrupt:
        with contextlib.suppress(JsdlError):  # then the lease runs out
            lease.give_back()
        raise


def _work(lease: Lease, work: Callable[[Lease], JSON]) -> None:
    """What becomes of a job is what its work raises."""
    try:
        result = work(lease)
    except LeaseLostError:
        raise
    except JobCancelledError:
        lease.cancelled()
    except JobInterruptedError:
        lease.give_back()
    except StoreError as error:
        # not the job's fault, as a rule: the database was started anew
        lease.try_again(str(error))
    except JsdlError as error:
        lease.failed(str(error))
    except (Exception, SystemExit) as error:
        lease.failed(bug(error))
    else:
        if not lease.has_ended:
            lease.done(result=result)


class Worker:
    """Threads that run jobs until they are told to stop."""

    def __init__(
        self,
        jobs: Jobs,
        kinds: Kinds,
        waker: Waker,
        threads: int = 1,
        *,
        lease: float = _LEASE,
        sweep: float = 10.0,
        grace: float = 20.0,
    ) -> None:
        """Nothing is started yet.

        Args:
            jobs: those of a store.
            kinds: what is done; jobs of other kinds are left to other workers.
            waker: what wakes the threads.
            threads: how many jobs run at once.
            lease: seconds without a report after which another worker may take a job over.
            sweep: seconds between two looks for jobs that nobody was woken for.
            grace: seconds that a job has to notice that it is to stop.
        """
        self._jobs = jobs
        self._kinds = {kind: self._holding(work) for kind, work in kinds.items()}
        self._waker = waker
        self._threads = threads
        self._lease = lease
        self._sweep = sweep
        self._grace = grace
        self._stop = threading.Event()
        self._in_hand: set[Lease] = set()

    def run(self, stop: threading.Event) -> None:
        """Run jobs until *stop* is set, or a SIGINT or SIGTERM comes; then it is set, too.

        Jobs that ended 30 days ago are removed meanwhile. Those that run in the end go back to the
        queue. A second SIGINT ends the program as it is: their
        leases run out. Signals are listened to in the main thread only.
        """
        self._stop = stop
        threads = self._waker.threads(self._threads, self._drain, self._sweep)
        with _signalled() as is_signalled:
            threads.start()
            looked = time.monotonic()
            tidied = -math.inf
            while not (stop.wait(_LOOK) or is_signalled()):
                if time.monotonic() - tidied >= _TIDY:
                    self._tidy()
                    tidied = time.monotonic()
                if time.monotonic() - looked >= self._sweep:
                    threads.revive()
                    looked = time.monotonic()
            stop.set()
            if not threads.end(self._grace):
                self._give_back()

    def _tidy(self) -> None:
        try:
            self._jobs.remove_ended(_KEPT)
        except JsdlError as error:
            log_trace("old jobs could not be removed", error)

    def _drain(self) -> None:
        try:
            drain(self._jobs, self._kinds, self._stop, lease=self._lease)
        except JsdlError as error:
            log_trace("a worker goes on after the store refused", error)
        except Exception as error:
            lgr.error("%s", bug(error))

    def _holding(self, work: Callable[[Lease], JSON]) -> Callable[[Lease], JSON]:
        """*work*, whose lease is known here while it runs."""

        def hold(lease: Lease) -> JSON:
            self._in_hand.add(lease)
            try:
                return work(lease)
            finally:
                self._in_hand.discard(lease)

        return hold

    def _give_back(self) -> None:
        """Jobs that did not notice: what their threads may still write comes too late."""
        for lease in tuple(self._in_hand):
            with contextlib.suppress(JsdlError):
                lease.give_back()


@contextlib.contextmanager
def _signalled() -> Iterator[Callable[[], bool]]:
    """Whether a SIGINT or SIGTERM came; a second SIGINT is a KeyboardInterrupt.

    A handler runs in the midst of the main thread, and must not take a lock that it may have: it
    sets no event.
    """
    came: list[int] = []

    def handle(number: int, _: object) -> None:
        came.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
