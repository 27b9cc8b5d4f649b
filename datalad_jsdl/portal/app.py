"""The application: what is answered at which address."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from datalad_jsdl.errors import OrderError
from datalad_jsdl.orders.capability import Verdict
from datalad_jsdl.portal.api.routes import api_routes
from datalad_jsdl.portal.archive_endpoint import ArchiveEndpoint, Grant
from datalad_jsdl.portal.gate import Gate
from datalad_jsdl.portal.metrics import Counted
from datalad_jsdl.portal.metrics_endpoint import MetricsEndpoint
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Scope

    from datalad_jsdl.portal.site import Site

__all__ = ["make_app"]


def make_app(site: Site) -> ASGIApp:
    """The ASGI application of a portal."""

    async def by_link(scope: Scope) -> Grant:
        return await _granted_by_link(site, scope)

    app = Starlette(
        routes=[
            Route("/health", _health),
            Route("/metrics", MetricsEndpoint(site)),
            *api_routes(site),
            Route("/d/{order}.{signature}/{name}", ArchiveEndpoint(site, by_link)),
        ],
        exception_handlers={ProblemError: _problem},
    )
    return Counted(Gate(app, site), site.metrics)


async def _granted_by_link(site: Site, scope: Scope) -> Grant:
    found = scope["path_params"]
    try:
        summary = await site.run(site.desk.orders.summary, found["order"])
    except OrderError:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such download") from None
    verdict = await site.run(site.capabilities.verify, summary.id, found["signature"])
    if verdict is Verdict.EXPIRED:
        raise ProblemError(
            HTTPStatus.GONE,
            "this link has expired, or was revoked; the order's page has a new one, for the same "
            "bytes: the download continues with it",
        )
    if verdict is not Verdict.VALID:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such download")
    address = hashlib.sha256(found["signature"].encode()).hexdigest()
    return Grant(summary, f"link {address}")


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - it is registered for these only
    problem = error.problem
    headers = {"cache-control": "no-store", **problem.headers}
    return Response(problem.body, int(problem.status), headers, "application/problem+json")
