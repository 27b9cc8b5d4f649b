"""For programs: archives as the REST API of Orthanc has them, and how far they are.

- ``GET /api/studies/ID/archive`` has the zip made if nobody has asked for it yet, and tells how
  far that is; the same for patients and series.
- ``POST /studies/ID/archive`` with ``{"Asynchronous": true}`` begins a job, as it does in Orthanc;
  ``GET /jobs/ID`` and ``/jobs/ID/archive`` are as there.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.orders.store.rows import utc
from datalad_jsdl.orders.tasks import COLLECT
from datalad_jsdl.portal import order_actions
from datalad_jsdl.portal.access import find_job, limits_of, required_visitor
from datalad_jsdl.portal.clients import address_of
from datalad_jsdl.portal.limited import counted_as, too_often
from datalad_jsdl.portal.order_actions import Phase
from datalad_jsdl.portal.orthanc import archives
from datalad_jsdl.portal.orthanc.resources import Level, checked_id
from datalad_jsdl.portal.orthanc.visiting import find_resource, from_server, server_for
from datalad_jsdl.portal.problems import ProblemError, problem_of
from datalad_jsdl.portal.rates import Kind

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.orthanc.archives import ZipState
    from datalad_jsdl.portal.site import Site

__all__ = ["orthanc_routes", "post_archive"]

lgr = logging.getLogger(LOGGER)

Handler = Callable[["Site", "Visitor", "Request"], Awaitable["Response"]]

_LARGEST = 64 << 10  # bytes of a request
_WITHIN = 30.0  # seconds for all of it
_NO_STORE = {"cache-control": "no-store"}
#: What a request may say; the others would change what is in the zip.
_HARMLESS = frozenset({"Asynchronous", "Synchronous", "Priority"})
#: As Orthanc calls them.
_STATES = {
    Phase.QUEUED: "Pending",
    Phase.PREPARING: "Running",
    Phase.READY: "Success",
    Phase.FAILED: "Failure",
    Phase.CANCELLED: "Failure",
    Phase.NEW: "Failure",  # its order is gone
}


def orthanc_routes(site: Site) -> list[Route]:
    """What programs find; none without a server."""
    if site.orthanc is None:
        return []
    found = [
        Route(f"/api/{level.value}/{{id}}/archive", _answered(site, _state_at(level)),
              methods=["GET", "POST"])
        for level in Level
    ]  # fmt: skip
    job = _answered(site, _job)
    return [*found, Route("/jobs/{job}", job), Route("/jobs/{job}/archive", job)]


async def post_archive(site: Site, request: Request, level: Level) -> Response:
    """Answer a program that POSTs to where Orthanc has archives."""

    async def handle(site: Site, visitor: Visitor, request: Request) -> Response:
        return await _posted(site, visitor, request, level)

    return await _answered(site, handle)(request)


def _answered(site: Site, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return await handle(site, required_visitor(request.scope), request)
        except JsdlError as error:
            lgr.debug("%s %r: %s", request.method, request.url.path, error)
            problem = problem_of(error)
            raise ProblemError(
                problem.status, problem.detail, problem.headers, **problem.fields
            ) from None

    return endpoint


def _state_at(level: Level) -> Handler:
    async def handle(site: Site, visitor: Visitor, request: Request) -> Response:
        is_post = request.method == "POST"
        who = counted_as(visitor, address_of(request.scope, site.trusted))
        given = request.path_params["id"]
        state = await site.run(_begun, site, visitor, level, given, None if is_post else who)
        status = HTTPStatus.ACCEPTED if state.is_moving else HTTPStatus.OK
        here = site.origin or str(request.base_url).rstrip("/")
        return JSONResponse(_object(site, state, here), int(status), _NO_STORE)

    return handle


def _begun(
    site: Site, visitor: Visitor, level: Level, given: str, looks: str | None = None
) -> ZipState:
    """The state of a zip that is asked for by looking at it; one that failed, by POST only.

    Args:
        site: of the portal.
        visitor: whose zip it is.
        level: of what it is.
        given: the ID of that.
        looks: whom it is counted for if it is begun by a GET; None for a POST, which was counted.
    """
    found, limits = find_resource(site, visitor, level, given), limits_of(site, visitor)
    state = archives.state_of(site, visitor.user, found, limits)
    if state.phase is Phase.NEW or (looks is None and not state.is_moving):
        if looks is not None and site.rates and (wait := site.rates.wait(Kind.ORDER, looks)):
            raise too_often(wait)
        archives.start(site, visitor.user, found, limits)
        state = archives.state_of(site, visitor.user, found, limits)
    return state


async def _posted(site: Site, visitor: Visitor, request: Request, level: Level) -> Response:
    document = await _body(request)
    given = request.path_params["id"]
    is_async = document.get("Asynchronous") is True or document.get("Synchronous") is False
    if not is_async:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            'an archive is made by a job here: POST {"Asynchronous": true}, and GET the Path of '
            "the answer until it is done",
        )
    server = server_for(site, visitor)
    if server.passes_posts:
        identifier = checked_id(level, given)
        with from_server():
            return JSONResponse(await site.run(server.post, level, identifier, document))
    if unknown := sorted(document.keys() - _HARMLESS):
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            f"{unknown[0]} cannot be set here: an archive has the files as Orthanc has them",
        )
    state = await site.run(_begun, site, visitor, level, given)
    assert state.asked is not None  # noqa: S101 - it has just been
    job = state.asked.id
    return JSONResponse({"ID": job, "Path": f"/jobs/{job}"}, headers=_NO_STORE)


async def _job(site: Site, visitor: Visitor, request: Request) -> Response:
    """A job as Orthanc tells of it, or its archive."""
    server_for(site, visitor)  # or what was begun earlier is not for this visitor any more
    job = await site.run(find_job, site, visitor, request.path_params["job"], COLLECT)
    state = await site.run(archives.state_of_job, site, job)
    if not request.url.path.endswith("/archive"):
        return JSONResponse(
            {
                "ID": job.id,
                "Type": "Archive",
                "State": _STATES[state.phase],
                "Progress": _percent(state),
                "CreationTime": f"{job.created_on:%Y%m%dT%H%M%S.%f}",
                "ErrorDescription": state.message or "Success",
            },
            headers=_NO_STORE,
        )
    if state.phase is not Phase.READY or state.order is None:
        raise ProblemError(HTTPStatus.CONFLICT, "the job is not done", {"retry-after": "2"})
    path, _ = await site.run(order_actions.archive_path, site, state.order.summary)
    return RedirectResponse(path, HTTPStatus.SEE_OTHER, _NO_STORE)


def _object(site: Site, state: ZipState, here: str) -> dict[str, Any]:
    job, is_ready = state.job, state.phase is Phase.READY
    summary = state.order.summary if state.order else None
    link = None
    if is_ready and summary is not None:
        path, expires = order_actions.archive_path(site, summary)
        link = {"url": here + path, "expiresOn": utc(expires).isoformat().replace("+00:00", "Z")}
    return {
        "status": state.phase.value,
        "progress": _percent(state),
        "queuePosition": state.position,
        "message": state.message,
        "orderId": summary.id if summary else None,
        "zipFileName": summary.archive_name if summary else None,
        "zipSizeBytes": state.size if is_ready else None,
        "sha256": (summary.archive_sha256 or None) if summary else None,
        "remainingSeconds": job.remaining if job else None,
        "downloadUrl": link["url"] if link else None,
        "expiresOn": link["expiresOn"] if link else None,
    }


def _percent(state: ZipState) -> int:
    if state.phase is Phase.READY:
        return 100
    job = state.job if state.order else None  # before the order there is nothing to count
    return min(job.progress * 100 // job.total, 99) if job and job.total else 0


async def _body(request: Request) -> dict[str, Any]:
    """The object that a program has sent, whatever it says of its type."""
    try:
        body = await asyncio.wait_for(_read(request), _WITHIN)
    except asyncio.TimeoutError:
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, "the body did not come in time") from None
    except ClientDisconnect:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the request ended before its end") from None
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ProblemError(HTTPStatus.BAD_REQUEST, "the body is not an object in JSON")
    return document


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
    return bytes(body)
