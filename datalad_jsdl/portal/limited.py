"""Refuses who asks too often, and knows whom that is: a user, or an address."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from datalad_jsdl.portal.clients import address_of
from datalad_jsdl.portal.problems import ProblemError, send_problem
from datalad_jsdl.portal.rates import Kind, kind_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.rates import Rates
    from datalad_jsdl.portal.site import Site

__all__ = ["Limited", "counted_as", "too_often"]

_MISSING = frozenset({404, 410})


class Limited:
    """Answers 429 where somebody has asked too often.

    Args:
        app: behind it.
        site: of the portal.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        rates = self._site.rates
        kind = None
        if rates is not None and scope["type"] == "http":
            kind = kind_of(scope["method"], scope["path"], scope["query_string"])
        if rates is None or kind is None:
            await self._app(scope, receive, send)
            return
        address = address_of(scope, self._site.trusted)
        visitor = scope["state"]["visitor"]
        is_for_anybody = kind in (Kind.LINK, Kind.SIGN_IN)
        who = f"at {address}" if is_for_anybody else counted_as(visitor, address)
        wait = await self._wait(rates, kind, who, count=kind is not Kind.LINK)
        if wait:
            is_head = scope["method"] == "HEAD"
            await send_problem(too_often(wait).problem, send, is_head=is_head)
            return
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, noted)
        if kind is Kind.LINK and status in _MISSING:
            await self._wait(rates, kind, who, count=True)

    async def _wait(self, rates: Rates, kind: Kind, who: str, *, count: bool) -> int:
        if rates.is_remote:
            return await self._site.run(rates.wait, kind, who, count=count)
        return rates.wait(kind, who, count=count)


def too_often(wait: int) -> ProblemError:
    """That somebody has to wait so many seconds."""
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"this was asked for too often; try again in {wait} s",
        {"retry-after": str(wait)},
    )


def counted_as(visitor: Visitor | None, address: str) -> str:
    """Whom requests and downloads are counted for: who is not signed in can be many users."""
    is_nobody = visitor is None or visitor.is_anonymous
    return f"at {address}" if visitor is None or is_nobody else f"user {visitor.user}"
