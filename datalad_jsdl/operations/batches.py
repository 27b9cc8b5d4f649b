"""Complete content on its way into the annex: in batches, and recorded now and then."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.fetch.bulk import Job

__all__ = ["Batches", "Pace"]

_BATCH = 500  # files for one git-annex; fewer would mostly start it
_MOST = 600  # files; more, and the others would be idle in the end
_INJECTORS = 2  # git-annex processes at a time; each is busy on one core
_APART = 10.0  # seconds
_SHARE = 10  # times as long as it takes

_Result = TypeVar("_Result")


class Pace:
    """When there is something to be done that costs as much for one file as for a thousand.

    Now and then, for what a killed run leaves is not to be much; and the rarer the longer it
    takes, for in a dataset of a million files it takes seconds.
    """

    def __init__(self) -> None:
        self._due = time.monotonic() + _APART

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self._due

    def took(self, begun: float) -> None:
        """It has been done, from *begun* on (seconds of the monotonic clock)."""
        now = time.monotonic()
        self._due = now + max(_APART, _SHARE * (now - begun))


class Batches(Generic[_Result]):
    """Has something done with complete content in batches, in threads.

    Args:
        work: what to do with a batch; returns what became of each.
    """

    def __init__(self, work: Callable[[list[Job]], list[_Result]]) -> None:
        self._work = work
        self._pool = ThreadPoolExecutor(_INJECTORS, thread_name_prefix="inject")
        self._batch: list[Job] = []
        self._futures: list[Future[list[_Result]]] = []

    def add(self, job: Job) -> None:
        self._batch.append(job)
        idle = _INJECTORS - sum(not future.done() for future in self._futures)
        # while all are at work a batch grows: to start git-annex costs as much as 50 files
        if len(self._batch) >= (_BATCH if idle > 0 else _MOST):
            self._submit()

    def _submit(self, parts: int = 1) -> None:
        # git-annex is slower than most mirrors: what waits for it takes memory and disk
        while sum(not future.done() for future in self._futures) > _INJECTORS:
            wait([f for f in self._futures if not f.done()], return_when=FIRST_COMPLETED)
        share = -(-len(self._batch) // parts)
        for start in range(0, len(self._batch), share or 1):
            batch = self._batch[start : start + share]
            self._futures.append(self._pool.submit(self._work, batch))
        self._batch = []

    def done(self) -> Iterator[_Result]:
        """What is done."""
        for future in [future for future in self._futures if future.done()]:
            self._futures.remove(future)
            yield from future.result()

    def finish(self) -> Iterator[_Result]:
        """The rest."""
        self._submit(_INJECTORS if len(self._batch) > _BATCH // 4 else 1)
        wait(self._futures)
        yield from self.done()

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
