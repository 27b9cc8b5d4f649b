"""What went wrong, for people: problems become pages where a browser asks."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from datalad_jsdl.errors import JsdlError
from datalad_jsdl.portal.pages.forms import Fields
from datalad_jsdl.portal.pages.turn import Turn, error_page

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from datalad_jsdl.portal.site import Site

__all__ = ["ProblemPages"]

_PROBLEM = "application/problem+json"
_API = "/api/"


class ProblemPages:
    """Turns problems into pages; every other answer goes through as it is, chunk by chunk.

    Args:
        app: whose problems these are.
        site: of the portal.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        if scope["type"] != "http" or not _wants_page(scope):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {}).setdefault("visitor", None)
        begun: Message | None = None
        body = bytearray()

        async def shown(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and _is_problem(message):
                begun = message
                return
            if begun is None:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                start, begun = begun, None
                await self._page(start, bytes(body), scope, receive, send)

        await self._app(scope, receive, shown)

    async def _page(
        self, start: Message, body: bytes, scope: Scope, receive: Receive, send: Send
    ) -> None:
        detail = str(json.loads(body).get("detail", "")) if body else ""
        request = Request(scope, receive)
        turn = Turn(self._site, request, scope["state"]["visitor"], Fields({}), Fields({}))
        status = HTTPStatus(start["status"])
        try:
            page = await error_page(turn, status, detail)
        except JsdlError:  # the store is what fails; then the page does without it
            nobody = Turn(self._site, request, None, Fields({}), Fields({}))
            page = await error_page(nobody, status, detail)
        headers = MutableHeaders(raw=list(start.get("headers", ())))
        headers.update(page.headers)
        await send({**start, "headers": headers.raw})
        is_head = scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if is_head else page.body})


def _wants_page(scope: Scope) -> bool:
    accepted = Headers(scope=scope).get("accept", "")
    return "text/html" in accepted and not scope["path"].startswith(_API)


def _is_problem(start: Message) -> bool:
    return Headers(raw=list(start.get("headers", ()))).get("content-type", "") == _PROBLEM
