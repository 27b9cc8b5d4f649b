"""Serving a portal from this process: a socket, a server, a thread that runs jobs."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from datalad_jsdl.errors import PortalError
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.jobs.worker import Worker
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.portal.app import make_app
from datalad_jsdl.portal.connections import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.portal.site import Site

__all__ = ["Listening", "listen", "serve"]

_GRACE = 20  # seconds that downloads have to end when the server ends


@dataclass(frozen=True)
class Listening:
    """A socket that clients can connect to.

    Attributes:
        socket: which is listening.
        host: as it was asked for.
        port: that it has.
    """

    socket: socket.socket
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return False

    @property
    def hosts(self) -> frozenset[str]:
        """Values of the field Host that mean this server; none for any."""
        if not self.is_loopback:
            return frozenset()
        names = {self._shown, "localhost", "127.0.0.1", "[::1]"}
        return frozenset(f"{name}:{self.port}" for name in names)

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        return f"http://{self._shown}:{self.port}/"

    @property
    def _shown(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"[{host}]" if ":" in host else host


def listen(host: str, port: int) -> Listening:
    """Begin to listen.

    Args:
        host: a name or an address of this machine.
        port: 0 for any that is free.

    Raises:
        PortalError: that is not possible.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        raise PortalError(
            f"cannot listen on port {port} of {host}: {error.strerror or error}; --port 0 takes "
            "one that is free"
        ) from None
    return Listening(listening, host, listening.getsockname()[1])


def serve(
    site: Site,
    listening: Listening,
    ready: Callable[[], object],
    *,
    jobs: int = 1,
    stop: threading.Event | None = None,
) -> None:
    """Serve until a SIGINT or SIGTERM comes.

    Args:
        site: of the portal.
        listening: where clients connect.
        ready: called once connections are accepted.
        jobs: that are run at a time, such as preparations; 0 to leave them to other workers.
        stop: ends it when it is set; needed in any thread but the main one, which has no signals.

    Raises:
        StoreError: the queue of jobs cannot be opened.
    """
    config = uvicorn.Config(
        make_app(site), http=Protocol, ws="none", loop="auto", lifespan="off", access_log=False,
        log_config=None, proxy_headers=False, server_header=False, date_header=True,
        timeout_graceful_shutdown=_GRACE,
    )  # fmt: skip
    server = _Server(config, site, ready, stop or threading.Event())
    try:
        with Waker(site.desk.store) as waker, _worker(site, waker, jobs):
            site.wake = waker.wake
            server.run(sockets=[listening.socket])
    except KeyboardInterrupt:  # which uvicorn raises again, once it has ended in order
        pass
    finally:
        site.close()


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        site: Site,
        ready: Callable[[], object],
        stop: threading.Event,
    ) -> None:
        super().__init__(config)
        self._site = site
        self._ready = ready
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._site.is_ending = True  # what is streamed without an end is to end now
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        return self._stop.is_set() or await super().on_tick(counter)


@contextlib.contextmanager
def _worker(site: Site, waker: Waker, jobs: int) -> Iterator[None]:
    """A thread that runs jobs, while the server runs."""
    if not jobs:
        yield
        return
    stop = threading.Event()
    worker = Worker(Jobs(site.desk.store), tasks(site.desk, kept=site.kept), waker, jobs)
    thread = threading.Thread(target=worker.run, args=(stop,), name="jobs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
