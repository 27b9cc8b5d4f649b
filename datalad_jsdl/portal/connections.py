"""Connections that can be reset, and wait for nobody for ever: for no head, and for no reader.

A server in Python has one loop for all: connections that only wait cost little, but they must
not wait without end.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from datalad_jsdl.portal.refusals import REFUSALS

if TYPE_CHECKING:
    from starlette.types import Scope

__all__ = ["Connection", "Protocol"]

_NAME = "jsdl.connection"
_LARGEST_HEAD = 64 << 10  # bytes
_HEAD_WITHIN = 15.0  # seconds that a client has for the head of a request
_LEAST = 16 << 10  # bytes that a client has to take of what waits for it
_TAKEN_WITHIN = 90.0  # seconds for that; an archive's own patience ends before
_NO_LINGER = struct.pack("ii", 1, 0)  # on, for no second


@dataclass(frozen=True)
class Connection:
    """What a request came by.

    Attributes:
        reset: ends it in a way that no client takes for an end in order.
        unsent: how many bytes of an answer wait for the client.
        is_closing: whether the client has gone, or will be left.
    """

    reset: Callable[[], object]
    unsent: Callable[[], int]
    is_closing: Callable[[], bool] = lambda: False

    @classmethod
    def of(cls, scope: Scope) -> Connection:
        """The one of a request; under another server, one that can do less."""
        found: Connection | None = scope.get("extensions", {}).get(_NAME, {}).get("of")
        return found or cls(_break_off, lambda: 0)


class Protocol(HttpToolsProtocol):
    """A connection as uvicorn has it, which tells requests of itself."""

    _late: Any = None
    _unread: Any = None  # the next look whether the client takes what waits for it
    _head = 0  # bytes of the request's head

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._head_came()
        self._was_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`; more waits for the client than is good."""
        super().pause_writing()
        self._expect_reader()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._was_read()
        super().resume_writing()
        self._expect_end()

    def on_response_complete(self) -> None:
        """See `HttpToolsProtocol`."""
        super().on_response_complete()
        self._expect_end()

    def on_message_begin(self) -> None:
        """See `httptools`."""
        super().on_message_begin()
        if not self.flow.write_paused:
            self._was_read()
        self._expect_head()
        self._head = 0
        transport = self.transport
        own = Connection(self._reset, transport.get_write_buffer_size, transport.is_closing)
        self.scope["extensions"] = {_NAME: {"of": own}}

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`; what comes without a request that is answered is a head."""
        super().data_received(data)
        is_idle = self.cycle is None or self.cycle.response_complete
        if is_idle and self._late is None and not self.transport.is_closing():
            self._expect_head()

    def on_url(self, url: bytes) -> None:
        """See `httptools`."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """See `httptools`; it is called for trailers, too."""
        super().on_header(name, value)
        self._count(len(name) + len(value))

    def break_off(self) -> bool:
        """Leave a client for which only the rest of an answer waits; whether there is one.

        No task is there then, which could be cancelled.
        """
        is_complete = self.cycle is None or self.cycle.response_complete
        has_rest = is_complete and self.transport.get_write_buffer_size() > 0
        if has_rest:
            self._reset()
        return has_rest

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > _LARGEST_HEAD:
            self._refuse("a head that is too large")

    def on_headers_complete(self) -> None:
        """See `httptools`."""
        self._head_came()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head_came()
        what = "a head that does not come"
        self._late = self.loop.call_later(_HEAD_WITHIN, self._refuse, what)

    def _head_came(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _expect_end(self) -> None:
        """What is left of an answer has to be taken, too: before that no connection ends."""
        is_complete = self.cycle is not None and self.cycle.response_complete
        if is_complete and self.transport.get_write_buffer_size():
            self._expect_reader()

    def _expect_reader(self) -> None:
        self._was_read()
        before = self.transport.get_write_buffer_size()

        def look() -> None:
            self._unread = None
            now = self.transport.get_write_buffer_size()
            if now and before - now < min(_LEAST, before):
                # what was sent of the answer must not look like all of it
                self._refuse("a client that takes next to nothing", self._reset)
            elif now:
                self._expect_reader()

        self._unread = self.loop.call_later(_TAKEN_WITHIN, look)

    def _was_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _refuse(self, what: str, end: Callable[[], object] | None = None) -> None:
        REFUSALS.tell(what, self.client[0] if self.client else "")
        (end or self.transport.abort)()

    def _reset(self) -> None:
        own = self.transport.get_extra_info("socket")
        if own is not None and own.fileno() >= 0:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(own.fileno())) as same:
                same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()


def _break_off() -> None:
    raise ConnectionAbortedError("the answer was broken off")
