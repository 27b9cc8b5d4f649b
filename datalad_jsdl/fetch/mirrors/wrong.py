"""Mirrors that gave wrong content, of files that others had right: somebody should be told."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.model.urls import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["WrongContent", "is_wrong"]

_WRONG = frozenset({FaultKind.SIZE, FaultKind.LONGER, FaultKind.CONTENT, FaultKind.SUPPLANTED})


def is_wrong(fault: Fault) -> bool:
    """Whether a URL gave a whole content that is not the one of the manifest."""
    return fault.kind in _WRONG and not fault.by_mirror and fault.cause is None


class WrongContent:
    """Origin → number of its URLs that gave wrong content in this run; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._urls: set[str] = set()
        self._counts: dict[str, int] = {}

    def add(self, faults: Iterable[Fault]) -> None:
        """Take in the faults of a file that came from another URL."""
        for fault in faults:
            if fault.url and is_wrong(fault):
                with self._lock:
                    if fault.url not in self._urls:
                        self._urls.add(fault.url)
                        origin = origin_of(fault.url)
                        self._counts[origin] = self._counts.get(origin, 0) + 1

    def counts(self) -> dict[str, int]:
        """Until now."""
        with self._lock:
            return dict(self._counts)
