"""Logs who signs in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from datalad_jsdl.portal.clients import address_of
from datalad_jsdl.portal.limited import counted_as

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.site import Site

__all__ = ["Logged"]

_BACK = "/openid/back"


class Logged:
    """Looks at answers; their bodies go through.

    Args:
        app: whose answers these are.
        site: of the portal.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._note(scope, message)
            await send(message)

        await self._app(scope, receive, noted)

    def _note(self, scope: Scope, start: Message) -> None:
        log, status = self._site.log, start["status"]
        state = scope.get("state", {})
        visitor: Visitor | None = state.get("visitor")
        user = counted_as(visitor, address_of(scope, self._site.trusted)) if visitor else None
        if _signs_in(scope):
            is_in = status == 303 and "set-cookie" in Headers(raw=start["headers"])
            signed: Visitor | None = state.get("signed_in")
            log.event(
                "sign-in" if is_in else "sign-in refused", f"user {signed.user}" if signed else None
            )
        elif scope["path"] == "/sign-out" and scope["method"] == "POST" and status == 303:
            log.event("sign-out", user)


def _signs_in(scope: Scope) -> bool:
    """Whether a request carries what somebody signs in with."""
    path = scope["path"]
    if path == "/":
        return b"token=" in scope["query_string"]
    return bool(path == _BACK or (path == "/sign-in" and scope["method"] == "POST"))
