"""The fault laboratory: an HTTP/1.1 server whose every URL can be told to misbehave.

What a URL serves and how is a `File` of `lab_files`; `lab_handler` does it. Each request is
recorded with the bytes of content sent in answer, so that a test can tell what a fetch costs.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import socket
import sys
import threading
from collections import Counter
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.lab_files import File, Request, Version, older
from tests.lab_handler import HTML, Handler

if TYPE_CHECKING:
    import ssl

__all__ = [
    "HTML",
    "Authority",
    "File",
    "Lab",
    "Request",
    "Version",
    "free_port",
    "older",
    "refused_url",
    "sha256",
]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        # a client that goes away, or that does not trust our certificate, is no news
        if not isinstance(sys.exc_info()[1], OSError):
            # mypy: typeshed wants a socket
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Lab:
    """A server on a free port; a context manager.

    Args:
        authority: speaks TLS with a certificate of this authority; None for plain HTTP.
        host: address of this machine to listen at.
        rate: bytes per second of each connection, where a file says nothing else.
    """

    def __init__(
        self, authority: Authority | None = None, *, host: str = "127.0.0.1", rate: int = 0
    ) -> None:
        self.files: dict[str, File] = {}
        self.requests: list[Request] = []
        self.served: Counter[str] = Counter()
        self.ranges_served: Counter[str] = Counter()
        self.closing = threading.Event()
        self.rate = rate
        self._server = _Server((host, 0), Handler)
        self._server.lab = self  # type: ignore[attr-defined]  # for the handler to find
        self.port = self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        if authority is not None:
            # the handshake is left to the thread of the connection: else one client that
            # hangs would keep all others waiting
            self._server.socket = authority.context().wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self.url = f"https://{host}:{self.port}"

    def __enter__(self) -> Lab:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def put(self, path: str, content: bytes = b"", **faults: object) -> str:
        """Serve *content* at *path* (not yet quoted); returns the URL.

        What was there before is replaced; requests are counted from here on.
        """
        quoted = "/" + quote(path)
        # mypy: fields of many types
        self.files[quoted] = File(content, **faults)  # type: ignore[arg-type]
        self.served[quoted] = self.ranges_served[quoted] = 0
        return self.url + quoted

    def sent(self, path: str | None = None) -> int:
        """Bytes of content sent so far, of one path or all."""
        return sum(r.sent for r in self.requests if path is None or r.path == "/" + quote(path))


class Authority:
    """A certificate authority that nobody knows of."""

    def __init__(self) -> None:
        # only where it is used: it takes longer to import than all the rest
        import trustme

        self._ca = trustme.CA()

    @property
    def pem(self) -> bytes:
        """Its certificate, for those that are to trust it."""
        return self._ca.cert_pem.bytes()

    def context(self) -> ssl.SSLContext:
        """For a server on 127.0.0.1, which also goes by the name of localhost."""
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
        return context


def refused_url(path: str = "x") -> str:
    """A URL at a port of 127.0.0.1 that nothing listens on."""
    return f"http://127.0.0.1:{free_port()}/{path}"


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on, and that stays so.

    It is none of those (from 16000, 32768 or 49152 on) that systems give to clients
    and to servers that take any: one of them could be given away a moment later.
    """
    while True:
        port = random.SystemRandom().randrange(10_000, 16_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
