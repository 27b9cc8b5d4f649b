"""What was refused, in the log: the first of each kind at once, then a number now and then.

A line has no address, which may be a link that needs no login, and nothing that was sent.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

__all__ = ["REFUSALS", "Refusals"]

lgr = logging.getLogger(LOGGER)

_EVERY = 60.0  # seconds between two lines of one kind
_MOST = 1000  # kinds


@dataclass
class _Kind:
    told_on: float
    more: int = 0


@dataclass
class Refusals:
    """Tells the log; for the thread of the event loop.

    Attributes:
        ticks: seconds, of this process.
    """

    ticks: Callable[[], float] = time.monotonic
    _kinds: dict[tuple[str, str], _Kind] = field(default_factory=dict)

    def tell(self, what: str, client: str) -> None:
        """Something was refused.

        Args:
            what: one of few texts.
            client: address that it came from.
        """
        now = self.ticks()
        if (what, client) not in self._kinds and len(self._kinds) >= _MOST:
            self._kinds = {
                key: kind for key, kind in self._kinds.items() if now - kind.told_on < _EVERY
            }
            client = client if len(self._kinds) < _MOST else "others"
        kind = self._kinds.get((what, client))
        if kind is not None and now - kind.told_on < _EVERY:
            kind.more += 1
            return
        again = f", and {kind.more} times more since the last line" if kind and kind.more else ""
        self._kinds[what, client] = _Kind(now)
        lgr.info("refused: %s, from %s%s", what, client or "nobody", again)

    def answer(self, scope: Scope, status: str) -> None:
        """A request was answered; those that were refused are told."""
        if not status.startswith("4"):
            return
        route = getattr(scope.get("route"), "path", "") or "what is nowhere"
        method = scope["method"] if scope["method"].isalpha() else "a method"
        client = (scope.get("client") or ("", 0))[0]
        visitor = scope.get("state", {}).get("visitor")
        who = f" for {visitor.user!r}" if visitor is not None else ""
        self.tell(f"{method[:10]} {route} with {status}{who}", client)


#: Of this process: its connections know of no site.
REFUSALS = Refusals()
