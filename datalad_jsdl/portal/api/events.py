"""An order's state as it changes, for who watches it: server-sent events."""

from __future__ import annotations

import asyncio
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers

from datalad_jsdl.errors import StoreError
from datalad_jsdl.portal.access import own_order, required_visitor
from datalad_jsdl.portal.api.values import state_object
from datalad_jsdl.portal.order_actions import Phase, order_state
from datalad_jsdl.portal.problems import (
    ProblemError,
    problem_of,
    require_reading,
    send_problem,
)
from datalad_jsdl.portal.streams import gone

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from datalad_jsdl.orders.model import OrderSummary
    from datalad_jsdl.portal.site import Site

__all__ = ["Events"]

_LOOK = 1.0  # seconds from one look at the row to the next: it is not written more often
_PING = 15.0  # seconds without an event, after which a line that means nothing is sent
_RETRY = 3000  # milliseconds until a client connects again
_ENDS = (Phase.READY, Phase.FAILED, Phase.CANCELLED)
_START = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
}


class Events:
    """Streams an order's state: an event for each change, until the preparation has ended.

    Its data are the object ``OrderState``, its id is the version of the job's row. A client that
    knows the end already is told that there is nothing more (204), and so does not ask again.

    Args:
        site: of the portal.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        is_head = scope["method"] == "HEAD"
        try:
            require_reading(scope, "events")
            visitor = required_visitor(scope)
            summary = await own_order(self._site, visitor, scope["path_params"]["order"])
            state, is_end = await self._state(summary)
        except ProblemError as error:
            await send_problem(error.problem, send, is_head=is_head)
            return
        except StoreError as error:
            await send_problem(problem_of(error), send, is_head=is_head)
            return
        last = Headers(scope=scope).get("last-event-id")
        if is_head or (is_end and last == _version(state)):
            await send(_head(HTTPStatus.OK if is_head else HTTPStatus.NO_CONTENT))
            await send({"type": "http.response.body", "body": b""})
            return
        await send(_head(HTTPStatus.OK))
        left = asyncio.ensure_future(gone(receive))
        try:
            await self._stream(summary, left, send)
        finally:
            left.cancel()

    async def _stream(self, summary: OrderSummary, left: asyncio.Future[None], send: Send) -> None:
        await send(_chunk(f"retry: {_RETRY}\n\n"))
        before, said_on = "", time.monotonic()
        while not (left.done() or self._site.is_ending):
            try:
                state, is_end = await self._state(summary)
            except (ProblemError, StoreError):
                break  # the client connects again
            told = _without_clock(state)
            if told != before:
                before, said_on = told, time.monotonic()
                text = f"id: {_version(state)}\nevent: state\ndata: {json.dumps(state)}\n\n"
                await send(_chunk(text))
            elif time.monotonic() - said_on >= _PING:
                said_on = time.monotonic()
                await send(_chunk(": ping\n\n"))
            if is_end:
                break
            await asyncio.wait([left], timeout=_LOOK)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _state(self, summary: OrderSummary) -> tuple[dict[str, Any], bool]:
        """What is sent, and whether it is the last."""

        def find() -> tuple[dict[str, Any], bool]:
            # what is known of the archive changes
            found = order_state(self._site, self._site.desk.orders.summary(summary.id))
            return state_object(found), found.phase in _ENDS

        return await self._site.run(find)


def _version(state: dict[str, Any]) -> str:
    return str(state["job"]["version"] if state["job"] else 0)


def _without_clock(state: dict[str, Any]) -> str:
    """What makes an event when it changes: all but the time that remains."""
    job = {**state["job"], "remainingSeconds": None} if state["job"] else None
    return json.dumps({**state, "job": job})


def _head(status: HTTPStatus) -> dict[str, object]:
    headers = _START if status is HTTPStatus.OK else {"cache-control": "no-store"}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http.response.start", "status": int(status), "headers": raw}


def _chunk(text: str) -> dict[str, object]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}
