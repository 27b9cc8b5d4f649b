"""Many files at once: one download a file, a bounded number at a time."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import bug
from datalad_jsdl.faults import Failed, Fault, FaultKind
from datalad_jsdl.fetch.disk import failed_by_disk
from datalad_jsdl.fetch.file.partfile import PartFile
from datalad_jsdl.fetch.retries import SECOND_CHANCE_PAUSE, SECOND_CHANCES
from datalad_jsdl.model.content import Expected, Fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import ByteProgress

__all__ = ["Job", "Sync", "fetch_all", "fetch_file", "store_content"]

_LOOK = 0.5  # seconds
_GROW = 0.02  # seconds between two looks at whether more workers would help
_BUSY = 0.8  # of one core: more threads would only stand in each other's way
_UNDER_WAY = 5.0  # seconds that an interrupted run waits for its transfers to end
_DISK_IS_FULL = Fault(FaultKind.NOT_ASKED, cause=Fault(FaultKind.DISK_FULL))


class Sync(Enum):
    """What is on the disk for good when a file appears under its name."""

    NAME = "its content and its name"
    DATA = "its content; the name is not its last"
    LATER = "nothing: the caller sees to it, and to a check of the content after a power cut"


@dataclass(frozen=True, slots=True)
class Job:
    """One file to be fetched.

    Attributes:
        name: what the caller knows it by.
        urls: candidates, in order.
        expected: what is known of the content.
        target: the file to be made.
        mtime: for the file, in seconds since 1970, or None.
        sync: what has to survive a power cut.
        content: the content itself, verified; then no mirror is asked. None for what they have.
    """

    name: str
    urls: tuple[str, ...]
    expected: Expected
    target: Path
    mtime: float | None = None
    sync: Sync = Sync.NAME
    content: bytes | None = None


def fetch_file(
    job: Job,
    engine: Engine,
    progress: ByteProgress | None = None,
    operation: Operation | None = None,
) -> Fetched | Failed:
    """Fetch one file; it appears under its name only when complete and verified."""
    # it loads an HTTP library, which who has but the values of this module may not need
    from datalad_jsdl.fetch.file.download import fetch

    try:
        if job.content is not None:
            return _stored(job, job.content, engine)
        with _open_part(job, engine.reserve) as part:
            outcome = fetch(engine, job.urls, job.expected, part, progress, operation=operation)
            if isinstance(outcome, Fetched):
                _finish(part, job)
            return outcome
    except OSError as error:  # the disk, not the network
        return failed_by_disk(error, job.target.name)
    except Exception as error:  # no answer and no disk can cause it; the others go on
        return Failed((Fault(FaultKind.BUG, detail=bug(error)),))


def store_content(job: Job, content: bytes | memoryview, engine: Engine) -> Fetched | None:
    """Make a job's file of content that is verified; None if the disk does not take it."""
    try:
        return _stored(job, content, engine)
    except OSError:  # who fetches the file from elsewhere finds out why
        return None


def _stored(job: Job, content: bytes | memoryview, engine: Engine) -> Fetched:
    with _open_part(job, engine.reserve) as part:
        if part.held:
            part.keep([])
        part.put(0, content, "")
        _finish(part, job)
    return Fetched(len(content))


def _finish(part: PartFile, job: Job) -> None:
    part.finish(job.mtime, data=job.sync is not Sync.LATER, name=job.sync is Sync.NAME)


def _open_part(job: Job, reserve: int) -> PartFile:
    try:
        return PartFile(job.target, job.expected.size, reserve=reserve)
    except FileNotFoundError:
        job.target.parent.mkdir(parents=True, exist_ok=True)
        return PartFile(job.target, job.expected.size, reserve=reserve)


def fetch_all(
    jobs: Iterable[Job],
    engine: Engine,
    workers: int | None,
    *,
    position: Callable[[Job], ByteProgress] | None = None,
) -> Iterator[tuple[Job, Fetched | Failed]]:
    """Fetch files, some at a time, and yield each as it is done.

    A file whose mirrors were out of order for a while is asked for once more at the end. A
    full disk ends it all: the jobs not yet begun fail for that. If the iterator is
    closed (Ctrl-C), its transfers end soon and keep what they have in their part files; what
    else the engine is doing goes on.

    Args:
        jobs: taken as they are needed.
        engine: to fetch with.
        workers: files at a time, at most; None for as many as pay.
        position: gives what is told how many bytes of a job's file are here; for any thread.
    """
    if workers is None:
        engine.origins.find_level(engine.settings.most_jobs)
    else:
        engine.origins.expect_jobs(workers)
    again: list[Job] = []
    began = time.monotonic()
    with (
        engine.operation() as operation,
        _Workers(engine, operation, workers, position) as pool,
    ):
        operation.second_chance = True
        for job, outcome in pool.run(iter(jobs)):
            if len(again) < SECOND_CHANCES and _is_worth_another_try(job, outcome, operation):
                again.append(job)
            else:
                yield job, outcome
        if again:
            operation.sleep(_pause(again, engine, time.monotonic() - began))
            engine.origins.end_back_offs()
            yield from pool.run(iter(again))


def _pause(again: Iterable[Job], engine: Engine, elapsed: float) -> float:
    """Seconds until the first mirror may be asked once more.

    A back-off that the mirror has not asked for takes no longer than the rest has taken: who
    fetches a few files is not to wait half a minute for a server that is not there.
    """
    origins = engine.origins
    first = min((url for job in again for url in job.urls), key=origins.wait)
    pause = min(origins.wait(first), engine.settings.max_wait)
    return min(pause, max(SECOND_CHANCE_PAUSE, elapsed)) if origins.is_backing_off(first) else pause


def _is_worth_another_try(job: Job, outcome: Fetched | Failed, operation: Operation) -> bool:
    """A mirror was out of order, which may be over in the end."""
    if isinstance(outcome, Fetched) or operation.stop.is_set():
        return False
    return any(fault.url and not fault.lasting for fault in outcome.faults)


def _is_interrupted(failed: Failed) -> bool:
    return any(fault.kind is FaultKind.INTERRUPTED for fault in failed.faults)


class _Workers:
    """Threads that fetch files; a context manager that ends them."""

    def __init__(
        self,
        engine: Engine,
        operation: Operation,
        count: int | None,
        position: Callable[[Job], ByteProgress] | None,
    ) -> None:
        self._engine = engine
        self._operation = operation
        self._position = position
        self._count = count
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Job, Fetched | Failed | BaseException]] = (
            queue.SimpleQueue()
        )
        self._threads: list[threading.Thread] = []
        self._grown = (0.0, 0.0)

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is not None:
            self._operation.interrupt()
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
            while under_way < self._room and not full:
                job = next(jobs, None)
                if job is None:
                    break
                self._jobs.put(job)
                under_way += 1
            if not under_way:
                yield from ((job, Failed((_DISK_IS_FULL,))) for job in jobs)  # if it is full
                return
            job, outcome = self._next(under_way)
            under_way -= 1
            if isinstance(outcome, BaseException):
                raise outcome
            if isinstance(outcome, Failed) and outcome.disk_full and not full:
                full = True
                self._operation.interrupt(_DISK_IS_FULL)
            elif full and isinstance(outcome, Failed) and _is_interrupted(outcome):
                outcome = Failed((_DISK_IS_FULL,))
            yield job, outcome

    def _next(self, under_way: int) -> tuple[Job, Fetched | Failed | BaseException]:
        while True:
            self._engine.origins.look()
            wanted = min(under_way, self._wanted)
            self._grow(wanted)
            growing = len(self._threads) < wanted
            with suppress(queue.Empty):
                # not for ever: a signal may come to another thread, and this one is to handle it
                return self._done.get(timeout=_GROW if growing else _LOOK)

    @property
    def _wanted(self) -> int:
        """Files at a time."""
        return self._count or min(self._engine.origins.level, self._engine.settings.most_jobs)

    @property
    def _room(self) -> int:
        """Jobs that may be under way: twice as many as workers, so that none has to wait.

        Where there are more workers than are wanted by now, the others have nothing to do.
        """
        wanted = self._wanted
        return 2 * wanted if len(self._threads) <= wanted else wanted

    def _grow(self, wanted: int) -> None:
        """Twice as many workers, as long as they wait for mirrors and not for each other."""
        if self._threads and len(self._threads) >= wanted:
            return
        now, used = time.monotonic(), time.process_time()
        since, used_then = self._grown
        if self._threads and now - since < _GROW:
            return
        if not self._threads or (used - used_then) / (now - since) < _BUSY:
            for _ in range(min(wanted, 2 * len(self._threads) or 2) - len(self._threads)):
                self._start()
        self._grown = (now, used)

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name="fetch", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                position = self._position(job) if self._position else None
                outcome = fetch_file(job, self._engine, position, self._operation)
                self._done.put((job, outcome))
            except BaseException as error:  # raised again where jobs are run
                self._done.put((job, error))
