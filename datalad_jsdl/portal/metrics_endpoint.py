"""``/metrics``: for this machine, and for who has the token."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.datastructures import Headers

from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.problems import ProblemError, send_problem

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from datalad_jsdl.portal.site import Site

__all__ = ["MetricsEndpoint"]

# who comes through a proxy on this machine is not on this machine
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class MetricsEndpoint:
    """Tells the numbers to this machine, and to who has the token.

    Args:
        site: of the portal.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the specification of ASGI."""
        is_head = scope["method"] == "HEAD"
        if not (_is_local(scope) or self._has_token(scope)):
            error = ProblemError(
                HTTPStatus.FORBIDDEN, "the numbers are for this machine, or need the token"
            )
            await send_problem(error.problem, send, is_head=is_head)
            return
        body = await self._site.run(self._site.metrics.text)
        headers = [
            (b"content-type", CONTENT_TYPE_LATEST.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if is_head else body})

    def _has_token(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        known = (self._site.identity, self._site.operator)
        return any(isinstance(one, TokenIdentity) and one.has_token(headers) for one in known)


def _is_local(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if any(name in headers for name in _FORWARDED):
        return False
    # a proxy that says nothing of its clients passes on at least which host they asked for
    name = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    if name != "localhost" and not _is_loopback(name):
        return False
    return _is_loopback((scope.get("client") or ("", 0))[0])


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
