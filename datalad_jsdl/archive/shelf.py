"""Verified pieces that several readers want: each comes from the mirrors once."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakValueDictionary

from datalad_jsdl.archive.spill import Held
from datalad_jsdl.faults import Failed, FaultKind

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from datalad_jsdl.model.content import Fetched

Outcome = tuple["Fetched | Failed", "bytearray | Held"]

__all__ = ["Outcome", "PieceShelf"]

_KEPT = 16  # pieces that nobody reads


@dataclass(eq=False)
class _Flight:
    """A piece that is on its way; the outcome is None if whoever fetched it has ended."""

    arrived: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome | None = None


class PieceShelf:
    """Pieces in files, as long as anybody reads them, and the last ones a little longer.

    What it is asked for by the same key has to be the same bytes. For any thread.

    Args:
        kept: pieces that are kept although nobody reads them.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._lock = threading.Lock()
        self._flights: dict[Hashable, _Flight] = {}
        self._pieces: WeakValueDictionary[Hashable, Held] = WeakValueDictionary()
        self._fetched: WeakKeyDictionary[Held, Fetched] = WeakKeyDictionary()
        self._last: deque[Held] = deque(maxlen=kept)

    def get(self, key: Hashable, fetch: Callable[[], Outcome]) -> Outcome:
        """A piece that is here, on its way, or fetched now.

        Of several who want it, one fetches it, and the others wait. If no mirror has it, that is
        so for all of them; if the one who fetched it has ended, another one does it.

        Args:
            key: stands for the bytes.
            fetch: from the mirrors.
        """
        while True:
            with self._lock:
                if (piece := self._pieces.get(key)) is not None:
                    return self._fetched[piece], piece
                is_mine = key not in self._flights
                flight = self._flights.setdefault(key, _Flight())
            if is_mine:
                return self._fly(key, flight, fetch)
            flight.arrived.wait()
            if flight.outcome is not None:
                return flight.outcome

    def _fly(self, key: Hashable, flight: _Flight, fetch: Callable[[], Outcome]) -> Outcome:
        try:
            outcome = fetch()
            if not _is_interrupted(outcome[0]):
                flight.outcome = outcome
            return outcome
        finally:
            with self._lock:
                del self._flights[key]
                if flight.outcome is not None:
                    self._keep(key, *flight.outcome)
            flight.arrived.set()

    def _keep(self, key: Hashable, fetched: Fetched | Failed, piece: bytearray | Held) -> None:
        if isinstance(piece, Held) and not isinstance(fetched, Failed):
            self._pieces[key] = piece
            self._fetched[piece] = fetched
            self._last.append(piece)


def _is_interrupted(outcome: Fetched | Failed) -> bool:
    """Whether it says nothing of the mirrors: the reader for whom it was fetched has gone."""
    if not isinstance(outcome, Failed):
        return False
    return any(fault.kind is FaultKind.INTERRUPTED for fault in outcome.faults)
