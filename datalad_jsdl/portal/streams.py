"""Bytes on their way to clients: read by threads, one chunk ahead, and sent as they are taken."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.types import Receive, Send

    from datalad_jsdl.portal.connections import Connection

__all__ = ["Pace", "Progress", "SlowReaderError", "gathered", "gone", "read_ahead", "send_all"]

_CHUNK = 128 << 10  # bytes; smaller ones are put together
_AT_ONCE = 8  # chunks that are made at a time for a client that is fast
_SOON = 0.05  # seconds in which such a client takes them
_BUFFERED = 16 << 20  # bytes
_LEAST = 16 << 10  # bytes that a client has to take
_WITHIN = 60.0  # seconds for that


class SlowReaderError(Exception):
    """A client takes next to nothing."""


class Progress(Protocol):
    """Is told how many bytes were handed over."""

    def __call__(self, size: int, /) -> object:
        """So many more."""


def gathered(chunks: Iterator[bytes], size: int = _CHUNK) -> Iterator[bytes]:
    """Chunks of about *size* bytes or more: archives of small files come in crumbs."""
    waiting: list[bytes] = []
    held = 0
    for chunk in chunks:
        if not waiting and len(chunk) >= size:
            yield chunk
            continue
        waiting.append(chunk)
        held += len(chunk)
        del chunk
        if held >= size:
            yield b"".join(waiting)
            waiting.clear()
            held = 0
    if waiting:
        yield b"".join(waiting)


class Pace:
    """How many chunks to make at a time: more for a client that takes them as they come.

    Attributes:
        chunks: that many.
    """

    def __init__(self) -> None:
        self.chunks = 1
        self._taken = 0  # bytes that were taken as they came

    def took(self, size: int, seconds: float) -> None:
        """So long it took to hand over so many bytes."""
        self._taken = self._taken + size if seconds < _SOON else 0
        # until then they may all be waiting in buffers of the system
        self.chunks = _AT_ONCE if self._taken > _BUFFERED else 1


async def read_ahead(
    chunks: Iterator[bytes], threads: ThreadPoolExecutor, pace: Pace
) -> AsyncIterator[bytes]:
    """What an iterator yields, the next being made already.

    An iterator that has `close` is closed, also where its last chunk is still on its way.

    Args:
        chunks: made by threads, one after the other.
        threads: each that makes a chunk is taken until the chunk is there: there should be one
            for each stream that may wait for a mirror.
        pace: how many at a time.
    """
    loop = asyncio.get_running_loop()

    def start() -> asyncio.Future[bytes]:
        return loop.run_in_executor(threads, _next, chunks, pace.chunks)

    coming = start()
    try:
        while made := await coming:
            coming = start()
            yield made
            del made
    finally:
        if close := getattr(chunks, "close", None):
            coming.add_done_callback(lambda made: _close(made, close, threads))


def _next(chunks: Iterator[bytes], count: int) -> bytes:
    """So many of them as one: handing each over alone takes longer than to copy it."""
    return b"".join(islice(chunks, count))


def _close(
    made: asyncio.Future[bytes], close: Callable[[], object], threads: ThreadPoolExecutor
) -> None:
    if not made.cancelled():
        made.exception()  # somebody has to look at it
    threads.submit(close)


async def send_all(
    chunks: AsyncIterator[bytes],
    pace: Pace,
    send: Send,
    receive: Receive,
    progress: Progress,
    connection: Connection,
) -> bool:
    """Send chunks to a client for as long as it takes them.

    Args:
        chunks: of the body, whose length the client was told.
        pace: told how fast they are taken.
        send: of ASGI.
        receive: of ASGI; the request was read to its end.
        progress: told of each chunk that was handed over.
        connection: that they go by.

    Returns:
        False if the client has gone.

    Raises:
        SlowReaderError: it takes less than 16 KiB a minute.
    """
    left = asyncio.ensure_future(gone(receive))
    handed = 0
    with _patience(lambda: handed - connection.unsent(), connection.unsent):
        try:
            async for chunk in chunks:
                begun = time.monotonic()
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                handed += len(chunk)
                if left.done() or connection.is_closing():
                    return False
                progress(len(chunk))
                pace.took(len(chunk), time.monotonic() - begun)
                del chunk
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return True
        finally:
            left.cancel()


@contextmanager
def _patience(taken: Callable[[], int], unsent: Callable[[], int]) -> Iterator[None]:
    """End the task that is inside with SlowReaderError when next to nothing is taken.

    As long as there is nothing to take, the client is not to blame.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    before, is_slow = 0, False
    timer: asyncio.TimerHandle

    def look() -> None:
        nonlocal before, is_slow, timer
        now = taken()
        if now - before < _LEAST and unsent() and task is not None:
            is_slow = True
            task.cancel()
            return
        before = now
        timer = loop.call_later(_WITHIN, look)

    timer = loop.call_later(_WITHIN, look)
    try:
        yield
    except asyncio.CancelledError:
        if is_slow:
            raise SlowReaderError from None
        raise
    finally:
        timer.cancel()


async def gone(receive: Receive) -> None:
    """Wait until the client has gone; the request was read to its end."""
    while (await receive())["type"] != "http.disconnect":
        pass
