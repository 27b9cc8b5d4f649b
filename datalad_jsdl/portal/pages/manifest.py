"""The manifests of an order: for who has a link to its zip, and for its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from datalad_jsdl.orders.archive_manifest import archive_manifest
from datalad_jsdl.portal.access import own_order
from datalad_jsdl.portal.grants import granted_by_link
from datalad_jsdl.portal.order_actions import manifest_text

if TYPE_CHECKING:
    from datalad_jsdl.portal.pages.turn import Turn
    from datalad_jsdl.portal.site import Site

__all__ = ["in_archive", "linked"]

_HEADERS = {"cache-control": "no-store", "x-robots-tag": "noindex"}


async def linked(turn: Turn) -> Response:
    """Of the order that a link is for; it needs no login, as the zip does not."""
    grant = await granted_by_link(turn.site, turn.request.scope)
    text, _ = await turn.site.run(manifest_text, turn.site, grant.summary)
    content = text.encode("utf-8", "surrogatepass")
    return Response(content, headers=_HEADERS, media_type="application/json")


async def in_archive(turn: Turn) -> Response:
    """By which the page takes the order's files out of its zip, for a folder."""
    assert turn.visitor is not None  # noqa: S101 - pages of somebody only ask for it
    summary = await own_order(turn.site, turn.visitor, turn.path["order"])
    text = await turn.site.run(_in_archive, turn.site, summary.id)
    return Response(text.encode(), headers=_HEADERS, media_type="application/json")


def _in_archive(site: Site, order_id: str) -> str:
    with site.archives.lend(order_id) as opened:
        return archive_manifest(opened, f"/api/v1/orders/{order_id}/archive")
