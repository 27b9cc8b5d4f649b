"""One order: how far it is, its zip, and what can be done with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.orders.archive_names import unique_name
from datalad_jsdl.orders.choosing.choice import Choice, statistics_of
from datalad_jsdl.orders.comparing import Change
from datalad_jsdl.orders.exporting import rate_of
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.placing import place_again
from datalad_jsdl.portal import actions, order_actions
from datalad_jsdl.portal.access import find_order
from datalad_jsdl.portal.order_actions import Phase
from datalad_jsdl.portal.pages.names import query_of
from datalad_jsdl.portal.pages.ways import ways_of
from datalad_jsdl.portal.pages.words import STATES, Word, share
from datalad_jsdl.portal.terms import require_accepted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from starlette.responses import Response

    from datalad_jsdl.orders.model import ListedFile, OrderSummary, Statistics
    from datalad_jsdl.orders.ordering import Limits, Orders
    from datalad_jsdl.portal.order_actions import OrderState
    from datalad_jsdl.portal.pages.turn import Turn
    from datalad_jsdl.portal.served import Served
    from datalad_jsdl.portal.site import Site

__all__ = ["PHASES", "again", "cancel", "compare", "history", "others", "prepare", "show"]

_SHOWN = 200  # failed or changed files
_ORDERS = 25  # on a page of the history

#: How far an order is, in words.
PHASES: Mapping[Phase, Word] = {
    Phase.NEW: Word("Not prepared", "plain", "dot"),
    Phase.QUEUED: Word("Queued", "plain", "clock"),
    Phase.PREPARING: Word("Preparing", "run", "run"),
    Phase.READY: Word("Ready", "ok", "check"),
    Phase.FAILED: Word("Failed", "bad", "cross"),
    Phase.CANCELLED: Word("Cancelled", "plain", "cross"),
}
_INTERRUPTED = Word("Interrupted", "bad", "alert")
_CHANGES: Mapping[Change, Word] = {
    Change.CHANGED: Word("Changed", "warn", "alert"),
    Change.GONE: Word("Gone", "bad", "cross"),
}


@dataclass(frozen=True)
class _Failed:
    path: str
    word: Word
    text: str


@dataclass(frozen=True)
class _Past:
    order: OrderSummary
    word: Word


async def show(turn: Turn) -> Response:
    """An order, as it is now."""
    summary = await _own(turn)
    values = await turn.site.run(_values, turn, summary)
    return await turn.render("order.html", here="orders", order=summary, **values)


def _values(turn: Turn, summary: OrderSummary) -> dict[str, Any]:
    site = turn.site
    state = order_actions.order_state(site, summary)
    is_moving = state.phase in (Phase.QUEUED, Phase.PREPARING)
    job = state.job
    sources, folders = _contents(site.desk.orders, summary.id)
    size = state.size
    rate = rate_of(site.desk.store, summary.user)
    failed = sorted(state.failed.items())
    return {
        "phase": state.phase.value,
        "word": _word(state),
        "is_moving": is_moving,
        "refresh": 3 if is_moving else None,
        "percent": share(job.progress, job.total) if job else None,
        "done": job.progress if job else 0,
        "all": job.total if job else None,
        "rate": round(job.rate) if job and job.rate else None,
        "remaining": job.remaining if job else None,
        "before": state.position,
        # of single files, a table tells more
        "message": state.message if state.ended_early or not state.failed else "",
        "ended_early": state.ended_early,
        "failed": [
            _Failed(ref.path, STATES[found.access], found.text or ", ".join(found.mirrors))
            for ref, found in failed[:_SHOWN]
        ],
        "failed_count": len(failed),
        "size": size,
        "seconds": size / rate if rate and size else None,
        "sources": sources,
        "folders": folders,
        "may_be_folder": state.phase is Phase.READY
        and _may_be_folder(site.desk.orders, summary.id),
        **_link(turn, summary),
    }


def _link(turn: Turn, summary: OrderSummary) -> dict[str, Any]:
    path, expires = order_actions.archive_path(turn.site, summary)
    day = datetime.fromtimestamp(expires, timezone.utc)
    return {
        "link": path,
        "expires": f"{day.day} {day:%b %Y}",
        "days": turn.site.capabilities.days,
        "ways": ways_of(turn.address, path, unique_name(summary)),
    }


def _word(state: OrderState) -> Word:
    if state.phase is Phase.FAILED and state.failed and not state.ended_early:
        return _INTERRUPTED
    return PHASES[state.phase]


# an order never changes, and its page is asked for every second while it is prepared
@lru_cache(256)
def _contents(orders: Orders, order_id: str) -> tuple[list[str], list[tuple[str, Statistics]]]:
    """Its sources, and its folders with what is in them."""
    files = orders.find(order_id).files
    sources = sorted({file.ref.source for file in files})
    folders: dict[str, list[ListedFile]] = defaultdict(list)
    for file in files:
        folder = file.ref.path.rpartition("/")[0]
        whole = folder if len(sources) == 1 else f"{file.ref.source}/{folder}".rstrip("/")
        folders[whole or "."].append(file)
    return sources, [(name, statistics_of(found)) for name, found in sorted(folders.items())]


@lru_cache(256)
def _may_be_folder(orders: Orders, order_id: str) -> bool:
    """Whether a manifest can have all the names, by which a browser finds the files in the zip."""
    return not any(path_fault(file.ref.path) for file in orders.find(order_id).files)


async def prepare(turn: Turn) -> Response:
    """Have the zip prepared, once more."""
    summary = await _own(turn)
    await turn.site.run(order_actions.prepare, turn.site, summary)
    return turn.go(_address(summary))


async def cancel(turn: Turn) -> Response:
    """Cancel the preparation; the order stays."""
    summary = await _own(turn)
    await turn.site.run(_cancel, turn.site, summary)
    return turn.go(_address(summary))


def _cancel(site: Site, summary: OrderSummary) -> None:
    job = order_actions.order_state(site, summary).job
    if job is not None:
        Jobs(site.desk.store).cancel(job.id)


async def others(turn: Turn) -> Response:
    """Order the files that could be read."""
    summary = await _own(turn)
    made = await turn.site.run(_others, turn.site, summary, turn.limits, turn.sources)
    return turn.go(_address(made))


def _others(
    site: Site, summary: OrderSummary, limits: Limits, sources: Collection[str] | None
) -> OrderSummary:
    failed = order_actions.order_state(site, summary).failed
    base = site.desk.orders.find(summary.id)
    stem = summary.archive_name.removesuffix(".zip")
    name = f"{stem}-others.zip" if len(stem.encode("utf-8", "surrogatepass")) < 180 else ""
    names = {file.ref.source for file in base.files}
    names = order_actions.orderable(site, names, sources)
    require_accepted(site, summary.user, names)
    made = place_again(
        site.desk, base, name, limits=limits,
        is_chosen=lambda file: file.ref not in failed and file.ref.source in names,
    )  # fmt: skip
    order_actions.prepare(site, made.summary)
    return made.summary


async def again(turn: Turn) -> Response:
    """Put an order's files on the list: the same versions, or those of today."""
    summary = await _own(turn)
    run = turn.site.run
    if turn.form.one("today"):
        await run(_today, turn.site, summary, turn.served)
    else:
        await run(_same, turn.site, summary)
    return turn.go("/list")


def _same(site: Site, summary: OrderSummary) -> None:
    order = site.desk.orders.find(summary.id)
    known = site.desk.places().sources
    sources = {file.ref.source for file in order.files}
    site.desk.lists.add(summary.user, order.files, [known[name] for name in sorted(sources)])


def _today(site: Site, summary: OrderSummary, every: Sequence[Served]) -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for ref, change in order_actions.compare(site, summary):
        if change is not Change.GONE:
            found[ref.source].append(ref.path)
    for served in every:
        if paths := found.get(served.name):
            chosen = actions.choose(site, served, Choice(tuple(paths)))
            actions.add(site, summary.user, chosen)


async def compare(turn: Turn) -> Response:
    """What has become of an order's files since."""
    summary = await _own(turn)
    found = await turn.site.run(order_actions.compare, turn.site, summary)
    changed = [(ref.path, _CHANGES[change]) for ref, change in found if change in _CHANGES]
    return await turn.render(
        "compare.html", here="orders", order=summary, changes=changed[:_SHOWN],
        more=max(len(changed) - _SHOWN, 0), same=len(found) - len(changed),
    )  # fmt: skip


async def history(turn: Turn) -> Response:
    """A visitor's orders, newest first."""
    number = turn.query.number("page")
    rows, total = await turn.site.run(_history, turn.site, turn.user, number)
    return await turn.render(
        "history.html", here="orders", rows=rows, total=total, number=number,
        first=(number - 1) * _ORDERS + 1, pages=max(1, -(-total // _ORDERS)),
        address=lambda page: f"/orders{query_of(page=page)}",
    )  # fmt: skip


def _history(site: Site, user: str, number: int) -> tuple[Sequence[_Past], int]:
    found, total = site.desk.orders.history(user, limit=_ORDERS, offset=(number - 1) * _ORDERS)
    states = (order_actions.order_state(site, summary) for summary in found)
    return [_Past(state.summary, _word(state)) for state in states], total


async def _own(turn: Turn) -> OrderSummary:
    """The order that an address is about.

    Raises:
        ProblemError: the visitor has none of that id.
    """
    assert turn.visitor is not None  # noqa: S101 - pages of somebody only ask for it
    return await turn.site.run(find_order, turn.site, turn.visitor, turn.path["order"])


def _address(summary: OrderSummary) -> str:
    return f"/orders/{summary.id}"
