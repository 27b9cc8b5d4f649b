"""Answers that show what a proxy does on their way: to ranges, and to what is not taken."""

from __future__ import annotations

import asyncio
import hashlib
import re
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from datalad_jsdl.portal.connections import Connection
from datalad_jsdl.portal.problems import Problem, send_problem

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

__all__ = ["FLOW", "FLOW_SIZE", "SAMPLE", "sample", "sample_routes"]

SAMPLE = "/health/sample"
#: A large answer; below it, by the same id, how much of it has left the portal.
FLOW = "/health/flow"
FLOW_SIZE = 96 << 20  # bytes, several times what systems hold for a connection
_SIZE = 128 << 10  # bytes of the sample
_WITHIN = 30.0  # seconds for a large answer
_MOST = 4  # large answers at a time
_ID = re.compile(r"[0-9a-f]{32}")
_HEADERS = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}


@lru_cache
def sample() -> bytes:
    """What the sample is, the same everywhere."""
    return b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(_SIZE // 32))


def sample_routes() -> list[Route]:
    """Where the samples are."""
    flow = _Flow()
    return [
        Route(SAMPLE, _sample),
        Route(f"{FLOW}/{{id}}", flow),
        Route(f"{FLOW}/{{id}}/sent", flow.sent),
    ]


async def _sample(request: Request) -> Response:
    """One range of the sample, or all of it."""
    content = sample()
    first, _, last = request.headers.get("range", "").removeprefix("bytes=").partition("-")
    headers = {**_HEADERS, "etag": '"sample"', "accept-ranges": "bytes"}
    if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last) < len(content)):
        return Response(content, 200, headers, "application/zip")
    start, stop = int(first), int(last) + 1
    headers["content-range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    return Response(content[start:stop], 206, headers, "application/zip")


class _Flow:
    """Large answers, and how much of each has left the portal."""

    def __init__(self) -> None:
        self._under_way: dict[str, tuple[int, Connection]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._sent(scope, send), _WITHIN)

    async def _sent(self, scope: Scope, send: Send) -> None:
        name = scope["path_params"]["id"]
        if not _ID.fullmatch(name) or name in self._under_way or len(self._under_way) >= _MOST:
            later = {"retry-after": "5"}
            problem = Problem(HTTPStatus.TOO_MANY_REQUESTS, "others are being answered", later)
            await send_problem(problem, send)
            return
        content, connection = sample(), Connection.of(scope)
        if scope["method"] == "HEAD":
            await send_problem(
                Problem(HTTPStatus.METHOD_NOT_ALLOWED, "a flow has no head"), send, is_head=True
            )
            return
        headers = {**_HEADERS, "content-type": "application/zip"}
        headers["content-length"] = str(FLOW_SIZE)
        raw = [(header.encode(), value.encode()) for header, value in headers.items()]
        self._under_way[name] = 0, connection
        try:
            await send({"type": "http.response.start", "status": 200, "headers": raw})
            for end in range(len(content), FLOW_SIZE + 1, len(content)):
                more = end < FLOW_SIZE
                await send({"type": "http.response.body", "body": content, "more_body": more})
                self._under_way[name] = end, connection
        except asyncio.CancelledError:
            connection.reset()
            raise
        finally:
            del self._under_way[name]

    async def sent(self, request: Request) -> Response:
        """How many bytes have left the portal; all of them, if the answer is not under way."""
        found = self._under_way.get(request.path_params["id"])
        left = FLOW_SIZE if found is None else found[0] - found[1].unsent()
        return JSONResponse({"bytes": left}, headers={"cache-control": "no-store"})
