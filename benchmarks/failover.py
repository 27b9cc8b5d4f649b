"""A case that watches two mirrors while one of them dies."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from clients import engine
from servers import make_files, slow_server

if TYPE_CHECKING:
    from pathlib import Path

    from measuring import Bench, Measured

__all__ = ["failover"]

_RATE = 1e6  # bytes a second of a connection
_STEP = 0.25  # seconds


def failover(bench: Bench) -> None:
    """40 MiB from two mirrors of 1 MB/s a connection; one dies when half of it is there."""
    (file,) = make_files(bench.root, "failover", 1, bench.scaled(40 << 20))
    logs = [bench.place() / "log" for _ in range(2)]
    with ExitStack() as stack:
        dying = stack.enter_context(ExitStack())
        bases = [
            where.enter_context(slow_server(bench.root, rate=_RATE, log=log))
            for where, log in zip((dying, stack), logs, strict=True)
        ]
        client = engine(bench, [file], bases, 0)
        died: list[float] = []

        def kill() -> None:
            while not ended.wait(0.02):
                if sum(size for log in logs for _, size in _sent(log)) >= file.size / 2:
                    died.append(time.time())
                    dying.close()
                    return

        ended = threading.Event()
        watcher = threading.Thread(target=kill)
        watcher.start()
        took = client(bench.place())
        ended.set()
        watcher.join()
    _tell(bench, file.size, logs, died, took)


def _sent(log: Path) -> list[tuple[float, int]]:
    """Seconds since the epoch, and bytes, of each write so far."""
    lines = log.read_text().split("\n")[:-1] if log.exists() else []
    return [(float(when), int(size)) for when, size in map(str.split, lines)]


def _tell(bench: Bench, size: int, logs: list[Path], died: list[float], took: Measured) -> None:
    sent = [_sent(log) for log in logs]
    begin = min(when for writes in sent for when, _ in writes)
    steps = int((max(when for writes in sent for when, _ in writes) - begin) / _STEP) + 1
    rates = [[0.0] * steps for _ in sent]
    for row, writes in zip(rates, sent, strict=True):
        for when, count in writes:
            row[int((when - begin) / _STEP)] += count / _STEP
    served = sum(count for writes in sent for _, count in writes)
    bench.found.note(
        size=size, served=served, died=died[0] - begin, step=_STEP, rates=rates, wall=took.wall
    )
    print(
        f"  served {served / size:.3f} x the size; the first mirror died at {died[0] - begin:.1f} s"
    )
