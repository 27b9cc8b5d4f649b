"""A queue in a real Redis: workers are woken, and find jobs all the same while it is away."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.store.opening import Store
from tests.orders.working import KINDS, at_work, ended, until
from tests.portal import datalad, git
from tests.running import start_datalad

redis = pytest.importorskip("redis")

PASSWORD = "5e-cr-et"


@contextmanager
def serving(program: str, port: int) -> Iterator[None]:
    """A server that keeps nothing."""
    options = {"port": port, "bind": "127.0.0.1", "save": "", "requirepass": PASSWORD}
    command = [program, *(part for name, value in options.items() for part in (f"--{name}", value))]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert any("Ready to accept" in line for line in process.stdout)
            yield
        finally:
            process.terminate()


@pytest.fixture
def server(program: Callable[[str], str], tmp_path: Path) -> tuple[str, int]:
    """The program, and a port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return program("redis-server"), probe.getsockname()[1]


def url_of(port: int) -> str:
    return f"redis://:{PASSWORD}@127.0.0.1:{port}"


def messages(port: int) -> list[bytes]:
    """What is in the queue."""
    with redis.Redis.from_url(url_of(port)) as client:
        (key,) = client.keys("huey.redis.*") or [b""]
        found: list[bytes] = client.lrange(key, 0, -1) if key else []
        return found


@pytest.fixture
def jobs(store: Store) -> Jobs:
    return Jobs(store)


def test_a_message_is_the_id_of_a_job(jobs: Jobs, server: tuple[str, int]) -> None:
    with serving(*server), Waker(jobs.store, url_of(server[1])) as waker:
        assert PASSWORD not in waker.shown
        waker.wake("x1")
        assert messages(server[1]) == [b'{"job": "x1"}']


def test_workers_are_woken(jobs: Jobs, server: tuple[str, int], tmp_path: Path) -> None:
    args = {"file": str(tmp_path / "lines"), "line": 1}
    with serving(*server), Waker(jobs.store, url_of(server[1])) as waker:
        first = jobs.start("note", "me", args)
        with at_work(jobs, waker, threads=2):
            ended(jobs, first)  # which they found at their start
            for number in range(20):
                job = jobs.start("note", "me", {**args, "line": number})
                waker.wake(job.id)
                assert ended(jobs, job).attempts == 1
        assert messages(server[1]) == []


def test_one_that_is_away(jobs: Jobs, server: tuple[str, int], tmp_path: Path) -> None:
    """Before the worker begins, while it works, and for a moment only."""
    with (
        Waker(jobs.store, url_of(server[1])) as waker,
        at_work(jobs, waker, KINDS, sweep=0.1),
    ):
        for _ in range(2):
            waker.wake("x")  # which is no error
            job = jobs.start("note", "me", {"file": str(tmp_path / "lines"), "line": 1})
            assert ended(jobs, job).state is JobState.DONE
            with serving(*server):
                waker.wake("x")
                until(lambda: not messages(server[1]))  # the worker listens again


def test_on_the_command_line(tmp_path: Path, home: Path, server: tuple[str, int]) -> None:
    root = tmp_path / "plain"
    root.mkdir()
    git(root, "init", "-q")
    (root / "a").write_text("a")
    git(root, "add", "a")
    git(root, "commit", "-q", "-m", "a")
    datalad("download-list", "add", "a", cwd=root)
    datalad("download-order", "create", "--name", "n", cwd=root)
    waker = ["--waker", url_of(server[1])]
    with serving(*server):
        # it sweeps ten seconds after its start, or later
        worker = start_datalad("-f", "json", "download-order", "worker", *waker, cwd=root)
        (queued,) = datalad("download-order", "prepare", "--queue", *waker, cwd=root)
        with Store(f"sqlite:///{root}/.git/jsdl/orders.sqlite") as store:
            until(lambda: Jobs(store).find(queued["job"]).state is JobState.DONE)
        os.kill(worker.pid, signal.SIGINT)
        assert worker.wait() == 0
