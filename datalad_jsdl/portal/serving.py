"""Serving a portal from this process: a socket, a server, a thread that runs jobs."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

import uvicorn

from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.jobs.worker import Worker
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.connections import Connection, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from datalad_jsdl.portal.listening import Listening
    from datalad_jsdl.portal.site import Site

__all__ = ["GRACE", "serve"]

#: Seconds that downloads have to end when the server ends.
GRACE = 30
_M_ARENA_MAX = -8  # of mallopt (glibc)
_ARENAS = 2
_FILES = 8192  # that may be open at a time
_LAST = 5  # seconds that requests have to end, once they are broken off


def serve(
    site: Site,
    listening: Listening,
    ready: Callable[[], object],
    *,
    jobs: int = 1,
    stop: threading.Event | None = None,
    grace: float = GRACE,
) -> None:
    """Serve until a SIGINT or SIGTERM comes.

    Args:
        site: of the portal.
        listening: where clients connect.
        ready: called once connections are accepted.
        jobs: that are run at a time, such as preparations; 0 to leave them to other workers.
        stop: ends it when it is set; needed in any thread but the main one, which has no signals.
        grace: seconds that downloads have to end; jobs go back to the queue meanwhile.

    Raises:
        StoreError: the queue of jobs cannot be opened.
    """
    _share_memory()
    _allow_files()
    config = uvicorn.Config(
        _without_traces(make_app(site), site), http=Protocol, ws="none", loop="auto",
        lifespan="off", access_log=False, log_config=None, proxy_headers=False,
        server_header=False, date_header=True,
        timeout_graceful_shutdown=round(grace) + _LAST,
    )  # fmt: skip
    idle = threading.Event()
    server = _Server(config, site, ready, stop or threading.Event(), idle, grace)
    try:
        with _interrupted(), Waker(site.desk.store) as waker, _worker(site, waker, jobs, idle):
            site.wake = waker.wake
            server.run(sockets=[listening.socket])
    except KeyboardInterrupt:  # which uvicorn raises again, once it has ended in order
        pass
    finally:
        site.close()


@contextlib.contextmanager
def _interrupted() -> Iterator[None]:
    """SIGTERM ends the program as Ctrl-C does: in order. uvicorn raises it again in the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _share_memory() -> None:
    """Have all threads take their memory from the same few arenas, where the system has such.

    There is a thread for each download that waits for a mirror; of what each keeps for itself, a
    fifth of the memory that 200 slow readers took was made.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)


def _allow_files() -> None:
    """Raise the number of files that may be open, where the system allows it.

    A download takes two or three (its socket, the content, a piece that waits), and systems begin
    with 1,024 for all.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    most = _FILES if hard == unlimited else min(_FILES, hard)
    if soft != unlimited and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _without_traces(app: ASGIApp, site: Site) -> ASGIApp:
    """Answers that are broken off as the portal ends are no bugs, for uvicorn to log."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        connection = Connection.of(scope)
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if not site.is_ending:
                raise
            connection.reset()
        if connection.is_closing():
            await asyncio.sleep(0)  # uvicorn learns that there is nobody to answer

    return run


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        site: Site,
        ready: Callable[[], object],
        stop: threading.Event,
        idle: threading.Event,
        grace: float,
    ) -> None:
        super().__init__(config)
        self._site = site
        self._ready = ready
        self._stop = stop
        self._idle = idle
        self._grace = grace
        self._broken_off = 0  # answers

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._site.manifests.read_ahead(self._site.served)
        self._ready()
        self._site.log.event("start", pid=os.getpid())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._site.is_ending = True  # what is streamed without an end is to end now
        self._idle.set()  # jobs go back to the queue
        # uvicorn would not wait for what it breaks off, and call each of them an error; what only
        # waits for its client it would not break off at all
        later = asyncio.get_running_loop().call_later(self._grace, self._break_off)
        await super().shutdown(sockets)
        later.cancel()
        self._site.downloads_log.close()
        self._site.log.event("stop", pid=os.getpid(), broken_off=self._broken_off)

    def _break_off(self) -> None:
        self._broken_off = len(self.server_state.tasks)
        for task in self.server_state.tasks:
            task.cancel()
        for connection in list(self.server_state.connections):
            if isinstance(connection, Protocol):  # all of them are
                self._broken_off += connection.break_off()

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)


@contextlib.contextmanager
def _worker(site: Site, waker: Waker, jobs: int, stop: threading.Event) -> Iterator[None]:
    """A thread that runs jobs, until *stop* is set."""
    if not jobs:
        yield
        return
    worker = Worker(Jobs(site.desk.store), tasks(site.desk, kept=site.kept), waker, jobs)
    thread = threading.Thread(target=worker.run, args=(stop,), name="jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
