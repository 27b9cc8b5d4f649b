"""The manifest of an order, for who has a link to its zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from datalad_jsdl.portal.grants import granted_by_link
from datalad_jsdl.portal.order_actions import manifest_text

if TYPE_CHECKING:
    from datalad_jsdl.portal.pages.turn import Turn

__all__ = ["linked"]

_HEADERS = {"cache-control": "no-store", "x-robots-tag": "noindex"}


async def linked(turn: Turn) -> Response:
    """Of the order that a link is for; it needs no login, as the zip does not."""
    grant = await granted_by_link(turn.site, turn.request.scope)
    text, _ = await turn.site.run(manifest_text, turn.site, grant.summary)
    content = text.encode("utf-8", "surrogatepass")
    return Response(content, headers=_HEADERS, media_type="application/json")
