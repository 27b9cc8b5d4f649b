"""Who may have what: each visitor their own list and orders, and what is served to them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from datalad_jsdl.errors import JobError, NothingThereError, OrderError
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.model import SourceKind
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

    from datalad_jsdl.orders.jobs.model import Job
    from datalad_jsdl.orders.model import OrderSummary
    from datalad_jsdl.orders.ordering import Limits, Orders
    from datalad_jsdl.portal.identity import Visitor
    from datalad_jsdl.portal.orthanc.server import OrthancServer
    from datalad_jsdl.portal.served import Served
    from datalad_jsdl.portal.site import Site

__all__ = [
    "all_served",
    "find_job",
    "find_order",
    "find_past_order",
    "find_served",
    "is_id",
    "limits_of",
    "name_with_terms",
    "orthanc_of",
    "own_order",
    "required_visitor",
    "sources_of",
    "whom_it_is_for",
]

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_id(given: str) -> bool:
    """Whether an order, a job or a selection could have this id."""
    return bool(_ID.fullmatch(given))


def required_visitor(scope: Scope) -> Visitor:
    """Who asks.

    Raises:
        ProblemError: nobody is signed in.
    """
    visitor: Visitor | None = scope["state"]["visitor"]
    if visitor is None:
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED, "sign in, or send a token", {"www-authenticate": "Bearer"}
        )
    return visitor


async def own_order(site: Site, visitor: Visitor, order_id: str) -> OrderSummary:
    """See `find_order`, which a thread does."""
    return await site.run(find_order, site, visitor, order_id)


def find_order(site: Site, visitor: Visitor, order_id: str) -> OrderSummary:
    """An order of a visitor, who may still have all of its files.

    Raises:
        ProblemError: the visitor has no such order, and the answer for another user's is the same;
            or may not have the files any more.
        StoreError: the store cannot be read.
    """
    summary = find_past_order(site, visitor, order_id)
    allowed = sources_of(site, visitor)
    if allowed is not None and (gone := _restricted(site, order_id) - allowed):
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            f"the files of {', '.join(sorted(gone))} are not for you any more; the order stays in "
            "your history, and can be downloaded again once they are",
        )
    return summary


def find_past_order(site: Site, visitor: Visitor, order_id: str) -> OrderSummary:
    """An order of a visitor, whether its files may still be had or not.

    Raises:
        ProblemError: the visitor has no such order; the answer for another user's is the same.
        StoreError: the store cannot be read.
    """
    summary = None
    if is_id(order_id):
        try:
            summary = site.desk.orders.summary(order_id)
        except OrderError:
            summary = None
    if summary is None or summary.user != visitor.user:
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no order {order_id}")
    return summary


def whom_it_is_for(site: Site, order_id: str) -> str:
    """For whom the datasets of an order are now: links to its archive expire when that changes.

    Raises:
        ProblemError: some of them are served to nobody any more.
    """
    if site.rules is None:
        return ""
    names = _restricted(site, order_id)
    served = {item.name for item in site.served} | ({site.orthanc.name} if site.orthanc else set())
    if gone := names - served:
        raise ProblemError(
            HTTPStatus.GONE, f"the files of {', '.join(sorted(gone))} are not served any more"
        )
    rules = [(name, site.rules.of(name)) for name in sorted(names)]
    return json.dumps([(name, rule.openness.value, sorted(rule.groups)) for name, rule in rules])


def _restricted(site: Site, order_id: str) -> frozenset[str]:
    """Sources of an order that rules are for: what a page has posted is its visitor's own."""
    found = _sources_of_order(site.desk.orders, order_id)
    return frozenset(name for name, kind in found.items() if kind is not SourceKind.POSTED)


# an order never changes, and each range of its archive is asked for anew
@lru_cache(1024)
def _sources_of_order(orders: Orders, order_id: str) -> Mapping[str, SourceKind]:
    return orders.sources(order_id)


def find_job(site: Site, visitor: Visitor, job_id: str, kind: str | None = None) -> Job:
    """A job of a visitor, of one kind or any; raises what `find_order` raises."""
    job = None
    if is_id(job_id):
        try:
            job = Jobs(site.desk.store).find(job_id)
        except JobError:
            job = None
    if job is None or job.user != visitor.user or kind not in (None, job.kind):
        raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no such job {job_id}")
    return replace(job, message=site.told(job.message))


def find_served(site: Site, visitor: Visitor, name: str) -> Served:
    """What is served to a visitor under a name.

    Raises:
        NothingThereError: there is nothing.
    """
    served = site.find(name)
    if served is None or not _admits(site, visitor, name):
        more = " for who is not signed in" if visitor.is_anonymous else ""
        raise NothingThereError(f"there is no dataset {name}{more}")
    return served


def all_served(site: Site, visitor: Visitor) -> list[Served]:
    """All that is served to a visitor."""
    return [served for served in site.served if _admits(site, visitor, served.name)]


def limits_of(site: Site, visitor: Visitor) -> Limits:
    """What one order of a visitor may have."""
    return site.limits if site.rules is None else site.rules.limits_of(visitor)


def sources_of(site: Site, visitor: Visitor) -> frozenset[str] | None:
    """Names of what a visitor may order files of; None for all that are on the list."""
    if site.rules is None:
        return None
    names = {served.name for served in all_served(site, visitor)}
    orthanc = orthanc_of(site, visitor)
    return frozenset(names | ({orthanc.name} if orthanc else set()))


def orthanc_of(site: Site, visitor: Visitor) -> OrthancServer | None:
    """The Orthanc server whose studies a visitor may have; None if there is none."""
    if site.orthanc is None or not _admits(site, visitor, site.orthanc.name):
        return None
    return site.orthanc


def name_with_terms(site: Site, visitor: Visitor, name: str) -> str:
    """A name that may have terms: of something served, or of the Orthanc server.

    Raises:
        NothingThereError: nothing of that name is served to the visitor.
    """
    orthanc = orthanc_of(site, visitor)
    is_orthanc = orthanc is not None and orthanc.name == name
    return name if is_orthanc else find_served(site, visitor, name).name


def _admits(site: Site, visitor: Visitor, name: str) -> bool:
    return site.rules is None or site.rules.of(name).admits(visitor)
