"""A server of files that delays each answer, or limits the rate of each connection.

::

    python benchmarks/slow.py FOLDER PORT DELAY RATE [LOG]

Seconds, and bytes per second (0 is no limit). The log gets a line for each write: seconds since
the epoch, bytes. GET with one range, on kept connections:
just what the benchmarks need. The rate is even: unlike nginx's ``limit_rate`` it gives no
second's worth of bytes in advance, which many short requests would profit from.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

_STEP = 0.02  # seconds' worth of bytes that are sent at once
_LATE = 0.1  # seconds that may be made up for
_BLOCK = 256 << 10  # bytes
_RANGE = re.compile(rb"\r\nrange: bytes=(\d*)-(\d*)\r\n", re.IGNORECASE)


@dataclass
class Server:
    """What is served, and how slowly."""

    root: Path
    delay: float
    rate: float
    log: TextIO | None

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        pace = _Pace(self.rate)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._answer(request, writer, pace)
        writer.close()

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter, pace: _Pace) -> None:
        name = request.split(b" ", 2)[1].decode().partition("?")[0]
        path = self.root / name.lstrip("/")
        if not path.is_file():
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        size = path.stat().st_size
        start, end, status, more = 0, size, b"200 OK", b""
        if found := _RANGE.search(request):
            start = int(found[1]) if found[1] else max(0, size - int(found[2]))
            end = min(int(found[2]) + 1, size) if found[1] and found[2] else size
            status = b"206 Partial Content"
            more = b"Content-Range: bytes %d-%d/%d\r\n" % (start, end - 1, size)
        writer.write(
            b"HTTP/1.1 %s\r\nContent-Length: %d\r\nAccept-Ranges: bytes\r\n"
            b"Access-Control-Allow-Origin: *\r\n%s\r\n" % (status, end - start, more)
        )
        with path.open("rb") as file:
            file.seek(start)
            while start < end:
                chunk = file.read(min(pace.block, end - start))
                start += len(chunk)
                writer.write(chunk)
                await writer.drain()
                if self.log:
                    print(time.time(), len(chunk), file=self.log, flush=True)
                await pace.wait(len(chunk))


class _Pace:
    """Of one connection, over all its requests."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free_at = 0.0
        self.block = max(1024, int(rate * _STEP)) if rate else _BLOCK

    async def wait(self, count: int) -> None:
        if self._rate:
            now = asyncio.get_running_loop().time()
            self._free_at = max(self._free_at, now - _LATE) + count / self._rate
            if self._free_at > now:
                await asyncio.sleep(self._free_at - now)


async def main() -> None:
    root, port, delay, rate, *log = sys.argv[1:]
    with open(log[0], "w") if log else contextlib.nullcontext() as file:
        server = Server(Path(root), float(delay), float(rate), file)
        listening = await asyncio.start_server(server.connected, "127.0.0.1", int(port))
        async with listening:
            await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
