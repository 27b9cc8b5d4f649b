"""Many files at once, small ones out of zips: each goes where a single download would put it."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import chain, islice
from typing import TYPE_CHECKING

from datalad_jsdl.archive.transport.taking import Wanted, is_small
from datalad_jsdl.fetch.bulk import fetch_all, store_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from datalad_jsdl.archive.transport.taking import Archives, Group
    from datalad_jsdl.faults import Failed
    from datalad_jsdl.fetch.bulk import Job
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.content import ByteProgress, Fetched

__all__ = ["fetch_with_archives"]

_PORTION = 5000  # jobs that are held at a time
_AT_ONCE = 4  # requests
_LOOK = 0.5  # seconds


def fetch_with_archives(
    jobs: Iterable[Job],
    engine: Engine,
    workers: int | None,
    archives: Archives,
    *,
    position: Callable[[Job], ByteProgress] | None = None,
) -> Iterator[tuple[Job, Fetched | Failed]]:
    """`bulk.fetch_all`, but small files come from zips as far as those have them.

    Args:
        jobs: taken in portions; a file's paths are the names of what is expected.
        engine: to fetch with.
        workers: files or requests at a time, at most; None for as many as pay.
        archives: zips of these files.
        position: see `bulk.fetch_all`.
    """
    rest = iter(jobs)
    while archives.are_useful and (portion := list(islice(rest, _PORTION))):
        left = dict(enumerate(portion))
        for number, fetched in _taken(left, engine, workers, archives):
            yield left.pop(number), fetched
        if not archives.are_useful:
            rest = chain(left.values(), rest)
            break
        if left:
            yield from fetch_all(left.values(), engine, workers, position=position)
    yield from fetch_all(rest, engine, workers, position=position)


def _taken(
    left: dict[int, Job], engine: Engine, workers: int | None, archives: Archives
) -> Iterator[tuple[int, Fetched]]:
    """Those jobs that a zip has done, by number; the caller takes them out of those *left*."""
    wanted = {
        number: Wanted(number, job.expected.names, job.expected)
        for number, job in left.items()
        if is_small(job.expected)
    }
    pool = ThreadPoolExecutor(min(workers or _AT_ONCE, _AT_ONCE), thread_name_prefix="zip")
    try:
        for groups in archives.plans(wanted.values()):
            for group, came in _read(pool, groups):
                # by one thread: several would only wait for each other
                for number, content in group.contents(came):
                    if (fetched := store_content(left[number], content, engine)) is not None:
                        del wanted[number]
                        yield number, fetched
    except BaseException:
        archives.interrupt()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _read(
    pool: ThreadPoolExecutor, groups: Iterable[Group[int]]
) -> Iterator[tuple[Group[int], bytes | bytearray]]:
    """What the requests for groups give, some at a time, in whatever order it comes."""
    waiting = iter(groups)
    pending: dict[Future[bytes | bytearray], Group[int]] = {}
    while True:
        for group in islice(waiting, _AT_ONCE - len(pending)):
            pending[pool.submit(group.read)] = group
        if not pending:
            return
        # not for ever: a signal may come to another thread, and this one is to handle it
        done, _ = wait(pending, timeout=_LOOK, return_when=FIRST_COMPLETED)
        for read in done:
            yield pending.pop(read), read.result()
