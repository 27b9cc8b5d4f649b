"""What is said to crawlers (RFC 9309): by default, to stay away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import PlainTextResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["ROBOTS_HEADER", "may_index", "robots_route"]

ROBOTS_HEADER = (b"x-robots-tag", b"noindex, nofollow")

_NOTHING = "User-agent: *\nDisallow: /\n"
# the pages of what is public are worth finding; what is somebody's own is not
_OWN = ("/api/", "/d/", "/list", "/orders", "/sign-in", "/sign-out", "/openid/", "/metrics")
_PAGES = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in (*_OWN, "/*?"))


def robots_route(*, allowed: bool) -> Route:
    """``/robots.txt``."""

    async def robots(request: Request) -> Response:
        text = _PAGES if allowed else _NOTHING
        return PlainTextResponse(text, headers={"cache-control": "max-age=3600"})

    return Route("/robots.txt", robots)


def may_index(path: str, *, allowed: bool) -> bool:
    """Whether a crawler that came in spite of it may keep what it got."""
    return allowed and not path.startswith(_OWN)
