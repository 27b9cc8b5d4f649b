"""Whose link it is that a request came with."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from datalad_jsdl.errors import OrderError
from datalad_jsdl.orders.capability import Verdict
from datalad_jsdl.portal.archive_endpoint import Grant
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from starlette.types import Scope

    from datalad_jsdl.portal.site import Site

__all__ = ["granted_by_link"]


async def granted_by_link(site: Site, scope: Scope) -> Grant:
    """What a link that needs no login is for.

    Raises:
        ProblemError: it has expired, or was not made here.
    """
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
    return Grant(summary, f"user {summary.user}")
