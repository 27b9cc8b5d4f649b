"""Content → stored deflate blocks (RFC 1951, 3.2.4), in place, from any byte on.

Content is read right into its place between block headers that are there already, and each
buffer leaves with one write.
"""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import fill
from datalad_jsdl.archive.zip.crc32 import crc32
from datalad_jsdl.archive.zip.members import BLOCK, FRAME
from datalad_jsdl.archive.zip.structures import block_header
from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from datalad_jsdl.archive.readers import Check, Reader

__all__ = ["FEW_BLOCKS", "MANY_BLOCKS", "Frames", "content_range"]

#: Blocks in a buffer: of each of many readers at a time, and of one writer, whose threads then
#: hand over less often, and whose file takes each buffer as it is.
FEW_BLOCKS, MANY_BLOCKS = 2, 8

_BUFFERS = 4
_LARGE = 8 << 20  # bytes; from there on a thread of its own to check the content pays
_FULL = block_header(BLOCK, last=False)


def content_range(size: int, start: int, stop: int) -> tuple[int, int]:
    """The content (start, stop) that lies in bytes *start* to *stop* of a member's data."""
    return min(_content_before(start), size), min(_content_before(stop), size)


def _content_before(position: int) -> int:
    block, within = divmod(position, FRAME)
    return BLOCK * block + max(within - 5, 0)


class _Buffer:
    """Room for some blocks, with their headers."""

    def __init__(self, blocks: int) -> None:
        self.whole = memoryview(bytearray(_FULL + bytes(BLOCK)) * blocks)
        self.blocks = blocks
        self.contents = [self.whole[k * FRAME + 5 : (k + 1) * FRAME] for k in range(blocks)]
        self._patched = -1

    def set_last(self, block: int, length: int) -> None:
        """The block is the member's last, and *length* bytes long."""
        self.whole[block * FRAME : block * FRAME + 5] = block_header(length, last=True)
        self._patched = block

    def reset(self) -> None:
        """All blocks are full ones, and none the last."""
        if self._patched >= 0:
            self.whole[self._patched * FRAME : self._patched * FRAME + 5] = _FULL
            self._patched = -1


class Frames:
    """Buffers, used again for one member after the other; for one thread at a time.

    Args:
        blocks: in a buffer.
    """

    def __init__(self, blocks: int = FEW_BLOCKS) -> None:
        self._blocks = blocks
        self._small: list[_Buffer] = []
        self._large: list[_Buffer] = []

    def of(
        self, reader: Reader, size: int, start: int, stop: int
    ) -> Generator[memoryview, None, int | None]:
        """Bytes *start* to *stop* of the data of a member of *size* bytes.

        Args:
            reader: of the content in them, see `content_range`.
            size: of the whole content, in bytes.
            start: first byte.
            stop: after the last.

        Yields:
            Chunks, each valid until the next one is asked for.

        Returns:
            CRC-32 of the content up to *stop*, if the reader knew that of what is before.

        Raises:
            ArchiveError: there is less content than *size* bytes.
        """
        crc = reader.crc
        small = stop - start <= FRAME and start // FRAME == (stop - 1) // FRAME
        threaded = reader.check is not None and stop - start >= _LARGE
        ring = self._one() if small else self._ring(_BUFFERS if threaded else 1)
        with _checking(reader.check, ring, threaded=threaded) as (take, give):
            position = start
            while position < stop:
                buffer = take()
                block = position // FRAME
                views, end = _plan(buffer, size, position, stop)
                wanted = sum(map(len, views))
                if (got := fill(reader, views)) < wanted:
                    at = content_range(size, position, end)[0] + got
                    raise ArchiveError(f"expected {size} bytes, got {at}")
                if crc is not None:
                    for view in views:
                        crc = crc32(view, crc)
                give(buffer, views)
                yield buffer.whole[position - block * FRAME : end - block * FRAME]
                position = end
        return crc

    def _one(self) -> list[_Buffer]:
        if not self._small:
            self._small.append(_Buffer(1))
        return self._small

    def _ring(self, count: int) -> list[_Buffer]:
        while len(self._large) < count:
            self._large.append(_Buffer(self._blocks))
        return self._large[:count]


def _plan(buffer: _Buffer, size: int, position: int, stop: int) -> tuple[list[memoryview], int]:
    """Where in a buffer content goes, and the position after the last byte of its data."""
    block, within = divmod(position, FRAME)
    last = (size - 1) // BLOCK
    count = min(buffer.blocks, last + 1 - block)
    end = min((block + count) * FRAME, stop)
    buffer.reset()
    length = BLOCK
    if block + count > last:
        length = size - last * BLOCK
        buffer.set_last(last - block, length)
        end = min(last * FRAME + 5 + length, stop)
    if not within and length == BLOCK and end == (block + count) * FRAME:
        return buffer.contents[:count], end
    views = []
    for number in range(count):
        first = max(within - 5, 0) if number == 0 else 0
        cut = min(end - (block + number) * FRAME - 5, BLOCK)
        if cut > first:
            views.append(buffer.contents[number][first:cut])
    return views, end


@contextmanager
def _checking(
    check: Check | None, ring: list[_Buffer], *, threaded: bool
) -> Iterator[tuple[Callable[[], _Buffer], Callable[[_Buffer, list[memoryview]], None]]]:
    """How to take a buffer out of the ring, and to have what was read into it checked."""
    if check is None or not threaded:
        buffer = ring[0]

        def update(_: _Buffer, views: list[memoryview]) -> None:
            if check is not None:
                for view in views:
                    check.update(view)

        yield lambda: buffer, update
        return
    free: queue.SimpleQueue[_Buffer] = queue.SimpleQueue()
    full: queue.SimpleQueue[tuple[_Buffer, list[memoryview]] | None] = queue.SimpleQueue()
    for item in ring:
        free.put(item)

    problems: list[Exception] = []

    def work() -> None:
        while (item := full.get()) is not None:
            try:
                for view in item[1]:
                    check.update(view)
            except Exception as error:  # a bug: raised below
                problems.append(error)
            free.put(item[0])

    thread = threading.Thread(target=work, name="check", daemon=True)
    thread.start()
    try:
        yield free.get, lambda buffer, views: full.put((buffer, views))
    finally:
        full.put(None)
        thread.join()
        if problems:
            raise problems[0]
