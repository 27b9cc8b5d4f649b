"""What was refused, in the log: the first of each kind at once, then a number now and then.

A line has no address, which may be a link that needs no login, and nothing that was sent.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.portal.clients import address_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from datalad_jsdl.portal.accounts.proxy import Network
    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.logs import PortalLog

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
        log: of a portal, where it has one of its own.
    """

    ticks: Callable[[], float] = time.monotonic
    log: PortalLog | None = None
    _kinds: dict[tuple[str, str], _Kind] = field(default_factory=dict)

    def tell(self, what: str, client: str, user: str | None = None, **fields: object) -> None:
        """Something was refused.

        Args:
            what: one of few texts.
            client: address that it came from.
            user: who is known to have asked, in clear.
            fields: the same as *what*, for a portal's own log.
        """
        now = self.ticks()
        what += f" for {user!r}" if user is not None else ""
        if (what, client) not in self._kinds and len(self._kinds) >= _MOST:
            self._kinds = {
                key: kind for key, kind in self._kinds.items() if now - kind.told_on < _EVERY
            }
            client = client if len(self._kinds) < _MOST else "others"
        kind = self._kinds.get((what, client))
        if kind is not None and now - kind.told_on < _EVERY:
            kind.more += 1
            return
        more = kind.more if kind else 0
        self._kinds[what, client] = _Kind(now)
        if self.log is not None:
            also: dict[str, object] = {"client": client, **({"more": more} if more else {})}
            # as other lines have who is signed in: one user has one pseudonym
            who = None if user is None else f"user {user}"
            self.log.event("refused", who, **(fields or {"what": what}), **also)
            return
        again = f", and {more} times more since the last line" if more else ""
        lgr.info("refused: %s, from %s%s", what, client or "nobody", again)

    def answer(self, scope: Scope, status: str, trusted: tuple[Network, ...] = ()) -> None:
        """A request was answered; those that were refused are told.

        Args:
            scope: of ASGI.
            status: of HTTP.
            trusted: proxies, which say where requests are from.
        """
        if not status.startswith("4"):
            return
        route = getattr(scope.get("route"), "path", "")
        if not route:  # the gate refuses requests before their address is looked at
            route = "no such address" if status == "404" else "any address"
        method = scope["method"] if scope["method"].isalpha() else "a method"
        client = address_of(scope, trusted)
        visitor: Visitor | None = scope.get("state", {}).get("visitor")
        # who is not signed in may be somebody new with each request
        user = None if visitor is None or visitor.is_anonymous else visitor.user
        text = f"{method[:10]} {route} with {status}"
        fields = {"status": int(status), "method": method[:10], "route": route}
        self.tell(text, client, user, **fields)


#: Of this process: its connections know of no site.
REFUSALS = Refusals()
