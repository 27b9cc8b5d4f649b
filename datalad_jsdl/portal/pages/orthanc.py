"""Studies of an Orthanc server: their list, one of them, and its zip while it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from datalad_jsdl.orders.archive_names import unique_name
from datalad_jsdl.portal.order_actions import Phase, archive_path
from datalad_jsdl.portal.orthanc import archives
from datalad_jsdl.portal.orthanc.endpoints import post_archive
from datalad_jsdl.portal.orthanc.resources import Level
from datalad_jsdl.portal.orthanc.server import Search
from datalad_jsdl.portal.orthanc.visiting import find_resource, search_studies
from datalad_jsdl.portal.pages.names import query_of
from datalad_jsdl.portal.pages.orders import PHASES
from datalad_jsdl.portal.pages.sign_in import exchange
from datalad_jsdl.portal.pages.terms import terms_address
from datalad_jsdl.portal.pages.turn import page, plain_page
from datalad_jsdl.portal.pages.ways import ways_of
from datalad_jsdl.portal.pages.words import share
from datalad_jsdl.portal.terms import unaccepted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from datalad_jsdl.portal.orthanc.archives import ZipState
    from datalad_jsdl.portal.orthanc.resources import Found
    from datalad_jsdl.portal.pages.turn import Turn
    from datalad_jsdl.portal.site import Site

__all__ = ["orthanc_pages"]

_FIELDS = ("patient", "id", "study", "since", "until")


def orthanc_pages(site: Site) -> list[Route]:
    """The pages; none without a server."""
    if site.orthanc is None:
        return []
    found = [Route("/studies", page(site, _studies))]
    for level in Level:
        path = f"/{level.value}/{{id}}"
        found += [
            Route(path, page(site, _shown_at(level))),
            Route(f"{path}/archive", _let_in(site, page(site, _archive_at(level)))),
            Route(f"{path}/archive", _posted_to(site, level), methods=["POST"]),
            Route(f"{path}/archive/cancel", page(site, _cancelled_at(level)), methods=["POST"]),
        ]
    return found


async def _studies(turn: Turn) -> Response:
    """A page of studies, or of those that a search finds."""
    assert turn.visitor is not None  # noqa: S101 - pages of somebody only ask for it
    given = {name: turn.query.one(name).strip()[:200] for name in _FIELDS}
    number = turn.query.number("page")
    run = turn.site.run
    rows, has_more = await run(search_studies, turn.site, turn.visitor, Search(**given), number)
    asked = {name: value or None for name, value in given.items()}
    return await turn.render(
        "studies.html", here="studies", rows=rows, given=given, number=number, has_more=has_more,
        is_search=any(given.values()),
        address=lambda page: f"/studies{query_of(**asked, page=page)}",
    )  # fmt: skip


def _shown_at(level: Level) -> Callable[[Turn], Awaitable[Response]]:
    async def shown(turn: Turn) -> Response:
        """What Orthanc has of it."""
        return await _rendered(turn, level, is_asked=False)

    return shown


def _archive_at(level: Level) -> Callable[[Turn], Awaitable[Response]]:
    async def archive(turn: Turn) -> Response:
        """Its zip, as far as that is; the download starts by itself."""
        return await _rendered(turn, level, is_asked=True)

    return archive


def _cancelled_at(level: Level) -> Callable[[Turn], Awaitable[Response]]:
    async def cancelled(turn: Turn) -> Response:
        """Stop preparing the zip."""
        found = await _found(turn, level)
        await turn.site.run(archives.cancel, turn.site, turn.user, found, turn.limits)
        return turn.go(_address(found))

    return cancelled


def _posted_to(site: Site, level: Level) -> Callable[[Request], Awaitable[Response]]:
    async def start(turn: Turn) -> Response:
        found = await _found(turn, level)
        await turn.site.run(archives.start, turn.site, turn.user, found, turn.limits)
        return turn.go(f"{_address(found)}/archive")

    own = page(site, start)

    async def posted(request: Request) -> Response:
        """From our page, or as a program sends it to Orthanc, which sends a token along."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        is_form = kind == "application/x-www-form-urlencoded"
        if is_form and "authorization" not in request.headers:
            return await own(request)
        return await post_archive(site, request, level)

    return posted


def _let_in(
    site: Site, inner: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """Exchange the token that an address may have: Orthanc's plugin leads here with one."""

    async def first(request: Request) -> Response:
        async def exchanged(turn: Turn) -> Response:
            return exchange(turn) or await inner(request)

        return await plain_page(site, exchanged)(request)

    return first


async def _found(turn: Turn, level: Level) -> Found:
    assert turn.visitor is not None  # noqa: S101 - pages of somebody only ask for it
    return await turn.site.run(find_resource, turn.site, turn.visitor, level, turn.path["id"])


async def _rendered(turn: Turn, level: Level, *, is_asked: bool) -> Response:
    found = await _found(turn, level)
    values = await turn.site.run(_values, turn, found)
    state: ZipState = values["state"]
    if not is_asked:
        values["refresh"] = None
    return await turn.render(
        "orthanc.html", here="studies", found=found, resource=found.resource, is_asked=is_asked,
        is_moving=is_asked and state.is_moving, home=_address(found), host=_host(turn), **values,
    )  # fmt: skip


def _values(turn: Turn, found: Found) -> dict[str, Any]:
    site = turn.site
    state = archives.state_of(site, turn.user, found, turn.limits)
    # before there is an order, nothing is counted
    job = state.job if state.order else None
    summary = state.order.summary if state.order else None
    name = site.orthanc.name if site.orthanc else ""
    link, ways = "", []
    if summary is not None and state.phase is Phase.READY:
        link, _ = archive_path(site, summary)
        # a dataset of the zip would ask Orthanc itself, which visitors have no login for
        every = ways_of(turn.address, link, unique_name(summary))
        ways = [way for way in every if way.name != "DataLad"]
    failed = sorted(state.order.failed.items()) if state.order else []
    return {
        "state": state,
        "phase": state.phase.value,
        "word": PHASES[state.phase],
        "percent": share(job.progress, job.total) if job else None,
        "done": job.progress if job else 0,
        "all": job.total if job else None,
        "remaining": job.remaining if job else None,
        "order": summary,
        "link": link,
        "ways": ways,
        "failed": [(ref.path, found.text or found.access.value) for ref, found in failed[:50]],
        "failed_count": len(failed),
        "terms": terms_address(name) if unaccepted(site, turn.user, [name]) else "",
        # without JavaScript the page is asked for again, and starts the download in the end
        "refresh": 3 if state.is_moving else f"1;url={link}" if link else None,
    }


def _host(turn: Turn) -> str:
    return turn.site.orthanc.host if turn.site.orthanc else ""


def _address(found: Found) -> str:
    return f"/{found.resource.level.value}/{found.resource.id}"
