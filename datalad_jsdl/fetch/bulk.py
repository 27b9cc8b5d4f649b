"""Many files at once: one fetch a file, a bounded number at a time."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.engine import fetch
from datalad_jsdl.fetch.partfile import PartFile
from datalad_jsdl.fetch.values import Expected, Failed, Fault, Fetched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.fetch.values import Progress
    from datalad_jsdl.fetch.web import Web

__all__ = ["Job", "fetch_all", "fetch_file"]


@dataclass(frozen=True)
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


def fetch_file(job: Job, web: Web, progress: Progress | None = None) -> Fetched | Failed:
    """Fetch one file; it appears under its name only when complete and verified."""
    try:
        job.target.parent.mkdir(parents=True, exist_ok=True)
        with PartFile(job.target, job.expected.size) as part:
            outcome = fetch(job.urls, job.expected, part, web, held=part.held, progress=progress)
            if isinstance(outcome, Fetched):
                part.finish(job.mtime)
            return outcome
    except OSError as error:  # the disk, not the network
        return Failed((Fault("", f"cannot write {job.target.name}: {error.strerror or error}"),))


def fetch_all(
    jobs: Iterable[Job], web: Web, workers: int
) -> Iterator[tuple[Job, Fetched | Failed]]:
    """Fetch files, *workers* at a time, and yield each as it is done.

    If the iterator is closed (Ctrl-C), files not yet begun are dropped, and those under
    way keep what they have in their part files.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="fetch")
    pending: dict[Future[Fetched | Failed], Job] = {}
    queue = iter(jobs)
    try:
        while True:
            while len(pending) < 2 * workers and (job := next(queue, None)) is not None:
                pending[pool.submit(fetch_file, job, web)] = job
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                yield pending.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
