"""Serving a portal from this process: a socket, a server, a thread that runs jobs."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from datalad_jsdl.errors import PortalError
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.jobs.worker import Worker
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.portal.app import make_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.portal.site import Site

__all__ = ["Listening", "listen", "serve", "server_of", "working"]

_HEAD_WITHIN = 15.0  # seconds that a client has for the head of a request
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


def serve(site: Site, listening: Listening, ready: Callable[[], object], *, jobs: int = 1) -> None:
    """Serve until a SIGINT or SIGTERM comes.

    Args:
        site: of the portal.
        listening: where clients connect.
        ready: called once connections are accepted.
        jobs: that are run at a time, such as preparations; 0 to leave them to other workers.

    Raises:
        StoreError: the queue of jobs cannot be opened.
    """
    server = server_of(site, listening, ready)
    try:
        with working(site, jobs):
            server.run(sockets=[listening.socket])
    except KeyboardInterrupt:  # which uvicorn raises again, once it has ended in order
        pass
    finally:
        site.close()


def server_of(
    site: Site, listening: Listening, ready: Callable[[], object] = lambda: None
) -> uvicorn.Server:
    """The server of a portal, not yet started; its `run` takes the socket.

    Args:
        site: of the portal.
        listening: where clients will connect.
        ready: called once connections are accepted.
    """
    config = uvicorn.Config(
        make_app(site), http=_Protocol, ws="none", loop="auto", lifespan="off", access_log=False,
        log_config=None, proxy_headers=False, server_header=False, date_header=True,
        timeout_graceful_shutdown=_GRACE,
    )  # fmt: skip
    return _Server(config, site, ready)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, site: Site, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._site = site
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._site.is_ending = True
        await super().shutdown(sockets)


class _Protocol(HttpToolsProtocol):
    """A connection that can be reset, and is where a request does not come to an end of its head.

    A server in Python has one loop for all: connections that only wait cost little, but
    they must not wait for ever.
    """

    _late: Any = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()
        self.scope["extensions"] = {"jsdl.abort": {"abort": self.transport.abort}}

    def on_headers_complete(self) -> None:
        self._head_came()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head_came()
        self._late = self.loop.call_later(_HEAD_WITHIN, self.transport.abort)

    def _head_came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


@contextlib.contextmanager
def working(site: Site, jobs: int = 1) -> Iterator[None]:
    """A thread that runs jobs, *jobs* at a time; 0 to only wake other workers.

    Raises:
        StoreError: the queue of jobs cannot be opened.
    """
    store = site.desk.store
    with Waker(store) as waker:
        site.wake = waker.wake
        if not jobs:
            yield
            return
        stop = threading.Event()
        worker = Worker(Jobs(store), tasks(site.desk, kept=site.kept), waker, jobs)
        thread = threading.Thread(target=worker.run, args=(stop,), name="jobs", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
