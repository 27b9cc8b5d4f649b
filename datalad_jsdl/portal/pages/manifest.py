"""The manifest of an order: for who is signed in, and for who has a link to its zip."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

from datalad_jsdl.manifest.writing import write_entries
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.orders.order_manifest import order_entries
from datalad_jsdl.portal.access import find_order
from datalad_jsdl.portal.grants import granted_by_link

if TYPE_CHECKING:
    from datalad_jsdl.orders.model import OrderSummary
    from datalad_jsdl.portal.pages.turn import Turn
    from datalad_jsdl.portal.site import Site

__all__ = ["linked", "own"]


async def own(turn: Turn) -> Response:
    """Of an order of the visitor."""
    assert turn.visitor is not None  # noqa: S101 - pages of somebody only ask for it
    summary = await turn.site.run(find_order, turn.site, turn.visitor, turn.path["order"])
    return await _answer(turn.site, summary)


async def linked(turn: Turn) -> Response:
    """Of the order that a link is for."""
    grant = await granted_by_link(turn.site, turn.request.scope)
    return await _answer(turn.site, grant.summary)


async def _answer(site: Site, summary: OrderSummary) -> Response:
    content = await site.run(_lines, site, summary)
    name = quote(f"{summary.archive_name.removesuffix('.zip')}.jsonl", safe="")
    headers = {
        "cache-control": "no-store",
        "content-disposition": f"attachment; filename*=UTF-8''{name}",
        "x-robots-tag": "noindex",
    }
    return Response(content, headers=headers, media_type="application/jsonl")


def _lines(site: Site, summary: OrderSummary) -> bytes:
    desk = site.desk
    found = order_entries(desk.store, desk.orders.find(summary.id), desk.places())
    entries = (item for item in found if isinstance(item, Entry))
    return "".join(write_entries("jsonl", entries)).encode("utf-8", "surrogatepass")
