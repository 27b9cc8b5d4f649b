"""Bytes on their way to clients: read by threads, one chunk ahead, and sent as they are taken."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.types import Receive, Send

__all__ = ["Progress", "SlowReaderError", "gathered", "read_ahead", "send_all"]

_CHUNK = 128 << 10  # bytes; smaller ones are put together
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


async def read_ahead(chunks: Iterator[bytes], threads: ThreadPoolExecutor) -> AsyncIterator[bytes]:
    """What an iterator yields, the next one always being made already.

    An iterator that has `close` is closed, also where its last chunk is still on its way.

    Args:
        chunks: made by threads, one after the other.
        threads: each that makes a chunk is taken until the chunk is there: there should be one
            for each stream that may wait for a mirror.
    """
    loop = asyncio.get_running_loop()
    coming = loop.run_in_executor(threads, next, chunks, None)
    try:
        while (chunk := await coming) is not None:
            coming = loop.run_in_executor(threads, next, chunks, None)
            yield chunk
            del chunk
    finally:
        if close := getattr(chunks, "close", None):
            coming.add_done_callback(lambda made: _close(made, close, threads))


def _close(
    made: asyncio.Future[bytes | None], close: Callable[[], object], threads: ThreadPoolExecutor
) -> None:
    if not made.cancelled():
        made.exception()  # somebody has to look at it
    threads.submit(close)


async def send_all(
    chunks: AsyncIterator[bytes], send: Send, receive: Receive, progress: Progress
) -> bool:
    """Send chunks to a client for as long as it takes them.

    Args:
        chunks: of the body, whose length the client was told.
        send: of ASGI.
        receive: of ASGI; the request was read to its end.
        progress: told of each chunk that was handed over.

    Returns:
        False if the client has gone.

    Raises:
        SlowReaderError: it takes less than 16 KiB a minute.
    """
    gone = asyncio.ensure_future(_gone(receive))
    try:
        async for chunk in chunks:
            for start in range(0, len(chunk), _CHUNK):
                part = chunk if len(chunk) <= _CHUNK else chunk[start : start + _CHUNK]
                message = {"type": "http.response.body", "body": part, "more_body": True}
                patience = _WITHIN * max(len(part), _LEAST) / _LEAST
                try:
                    await asyncio.wait_for(send(message), patience)
                except TimeoutError:
                    raise SlowReaderError from None
                if gone.done():
                    return False
                progress(len(part))
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return True
    finally:
        gone.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
