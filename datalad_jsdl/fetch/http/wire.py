"""HTTP/1.1 on the wire: requests go out as their URL was given, answers are read to their end.

urllib3 and http.client do the work. Three things are ours: the target of a request is not
rewritten; interim answers are read over (RFC 9110, section 15.2); and a connection is used
again only if nothing follows the end of an answer (RFC 9112, section 9.3).
"""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import contextmanager, suppress
from http.client import HTTPResponse, RemoteDisconnected
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from datalad_jsdl.fetch.http.heads import (
    HeadError,
    body_length,
    chunk_size,
    end_chunk,
    make_message,
    read_fields,
    read_status,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PlainConnection", "PlainPool", "TlsConnection", "TlsPool", "asking"]

_HEAD_LIMITS = 3  # times the limit of seconds without data: what a head may take to come
_INTERIM_SECONDS = 600.0  # of nothing but interim answers
_EMPTY_LINES = 8  # before a status line; some servers send one after a body

_asked = threading.local()


@contextmanager
def asking(target: str) -> Iterator[None]:
    """Requests of this thread ask for *target*, byte for byte, whatever their URL is.

    urllib3 rewrites the escapes of URLs. A server that compares or signs them then has
    another resource, or none.

    Args:
        target: ASCII without white space (RFC 9112, section 3.2).
    """
    _asked.target = target
    try:
        yield
    finally:
        _asked.target = None


class _Source(io.RawIOBase):
    """The bytes of a connection, up to a moment.

    Attributes:
        until: monotonic seconds; later reads fail. None for no limit.
        over: there is nothing more, whatever the connection has.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self.until: float | None = None
        self.over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self.over:
            return 0
        if self.until is not None and time.monotonic() > self.until:
            raise TimeoutError("the response headers do not end")
        return self._raw.readinto(buffer)

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._raw.close()


class _Answer(HTTPResponse):
    """An answer of HTTP/1.x. Its methods are those of http.client, which urllib3 calls."""

    def __init__(
        self,
        sock: socket.socket,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self._connection = sock
        self._head_seconds = _HEAD_LIMITS * (sock.gettimeout() or _INTERIM_SECONDS)
        self._source = _Source(self.fp.detach())
        self.fp = io.BufferedReader(self._source)

    def begin(self) -> None:
        """Read the head of the final answer."""
        if self.headers is not None:  # as begun already
            return
        later, status, reason = self._final_status()
        fields = self._fields()
        self.code = self.status = status
        self.reason = reason
        self.version = 11 if later else 10
        self.chunked, self.length = body_length(fields)
        self.chunk_left = None
        self.headers = self.msg = make_message(fields, self.chunked, self.length)
        if status in (204, 304) or self._method == "HEAD":
            self.chunked, self.length = False, 0
        endless = not self.chunked and self.length is None
        framed_twice = self.chunked and any(f[0].lower() == "content-length" for f in fields)
        self.will_close = endless or framed_twice or not self._is_kept()

    def _is_kept(self) -> bool:
        """Whether the server keeps the connection (RFC 9112, section 9.3)."""
        words = ",".join(self.headers.get_all("Connection", [])).lower().split(",")
        options = {word.strip() for word in words}
        if "close" in options:
            return False
        old = "keep-alive" in options or "Keep-Alive" in self.headers
        return self.version == 11 or old

    def _read_status(self) -> tuple[str, int, str]:
        """For urllib3, which asks proxies for tunnels itself."""
        later, status, reason = self._final_status()
        return "HTTP/1.1" if later else "HTTP/1.0", status, reason

    def _final_status(self) -> tuple[bool, int, str]:
        """The first status that is not of an interim answer; those are read over.

        101 as well, though nobody asked for another protocol: if the server spoke one,
        what follows would not be read as a head.
        """
        over = time.monotonic() + _INTERIM_SECONDS
        while time.monotonic() < over:
            later, status, reason = self._status()
            if status >= 200:
                return later, status, reason
            self._fields()
        raise HeadError("the server sends only interim responses")

    def _status(self) -> tuple[bool, int, str]:
        for _ in range(_EMPTY_LINES):
            if not self.fp.peek(1):
                raise RemoteDisconnected("closed before there was a response")
            # it has begun: so it is to come to an end
            self._source.until = time.monotonic() + self._head_seconds
            if self.fp.peek(1)[:1] not in (b"\r", b"\n"):
                break
            self.fp.readline(2)
        return read_status(self.fp.readline)

    def _fields(self) -> list[tuple[str, str]]:
        try:
            return read_fields(self.fp.readline)
        finally:
            self._source.until = None

    def _get_chunk_left(self) -> int | None:
        """Bytes left of this chunk or, where it is at its end, of the next; None at the end."""
        if self.chunk_left:
            return self.chunk_left
        self._source.until = time.monotonic() + self._head_seconds
        if self.chunk_left is not None:
            end_chunk(self.fp.readline)
        self.chunk_left = chunk_size(self.fp.readline)
        if not self.chunk_left:
            self._pass_trailer()
            self._close_conn()
            self.chunk_left = None
        self._source.until = None
        return self.chunk_left

    def _pass_trailer(self) -> None:
        if self.fp.peek(1):  # some close the connection here
            read_fields(self.fp.readline)

    def _close_conn(self) -> None:
        """The answer is over: what else has come is not the beginning of the next."""
        reader, self.fp = self.fp, None  # type: ignore[assignment]  # http.client sets None, too
        self._source.over = True
        if not reader.closed and reader.peek(1):
            with suppress(OSError):  # the other side has gone already
                self._connection.shutdown(socket.SHUT_RDWR)
        reader.close()


class PlainConnection(HTTPConnection):
    """A connection without TLS."""

    response_class = _Answer

    def request(self, method: str, url: str, *args: Any, **options: Any) -> None:
        """See urllib3; the URL is that of `asking`."""
        super().request(method, getattr(_asked, "target", None) or url, *args, **options)


class TlsConnection(HTTPSConnection):
    """A connection with TLS."""

    response_class = _Answer

    def request(self, method: str, url: str, *args: Any, **options: Any) -> None:
        """See urllib3; the URL is that of `asking`."""
        super().request(method, getattr(_asked, "target", None) or url, *args, **options)


class PlainPool(HTTPConnectionPool):
    """Connections without TLS to one server."""

    ConnectionCls = PlainConnection


class TlsPool(HTTPSConnectionPool):
    """Connections with TLS to one server."""

    ConnectionCls = TlsConnection
