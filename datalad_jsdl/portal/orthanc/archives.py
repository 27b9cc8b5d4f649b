"""The zip of a patient, study or series: ordered, prepared, and made anew when Orthanc has more.

Two jobs make it: one has an order made of all files that Orthanc has now, the other prepares that
order. Nothing of the files is kept. Both jobs, like all, are removed when they are old.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import OrderError
from datalad_jsdl.orders.collecting import collecting
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.tasks import COLLECT
from datalad_jsdl.portal import actions, order_actions
from datalad_jsdl.portal.order_actions import Phase
from datalad_jsdl.portal.terms import require_accepted

if TYPE_CHECKING:
    from datalad_jsdl.orders.jobs.model import JSON, Job
    from datalad_jsdl.orders.model import OrderSummary
    from datalad_jsdl.orders.ordering import Limits
    from datalad_jsdl.portal.order_actions import OrderState
    from datalad_jsdl.portal.orthanc.resources import Found
    from datalad_jsdl.portal.site import Site

__all__ = ["ZipState", "cancel", "start", "state_of", "state_of_job"]

_PHASES = {
    JobState.QUEUED: Phase.QUEUED,
    JobState.RUNNING: Phase.PREPARING,
    JobState.DONE: Phase.NEW,  # its order is gone
    JobState.FAILED: Phase.FAILED,
    JobState.CANCELLED: Phase.CANCELLED,
}


@dataclass(frozen=True)
class ZipState:
    """How far a zip is.

    Attributes:
        phase: in words for programs.
        job: that is under way, or has ended; None if nobody has asked for the zip.
        position: how many jobs are before it in the queue.
        message: why it failed, for people; or "".
        order: the order that it is of, with its files that could not be read; None before that.
        asked: the job by which somebody has asked for it, which makes the order.
    """

    phase: Phase
    job: Job | None = None
    position: int = 0
    message: str = ""
    order: OrderState | None = None
    asked: Job | None = None

    @property
    def is_moving(self) -> bool:
        """Whether it changes by itself."""
        return self.phase in (Phase.QUEUED, Phase.PREPARING)

    @property
    def size(self) -> int | None:
        """Bytes of the zip; None if not known yet."""
        if self.order is None:
            return None
        found = self.order.summary.archive_size
        result = self.order.job.result if self.order.job else None
        if found is None and isinstance(result, dict):
            size = result.get("archive_size")
            found = size if isinstance(size, int) else None
        return found


def state_of(site: Site, user: str, found: Found, limits: Limits) -> ZipState:
    """How far the zip is that a user wants, of what Orthanc has now."""
    job = Jobs(site.desk.store).newest(COLLECT, user, _args(site, found, limits))
    return ZipState(Phase.NEW) if job is None else state_of_job(site, job)


def state_of_job(site: Site, job: Job) -> ZipState:
    """How far the zip is that a job was begun for."""
    if (summary := _order_of(site, job)) is not None:
        state = order_actions.order_state(site, summary)
        return ZipState(state.phase, state.job, state.position, state.message, state, job)
    phase = _PHASES[job.state]
    position = Jobs(site.desk.store).queue_position(job) if phase is Phase.QUEUED else 0
    message = job.message if phase is Phase.FAILED else ""
    return ZipState(phase, job, position, message, asked=job)


def start(site: Site, user: str, found: Found, limits: Limits) -> None:
    """Have the zip made: by the job that is under way or has done so, or a new one.

    Raises:
        TermsError: terms have to be accepted before.
        OrderError: the files are too many for one order.
        ProblemError: too many of the user's jobs are waiting.
    """
    require_accepted(site, user, [_source(site)])
    state = state_of(site, user, found, limits)
    if state.order is not None:
        order_actions.prepare(site, state.order.summary)
        return
    if limits.files is not None and found.amount.instances > limits.files:
        raise OrderError(
            f"{found.amount.instances} files are too many for one order: the limit is "
            f"{limits.files}",
            files_over=found.amount.instances - limits.files,
        )
    actions.start(site, COLLECT, user, _args(site, found, limits))


def cancel(site: Site, user: str, found: Found, limits: Limits) -> None:
    """Stop what is under way; what was read is kept."""
    state = state_of(site, user, found, limits)
    if state.is_moving and state.job is not None:
        Jobs(site.desk.store).cancel(state.job.id)


def _args(site: Site, found: Found, limits: Limits) -> dict[str, JSON]:
    resource = found.resource
    path = f"{resource.level.value}/{resource.id}"
    return collecting(_source(site), path, found.version, resource.archive_name, limits)


def _source(site: Site) -> str:
    assert site.orthanc is not None  # noqa: S101 - what was found was found there
    return site.orthanc.name


def _order_of(site: Site, job: Job) -> OrderSummary | None:
    if job.state is not JobState.DONE or not isinstance(job.result, dict):
        return None
    try:
        return site.desk.orders.summary(str(job.result.get("order")))
    except OrderError:
        return None
