"""Which page is at which address."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.routing import Route

from datalad_jsdl.portal.pages import (
    adding,
    browse,
    choose,
    files,
    listing,
    manifest,
    orders,
    orthanc,
    sign_in,
    terms,
)
from datalad_jsdl.portal.pages.turn import page, plain_page

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from datalad_jsdl.portal.pages.turn import Turn
    from datalad_jsdl.portal.site import Site

__all__ = ["page_routes"]

_POST = ["POST"]


def page_routes(site: Site) -> list[Route]:
    """The pages of a portal."""
    own, anybodys = partial(page, site), partial(plain_page, site)
    home = own(browse.home)

    async def first(request: Request) -> Response:
        """The first page, whose address may carry a token."""

        async def exchanged(turn: Turn) -> Response:
            return sign_in.exchange(turn) or await home(request)

        return await anybodys(exchanged)(request)

    return [
        Route("/", first),
        Route("/sign-in", anybodys(sign_in.sign_in), methods=["GET", "POST"]),
        Route("/sign-out", own(sign_in.sign_out), methods=_POST),
        Route("/static/{name}", files.static),
        Route("/static/jsdl/{path:path}", files.module),
        Route("/look/accent.css", anybodys(files.accent)),
        Route("/look/logo", anybodys(files.logo)),
        Route("/about/{name}", anybodys(files.document)),
        Route("/datasets/{name}", own(browse.browse)),
        Route("/datasets/{name}/add", own(adding.add), methods=_POST),
        Route("/datasets/{name}/terms", own(terms.show), methods=["GET", "POST"]),
        Route("/list", own(listing.review)),
        Route("/list/remove", own(listing.change), methods=_POST),
        Route("/list/undo", own(listing.undo), methods=_POST),
        Route("/list/check", own(listing.check), methods=_POST),
        Route("/list/order", own(listing.order), methods=_POST),
        Route("/choose", anybodys(choose.posted, most=choose.LARGEST), methods=_POST),
        Route("/choose", own(choose.linked)),
        Route("/choose/add", own(choose.add_linked), methods=_POST),
        Route("/chosen/{id}", own(choose.chosen)),
        Route("/chosen/{id}/add", own(choose.add), methods=_POST),
        Route("/chosen/{id}/undo", own(choose.undo), methods=_POST),
        Route("/orders", own(orders.history)),
        Route("/orders/{order}", own(orders.show)),
        Route("/orders/{order}/prepare", own(orders.prepare), methods=_POST),
        Route("/orders/{order}/cancel", own(orders.cancel), methods=_POST),
        Route("/orders/{order}/others", own(orders.others), methods=_POST),
        Route("/orders/{order}/again", own(orders.again), methods=_POST),
        Route("/orders/{order}/compare", own(orders.compare)),
        Route("/orders/{order}/files.json", own(manifest.in_archive)),
        *orthanc.orthanc_pages(site),
        Route("/d/{order}.{signature}/manifest.json", anybodys(manifest.linked)),
    ]
