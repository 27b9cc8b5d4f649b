"""What workers do, by kind of job."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import JobError, OrderError
from datalad_jsdl.orders.choosing.any_source import Kept, choose, nothing_kept
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.collecting import collect
from datalad_jsdl.orders.preparing import Watch, prepare_order
from datalad_jsdl.orders.review import check_list

if TYPE_CHECKING:
    from datalad_jsdl.operations.progress import Standing
    from datalad_jsdl.orders.desk import Desk
    from datalad_jsdl.orders.jobs.lease import Lease
    from datalad_jsdl.orders.jobs.model import JSON
    from datalad_jsdl.orders.jobs.worker import Kinds

__all__ = ["ADD", "COLLECT", "PREPARE", "REVIEW", "adding", "tasks"]

_TOLD = 100  # files that are told of one by one

PREPARE = "prepare"  # args: order; whole: see `prepare_order`
REVIEW = "review"  # of the list of the job's user
ADD = "add"  # to that list; args: as `adding` makes them
COLLECT = "collect"  # an order of what a server has; args: as `collecting` makes them


def tasks(desk: Desk, watch: Watch = lambda look: None, kept: Kept = nothing_kept) -> Kinds:
    """What is done for each kind of job; see `Worker`.

    Args:
        desk: the store, and where its sources are.
        watch: given what tells how far a preparation is, more often than the job's row does.
        kept: manifests that need not be read again.
    """
    return {
        PREPARE: partial(_prepare, desk, watch),
        REVIEW: partial(_review, desk),
        ADD: partial(_add, desk, kept),
        COLLECT: partial(collect, desk, PREPARE),
    }


def adding(source: str, choice: Choice) -> dict[str, JSON]:
    """The arguments of a job that puts files of a source on a list."""
    return {
        "source": source,
        "paths": list(choice.paths),
        "recursive": choice.recursive,
        "globs": list(choice.globs),
        "where": choice.where,
        "metadata": list(choice.metadata),
        "ref": choice.ref,
    }


def _add(desk: Desk, kept: Kept, lease: Lease) -> JSON:
    args: dict[str, Any] = dict(lease.job.args)
    source, places = str(args.pop("source")), desk.places()
    if source not in places.sources:
        raise OrderError(f"there is no dataset {source} any more")
    with lease.keep():
        chosen = choose(places, source, Choice(**args), kept)
    # it cannot be taken back from here on, but by undoing it
    lease.check()
    added = desk.add(lease.job.user, chosen)
    missing: list[JSON] = [{"path": path, "reason": why} for path, why in chosen.missing.items()]
    return {"chosen": len(chosen.files), "added": added, "missing": missing[:_TOLD]}


def _prepare(desk: Desk, watch: Watch, lease: Lease) -> JSON:
    """Prepare an order; its failed files are part of the result, not of a failure of the job."""
    order = desk.orders.find(str(lease.job.args["order"]))

    far = _Far()

    def watched(look: Callable[[], Standing]) -> None:
        far.look = look
        watch(look)

    with lease.keep(far) as stop:
        done = prepare_order(
            desk.store, order, desk.places(), watch=watched, stop=stop,
            whole=bool(lease.job.args.get("whole")),
        )  # fmt: skip
    failed: list[JSON] = [
        {"source": ref.source, "path": ref.path, "access": state.access.value, "text": state.text}
        for ref, state in sorted(done.failed.items())
    ]
    return {
        "order": order.summary.id,
        "prepared": done.prepared,
        "failed": failed,
        "archive_size": done.archive_size,
        "sha256": done.archive_sha256,
    }


class _Far:
    """How far a job is, once something tells that."""

    def __init__(self) -> None:
        self.look: Callable[[], Standing] | None = None

    def __call__(self) -> Standing | None:
        return None if self.look is None else self.look()


def _review(desk: Desk, lease: Lease) -> JSON:
    def tick(done: int, total: int) -> None:
        # what a report raises is raised again by `keep`, once the work has ended in order
        with suppress(JobError):
            lease.report(done, total)

    with lease.keep():
        number = check_list(desk.store, lease.job.user, desk.places(), tick=tick)
    return {"files": number}
