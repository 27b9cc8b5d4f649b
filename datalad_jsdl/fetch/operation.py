"""One thing that an engine is asked to do, which can be stopped without the others."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.transport import Response

__all__ = ["Operation"]

_INTERRUPTED = Fault(FaultKind.INTERRUPTED)


class Operation:
    """A download of files, an export or a check; for all its threads.

    Attributes:
        stop: set once it is to end.
        stopped_for: why files were not asked for, with no URL; None until it is stopped.
        second_chance: those files that fail are asked for once more in the end.
        came: URLs of files of which more came than a web page has, for all parts of them.
        stalled: URLs of a file → since when nothing of it has come (monotonic seconds), for all
            requests that are made for parts of it.
        given_up: mirrors (origins) that were found to be dead.

    Args:
        sleep: waits a number of seconds; None for a sleep that `interrupt` ends.
    """

    def __init__(self, sleep: Callable[[float], object] | None = None) -> None:
        self.stop = threading.Event()
        self.stopped_for: Fault | None = None
        self.second_chance = False
        self.came: set[tuple[str, ...]] = set()
        self.stalled: dict[tuple[str, ...], float] = {}
        self.given_up: set[str] = set()
        self.sleep: Callable[[float], object] = sleep or self.stop.wait
        self._lock = threading.Lock()
        self._responses: set[Response] = set()

    def opened(self, response: Response) -> None:
        """A transfer has begun that `interrupt` is to end."""
        with self._lock:
            self._responses.add(response)
        if self.stop.is_set():  # it was, while the answer was waited for
            response.abort()

    def closed(self, response: Response) -> None:
        """It is over."""
        with self._lock:
            self._responses.discard(response)

    def interrupt(self, reason: Fault = _INTERRUPTED) -> None:
        """End its transfers soon; what has come stays in the part files.

        Args:
            reason: why files are not asked for any more; it has no URL.
        """
        with self._lock:
            if not self.stop.is_set():
                self.stopped_for = reason
            self.stop.set()
            responses = list(self._responses)
        for response in responses:
            response.abort()
