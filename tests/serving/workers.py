"""Workers of a portal, which are processes of their own, and what is between them and clients."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lab import free_port

__all__ = ["Switch", "Worker", "workers"]

_CHUNK = 64 << 10  # bytes
_RESET = struct.pack("ii", 1, 0)  # no second to linger


class Worker:
    """``datalad serve-downloads``, which can be killed and started again at the same port.

    Args:
        store: URL of the database.
        folder: for its token.
        more: further arguments, the last of which is what it serves.
        host: that it listens on.
    """

    def __init__(
        self, store: str, folder: Path, *more: str | Path, host: str = "127.0.0.1"
    ) -> None:
        self.host, self.port = host, free_port()
        self._command = [
            "datalad", "serve-downloads", "--no-open", "--host", host, "--port", str(self.port),
            "--store", store, "--token-file", str(folder / "token"), *map(str, more),
        ]  # fmt: skip
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)

    def wait(self) -> None:
        """Until it accepts connections."""
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "a worker did not start"

    def kill(self) -> None:
        """At once, as the system does it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()
            self._process = None


@contextmanager
def workers(
    count: int, store: str, folder: Path, *more: str | Path, host: str = "127.0.0.1"
) -> Iterator[list[Worker]]:
    """Several that share a store."""
    made = [Worker(store, folder, *more, host=host) for _ in range(count)]
    try:
        made[0].start()  # which makes the token, and the tables
        made[0].wait()
        for other in made[1:]:
            other.start()
        for other in made[1:]:
            other.wait()
        yield made
    finally:
        for one in made:
            one.kill()


class Switch:
    """What clients connect to: it passes all on to one of several ports; a context manager.

    Args:
        ports: of the workers; whoever answers is taken, in turn.

    Attributes:
        port: of its own.
        passed: bytes that were passed on to clients.
        events: what happens once so many bytes were passed on, before any other byte is.
    """

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._listening = socket.create_server(("127.0.0.1", free_port()))
        self.port = self._listening.getsockname()[1]
        self.passed = 0
        self.events: list[tuple[int, Callable[[], object]]] = []
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._turn = 0
        self._ends = threading.Event()

    def __enter__(self) -> Switch:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._listening.close()
        self.cut()

    def cut(self) -> None:
        """Reset all connections of clients."""
        with self._lock:
            cut, self._clients = self._clients, set()
        for client in cut:
            with suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                client.shutdown(socket.SHUT_RD)
                client.close()

    def _accept(self) -> None:
        while not self._ends.is_set():
            with suppress(OSError):
                client, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._lock:
            self._clients.add(client)
        with contextlib.closing(client):
            worker = self._connected()
            if worker is None:
                return
            with worker, suppress(OSError, ValueError):
                self._pass_on(client, worker)
        with self._lock:
            self._clients.discard(client)

    def _connected(self) -> socket.socket | None:
        for _ in self._ports:
            self._turn += 1
            port = self._ports[self._turn % len(self._ports)]
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", port))
        return None

    def _pass_on(self, client: socket.socket, worker: socket.socket) -> None:
        # the worker is to see its own name, which is as long
        ours = f"127.0.0.1:{self.port}".encode()
        theirs = f"127.0.0.1:{worker.getpeername()[1]}".encode()
        while True:
            for ready in select.select([client, worker], [], [])[0]:
                data = ready.recv(_CHUNK)
                if not data:
                    return
                if ready is client:
                    worker.sendall(data.replace(ours, theirs))
                else:
                    self._to_client(client, data)

    def _to_client(self, client: socket.socket, data: bytes) -> None:
        while data:
            with self._lock:
                place = self.events[0][0] if self.events else None
                length = len(data) if place is None else min(len(data), place - self.passed)
                happens = self.events.pop(0)[1] if length < len(data) else None
                self.passed += max(length, 0)
            client.sendall(data[: max(length, 0)])
            data = data[max(length, 0) :]
            if happens:
                happens()
