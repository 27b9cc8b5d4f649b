"""An HTTP server that writes what a test says, byte for byte.

For what the laboratory (`tests.lab`) is too well-behaved for: odd heads, interim answers, parts
in unusual forms, redirects with cookies. Each target (path and query, as they stand in the
request) has its content, or a function that answers.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Answer", "Asked", "Talk", "Wire"]

Answer = Callable[["Talk"], None]


@dataclass(frozen=True)
class Asked:
    """One request as it came in.

    Attributes:
        method: of HTTP.
        target: as it stands in the request line.
        headers: names in lower case; the last of each.
        connection: number of the connection, the first being 0.
    """

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    connection: int = 0


class Closing(Protocol):
    """A server that tells when it ends."""

    closing: threading.Event


class Talk:
    """A request, and the means to answer it."""

    def __init__(self, server: Closing, connection: socket.socket, asked: Asked) -> None:
        self.server = server
        self.asked = asked
        self.open = True
        self._connection = connection

    def send(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._connection.sendall(data)

    def pause(self, seconds: float) -> None:
        """Wait, unless the server closes."""
        self.server.closing.wait(seconds)

    def answer(self, status: int, body: bytes = b"", *lines: str, length: bool = True) -> None:
        """A whole answer; *lines* are further header lines.

        Args:
            status: of HTTP.
            body: left out in answer to HEAD.
            lines: of the head.
            length: say how long the body is.
        """
        head = [f"HTTP/1.1 {status} X", *lines]
        if length:
            head.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join([*head, "", ""]).encode("latin-1"))
        if self.asked.method != "HEAD":
            self.send(body)

    def file(self, content: bytes, *lines: str) -> None:
        """Content as a well-behaved server gives it, ranges included."""
        wanted = self.asked.headers.get("range", "")
        if not wanted:
            self.answer(200, content, *lines)
            return
        first, _, last = wanted.partition("=")[2].partition("-")
        start, end = int(first), min(int(last) + 1 if last else len(content), len(content))
        if start >= len(content):
            self.answer(416, b"", f"Content-Range: bytes */{len(content)}", *lines)
            return
        part = f"Content-Range: bytes {start}-{end - 1}/{len(content)}"
        self.answer(206, content[start:end], part, *lines)

    def close(self) -> None:
        """No further request of this connection is read."""
        self.open = False

    def reset(self) -> None:
        """End the connection with RST, once what was sent has had time to arrive."""
        time.sleep(0.2)
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


class Wire:
    """The server; a context manager.

    Attributes:
        routes: target → content, or a function that answers.
        other: answers to all other targets; None for 404.
        asked: requests so far.
        url: of the server, without a path.
        closing: set when it ends.

    Args:
        routes: the first of them.
        host: address to listen at.
        tls: to speak TLS with.
    """

    def __init__(
        self,
        routes: dict[str, bytes | Answer] | None = None,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.routes = routes if routes is not None else {}
        self.other: Answer | None = None
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._tls = tls
        self._socket = socket.create_server((host, 0), backlog=128)
        self.url = f"http{'s' if tls else ''}://{host}:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Wire:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def put(self, target: str, route: bytes | Answer) -> str:
        """Serve something at a target; returns its URL."""
        self.routes[target] = route
        return self.url + target

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()
            number += 1

    def _serve(self, connection: socket.socket, number: int) -> None:
        # a client that goes away, or that does not trust our certificate, is no news
        with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = stack.enter_context(
                    self._tls.wrap_socket(connection, server_side=True)
                )
            stream = stack.enter_context(connection.makefile("rb"))
            while line := stream.readline():
                method, target, _ = line.decode("latin-1").split()
                headers = {}
                while (line := stream.readline()) not in (b"\r\n", b"\n", b""):
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                stream.read(int(headers.get("content-length", 0)))
                asked = Asked(method, target, headers, number)
                self.asked.append(asked)
                talk = Talk(self, connection, asked)
                route = self.routes.get(target, self.other)
                if route is None:
                    talk.answer(404, b"no such file")
                elif isinstance(route, bytes):
                    talk.file(route)
                else:
                    route(talk)
                if not talk.open or self.closing.is_set():
                    break
