"""Whose link it is that a request came with."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from datalad_jsdl.errors import OrderError
from datalad_jsdl.orders.capability import Verdict
from datalad_jsdl.portal.access import whom_it_is_for
from datalad_jsdl.portal.accounts.anonymous import PREFIX
from datalad_jsdl.portal.archive_endpoint import Grant
from datalad_jsdl.portal.clients import address_of
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from starlette.types import Scope

    from datalad_jsdl.portal.site import Site

__all__ = ["granted_by_link"]


async def granted_by_link(site: Site, scope: Scope) -> Grant:
    """What a link that needs no login is for.

    Raises:
        ProblemError: it has expired, or was not made here, or its files are not served any more.
    """
    found = scope["path_params"]
    try:
        summary = await site.run(site.desk.orders.summary, found["order"])
    except OrderError:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such download") from None
    verdict = await site.run(_verdict, site, summary.id, found["signature"])
    if verdict is Verdict.EXPIRED:
        raise ProblemError(
            HTTPStatus.GONE,
            "this link has expired, was revoked, or its files are for others now; if you may still "
            "have them, the order's page has a new link, for the same bytes, with which the "
            "download continues",
        )
    if verdict is not Verdict.VALID:
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no such download")
    # who is not signed in can be many users, so these are counted by address here, too
    is_nobodys = summary.user.startswith(PREFIX)
    who = f"at {address_of(scope, site.trusted)}" if is_nobodys else f"user {summary.user}"
    return Grant(summary, who)


def _verdict(site: Site, order_id: str, signature: str) -> Verdict:
    try:
        given = whom_it_is_for(site, order_id)
    except ProblemError:
        if site.capabilities.verify(order_id, signature) is Verdict.FORGED:
            return Verdict.FORGED
        raise
    return site.capabilities.verify(order_id, signature, given)
