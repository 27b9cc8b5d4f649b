"""Clients that read slowly, all at once, until they are told to end.

::

    python benchmarks/slow_readers.py COUNT RATE URL TOKEN-FILE

Each asks for the archive from another byte of its first half on, and takes RATE bytes a second.
Prints the seconds after which all had their first bytes, and in the end, once its input is closed,
a JSON object: the bytes that the slowest and the fastest of them got, how many were broken off,
and the seconds.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_STEP = 0.1  # seconds between two reads
_SIZE = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass
class _Readers:
    """All of them; *got* has the bytes of each, *broken* who was broken off."""

    host: str
    port: int
    head: bytes
    rate: int
    got: dict[int, int]
    broken: set[int]
    end: asyncio.Event

    async def size(self) -> int:
        """Of the archive, in bytes."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(b"HEAD" + self.head + b"Connection: close\r\n\r\n")
        found = _SIZE.search(await reader.read())
        writer.close()
        if not found:
            raise SystemExit("the archive is not there")
        return int(found[1])

    async def read(self, number: int, start: int) -> None:
        """Read from a byte on, as slowly as it should be."""
        step = int(self.rate * _STEP)
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=8192)
        writer.write(b"GET" + self.head + b"Range: bytes=%d-\r\n\r\n" % start)
        begun = 0.0
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 206 " not in head.partition(b"\r\n")[0]:
                raise ConnectionError("it is no range")
            while not self.end.is_set():
                data = await reader.read(step)
                if not data:
                    raise ConnectionError("it ended")
                begun = begun or time.monotonic()
                self.got[number] += len(data)
                late = begun + self.got[number] / self.rate - time.monotonic()
                await asyncio.sleep(max(0, late))
        except (ConnectionError, EOFError) as error:
            sys.stderr.write(f"{number} {self.got[number]} {error!r}\n")
            self.broken.add(number)
        writer.transport.abort()


async def main() -> None:
    count, rate, url, token = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    parts = urlsplit(url)
    secret = token.read_text().strip()
    head = f" {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {secret}\r\n"
    host, port = parts.hostname or "", parts.port or 80
    numbers = range(count)
    got = dict.fromkeys(numbers, 0)
    readers = _Readers(host, port, head.encode(), rate, got, set(), asyncio.Event())
    size = await readers.size()
    begun = time.monotonic()
    tasks = [asyncio.create_task(readers.read(n, size * n // count // 2)) for n in numbers]
    while not all(got[n] or n in readers.broken for n in numbers):
        await asyncio.sleep(0.05)
    print(f"{time.monotonic() - begun:.2f}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    seconds = time.monotonic() - begun
    readers.end.set()
    await asyncio.gather(*tasks)
    found = {"least": min(got.values()), "most": max(got.values()), "seconds": seconds}
    print(json.dumps({**found, "broken": len(readers.broken)}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
