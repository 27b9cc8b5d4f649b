"""The application: what is answered at which address."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from datalad_jsdl.portal.api.routes import api_routes
from datalad_jsdl.portal.archive_endpoint import ArchiveEndpoint, Grant
from datalad_jsdl.portal.gate import Gate
from datalad_jsdl.portal.grants import granted_by_link
from datalad_jsdl.portal.limited import Limited
from datalad_jsdl.portal.logged import Logged
from datalad_jsdl.portal.metrics import Counted
from datalad_jsdl.portal.metrics_endpoint import MetricsEndpoint
from datalad_jsdl.portal.orthanc.endpoints import orthanc_routes
from datalad_jsdl.portal.pages.errors import ProblemPages
from datalad_jsdl.portal.pages.routes import page_routes
from datalad_jsdl.portal.problems import Problem, ProblemError
from datalad_jsdl.portal.robots import robots_route
from datalad_jsdl.portal.samples import sample_routes

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Scope

    from datalad_jsdl.portal.site import Site

__all__ = ["make_app"]

#: What to say for statuses that only the router gives.
_TEXTS = {
    HTTPStatus.NOT_FOUND: "nothing is at this address",
    HTTPStatus.METHOD_NOT_ALLOWED: "this address has no such method",
}


def make_app(site: Site) -> ASGIApp:
    """The ASGI application of a portal."""

    async def by_link(scope: Scope) -> Grant:
        return await granted_by_link(site, scope)

    app = Starlette(
        routes=[
            Route("/health", _health),
            robots_route(allowed=site.robots),
            *sample_routes(),
            *site.sign_in_routes,
            *page_routes(site),
            Route("/metrics", MetricsEndpoint(site)),
            *orthanc_routes(site),
            *api_routes(site),
            Route("/d/{order}.{signature}/{name}", ArchiveEndpoint(site, by_link)),
        ],
        exception_handlers={
            ProblemError: _problem,
            HTTPException: _refused,
            Exception: _broken,
        },
    )
    inner = ProblemPages(Gate(Limited(app, site), site), site)
    return Counted(Logged(inner, site), site.metrics, site.trusted)


async def _health(request: Request) -> Response:
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - it is registered for these only
    return _answer(error.problem)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these only
    status = HTTPStatus(error.status_code)
    text = _TEXTS.get(status, status.phrase.lower())
    return _answer(Problem(status, text, error.headers or {}))


async def _broken(request: Request, error: Exception) -> Response:
    """For a bug; the error itself goes into the log, and to nobody else."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(Problem(status, "the portal could not do this; its log says why"))


def _answer(problem: Problem) -> Response:
    headers = {"cache-control": "no-store", **problem.headers}
    return Response(problem.body, int(problem.status), headers, "application/problem+json")
