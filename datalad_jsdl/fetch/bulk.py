"""Many files at once: one download a file, a bounded number at a time."""

from __future__ import annotations

import errno
import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.partfile import PartFile
from datalad_jsdl.fetch.values import Expected, Failed, Fault, Fetched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.values import Progress

__all__ = ["Job", "fetch_all", "fetch_file"]

_ONCE_MORE = 10_000  # files that are asked for again at the end, at most
_UNDER_WAY = 5.0  # seconds that an interrupted run waits for its transfers to end


@dataclass(frozen=True, slots=True)
class Job:
    """One file to be fetched.

    Attributes:
        name: what the caller knows it by.
        urls: candidates, in order.
        expected: what is known of the content.
        target: the file to be made.
        mtime: for the file, in seconds since 1970, or None.
    """

    name: str
    urls: tuple[str, ...]
    expected: Expected
    target: Path
    mtime: float | None = None


def fetch_file(job: Job, engine: Engine, progress: Progress | None = None) -> Fetched | Failed:
    """Fetch one file; it appears under its name only when complete and verified."""
    try:
        with _open_part(job) as part:
            outcome = engine.fetch(job.urls, job.expected, part, progress)
            if isinstance(outcome, Fetched):
                part.finish(job.mtime)
            return outcome
    except OSError as error:  # the disk, not the network
        what = f"cannot write {job.target.name}: {error.strerror or error}"
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return Failed((Fault("", what),), disk_full=full)


def _open_part(job: Job) -> PartFile:
    try:
        return PartFile(job.target, job.expected.size)
    except FileNotFoundError:
        job.target.parent.mkdir(parents=True, exist_ok=True)
        return PartFile(job.target, job.expected.size)


def fetch_all(
    jobs: Iterable[Job], engine: Engine, workers: int
) -> Iterator[tuple[Job, Fetched | Failed]]:
    """Fetch files, *workers* at a time, and yield each as it is done.

    A file whose mirrors were out of order for a while is asked for once more at the end. A
    full disk ends it all: the jobs not yet begun are not yielded. If the iterator is
    closed (Ctrl-C), transfers end soon and keep what they have in their part files.
    """
    engine.origins.expect_jobs(workers)
    again: list[Job] = []
    with _Workers(engine, workers) as pool:
        for job, outcome in pool.run(iter(jobs)):
            if len(again) < _ONCE_MORE and _is_worth_another_try(job, outcome, engine):
                again.append(job)
            else:
                yield job, outcome
        if again:
            pause = min(engine.origins.wait(job.urls[0]) for job in again)
            engine.sleep(min(pause, engine.settings.max_wait))
            yield from pool.run(iter(again))


def _is_worth_another_try(job: Job, outcome: Fetched | Failed, engine: Engine) -> bool:
    """A mirror that had served other files broke down."""
    if isinstance(outcome, Fetched) or engine.stop.is_set():
        return False
    return any(
        fault.url and not fault.lasting and engine.origins.of(fault.url).received
        for fault in outcome.faults
    )


class _Workers:
    """Threads that fetch files; a context manager that ends them."""

    def __init__(self, engine: Engine, count: int) -> None:
        self._engine = engine
        self._count = count
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Job, Fetched | Failed | BaseException]] = (
            queue.SimpleQueue()
        )
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is not None:
            self._engine.interrupt()
        for _ in self._threads:
            self._jobs.put(None)
        # daemons: one that hangs in connecting does not keep the process
        for thread in self._threads:
            thread.join(_UNDER_WAY if kind is not None else None)

    def run(self, jobs: Iterator[Job]) -> Iterator[tuple[Job, Fetched | Failed]]:
        """Fetch *jobs*, which are taken as they are needed."""
        under_way = 0
        full = False
        while True:
            # twice as many as there are workers, so that none has to wait for the next
            while under_way < 2 * self._count and not full:
                job = next(jobs, None)
                if job is None:
                    break
                if len(self._threads) < self._count:
                    self._start()
                self._jobs.put(job)
                under_way += 1
            if not under_way:
                return
            job, outcome = self._done.get()
            under_way -= 1
            if isinstance(outcome, BaseException):
                raise outcome
            if isinstance(outcome, Failed) and outcome.disk_full and not full:
                full = True
                self._engine.interrupt()
            yield job, outcome

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="fetch", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._done.put((job, fetch_file(job, self._engine)))
            except BaseException as error:  # raised again where jobs are run
                self._done.put((job, error))
