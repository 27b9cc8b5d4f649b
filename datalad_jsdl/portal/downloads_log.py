"""One line of the log an archive, however many ranges it was fetched in."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.portal.logs import PortalLog

__all__ = ["DownloadsLog", "Ended", "Ranges"]

_PAUSE = 30.0  # seconds without a request after which a download has ended


class Ended(Enum):
    """How a download ended."""

    COMPLETE = "complete"
    LEFT = "left"  # a part was fetched, and nothing more is asked for
    SLOW = "client too slow"
    SOURCE = "source failed"
    STOPPED = "portal stopped"  # it was broken off, since the portal had to end


@dataclass(eq=False)
class Ranges:
    """What somebody has fetched of an archive.

    Attributes:
        size: of the archive in bytes.
        sent: bytes of it.
        ended: how the last request did.
    """

    size: int
    sent: int = 0
    ended: Ended = Ended.LEFT
    requests: int = 0
    under_way: int = 0
    begun: float = field(default_factory=time.monotonic)
    last: float = field(default_factory=time.monotonic)
    timer: asyncio.TimerHandle | None = None


class DownloadsLog:
    """Puts ranges together; for the thread of the event loop.

    Args:
        log: where the lines go.
    """

    def __init__(self, log: PortalLog) -> None:
        self._log = log
        self._known: dict[tuple[str, str], Ranges] = {}

    @contextmanager
    def one(self, user: str, order: str, size: int) -> Iterator[Ranges]:
        """While a request for an archive, or for ranges of it, is answered."""
        key = user, order
        found = self._known.setdefault(key, Ranges(size))
        if found.timer is not None:
            found.timer.cancel()
        found.requests += 1
        found.under_way += 1
        try:
            yield found
        finally:
            found.under_way -= 1
            found.last = time.monotonic()
            if not found.under_way:
                if found.sent >= size:
                    found.ended = Ended.COMPLETE
                    self._write(key)
                else:
                    loop = asyncio.get_running_loop()
                    found.timer = loop.call_later(_PAUSE, self._write, key)

    def close(self) -> None:
        """Write what there is: the server ends."""
        for key in tuple(self._known):
            self._write(key)

    def _write(self, key: tuple[str, str]) -> None:
        found = self._known.pop(key, None)
        if found is None:
            return
        if found.timer is not None:
            found.timer.cancel()
        user, order = key
        last = time.monotonic() if found.under_way else found.last
        self._log.event(
            "archive", user, order=order, bytes=found.sent, size=found.size,
            requests=found.requests, seconds=round(last - found.begun, 3),
            ended=found.ended.value,
        )  # fmt: skip
