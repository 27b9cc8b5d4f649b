"""A worker in a process of its own, and what its jobs do."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from datalad_jsdl.orders.jobs.lease import Lease
from datalad_jsdl.orders.jobs.model import JSON, Job
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.jobs.worker import Kinds, Worker
from datalad_jsdl.orders.store.opening import Store
from tests.kill_at import KillAt

__all__ = ["KINDS", "NEVER", "at_work", "ended", "until", "worker"]

NEVER = 3600.0  # seconds between two sweeps

_ROOT = Path(__file__).parents[2]


def append(file: str, line: str) -> None:
    """In one write, which no other process comes between."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(handle, f"{line}\n".encode())
    finally:
        os.close(handle)


def note(lease: Lease) -> JSON:
    """Leave a line in a file."""
    append(str(lease.job.args["file"]), str(lease.job.args["line"]))
    return lease.job.args["line"]


def count(lease: Lease) -> JSON:
    """Report often, then leave a line."""
    for n in range(100):
        lease.report(n, 100)
    return note(lease)


def wait(lease: Lease) -> JSON:
    """Report until a file is there."""
    file, n = Path(str(lease.job.args["file"])), 0
    while not file.exists():
        n += 1
        lease.report(n, None)
        threading.Event().wait(0.01)
    return n


def sulk(lease: Lease) -> JSON:
    """Report once, and then never again."""
    lease.report(1, None)
    threading.Event().wait()
    return None


KINDS = {"note": note, "count": count, "wait": wait, "sulk": sulk}


def until(is_so: Callable[[], object]) -> None:
    """As long as it takes; the test's own limit ends it."""
    while not is_so():
        time.sleep(0.02)


def ended(jobs: Jobs, job: Job) -> Job:
    until(lambda: jobs.find(job.id).state.is_end)
    return jobs.find(job.id)


@contextlib.contextmanager
def at_work(
    jobs: Jobs, waker: Waker, kinds: Kinds = KINDS, *, sweep: float = NEVER, threads: int = 1
) -> Iterator[threading.Event]:
    """A worker in threads of this process."""
    stop = threading.Event()
    worker = Worker(jobs, kinds, waker, threads, sweep=sweep)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


@contextlib.contextmanager
def worker(
    url: str, *, kill: KillAt | None = None, threads: int = 1, lease: float = 30.0
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that runs jobs; killed at the end of the block, if it runs still.

    It looks for jobs that nobody was woken for at its start, and after ten seconds.
    """
    options = {"url": url, "threads": threads, "lease": lease}
    if kill is not None:
        options["kill"] = {**asdict(kill), "signal": int(kill.signal)}
    command = [sys.executable, "-m", "tests.orders.working", json.dumps(options)]
    with subprocess.Popen(command, cwd=_ROOT, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def main() -> None:
    options = json.loads(sys.argv[1])
    if "kill" in options:
        KillAt(**options["kill"]).arm()
    with Store(options["url"]) as store, Waker(store) as waker:
        rows = Jobs(store)
        lease, threads = options["lease"], options["threads"]
        Worker(rows, KINDS, waker, threads, lease=lease, grace=1).run(threading.Event())


if __name__ == "__main__":
    main()
