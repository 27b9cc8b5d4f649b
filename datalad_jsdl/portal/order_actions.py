"""What visitors do with their orders, for pages and programs alike; see `actions`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import quote

from datalad_jsdl.manifest.writing import write_entries
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.orders.archive_names import unique_name
from datalad_jsdl.orders.comparing import compare_order
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.model import SourceKind
from datalad_jsdl.orders.order_manifest import order_entries
from datalad_jsdl.orders.placing import place_again, place_order
from datalad_jsdl.orders.states import states_of_order
from datalad_jsdl.orders.tasks import PREPARE
from datalad_jsdl.portal.access import whom_it_is_for
from datalad_jsdl.portal.actions import start
from datalad_jsdl.portal.terms import require_accepted
from datalad_jsdl.repository.entries import Unlisted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.orders.comparing import Change
    from datalad_jsdl.orders.jobs.model import Job
    from datalad_jsdl.orders.model import FileRef, FileState, ListedFile, Order, OrderSummary
    from datalad_jsdl.orders.ordering import Limits
    from datalad_jsdl.portal.site import Site

__all__ = ["OrderState", "Phase", "archive_path", "compare", "order", "order_state", "orderable",
           "prepare", "repeat"]  # fmt: skip


class Phase(Enum):
    """How far an order is; the value is for programs."""

    NEW = "new"  # nobody has asked for its preparation yet
    QUEUED = "queued"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class OrderState:
    """An order, as it is now.

    Attributes:
        summary: the order.
        phase: how far it is. In `READY` any bytes of its archive can be had at once; only of one
            that was exported, and never prepared, the first download begins its preparation.
        job: its preparation, with progress and the seconds that remain; None if there was none.
        position: how many jobs are before it in the queue.
        failed: files that could not be read → why; where the order is ready nonetheless, they
            failed later, in a download.
    """

    summary: OrderSummary
    phase: Phase
    job: Job | None
    position: int
    failed: Mapping[FileRef, FileState]

    @property
    def ended_early(self) -> bool:
        """Whether its preparation failed as a whole, whatever is known of single files."""
        return self.job is not None and self.job.state is JobState.FAILED

    @property
    def message(self) -> str:
        """Why there is no archive, for people; "" unless the order is `FAILED`."""
        if self.phase is not Phase.FAILED or self.job is None:
            return ""
        if self.ended_early:
            return self.job.message or "the preparation ended early"
        if not self.failed:
            return "some files could not be read at the last attempt"
        ref, why = min(self.failed.items())
        count = counted(len(self.failed), "file")
        return f"{count} could not be read, such as {ref.path}: {why.text or why.access.value}"

    @property
    def size(self) -> int | None:
        """Bytes of the archive; None until it is prepared."""
        if self.summary.archive_size is not None:
            return self.summary.archive_size
        found = self.job.result if self.job is not None else None
        size = found.get("archive_size") if isinstance(found, dict) else None
        return size if isinstance(size, int) else None


def order(
    site: Site,
    user: str,
    name: str = "",
    chosen: Collection[tuple[str, str]] | None = None,
    limits: Limits | None = None,
    sources: Collection[str] | None = None,
) -> Order:
    """Order what is on a list, and have its preparation begin.

    Args:
        site: of the portal.
        user: whose list.
        name: of the archive; "" for one made from the time.
        chosen: source and path of the files that are wanted; None for all.
        limits: of the order; None for those of the site. `limits_of` tells a visitor's.
        sources: names of those that the user may order of, see `sources_of`; None for all.

    Raises:
        OrderError: no file can be ordered, they are too many or too large for one order (it says
            by how much), or the name is invalid.
        TermsError: terms have to be accepted before.
    """
    wanted = None if chosen is None else frozenset(chosen)
    names = site.desk.lists.sources(user)
    names = orderable(site, names, sources)
    if wanted is not None:
        names &= {source for source, _ in wanted}
    require_accepted(site, user, names)

    def is_chosen(file: ListedFile) -> bool:
        source, path = file.ref.source, file.ref.path
        return source in names and (wanted is None or (source, path) in wanted)

    limits = limits or site.limits
    placed = place_order(site.desk, user, name, is_chosen=is_chosen, limits=limits)
    prepare(site, placed.summary)
    return placed


def repeat(
    site: Site,
    base: OrderSummary,
    name: str = "",
    limits: Limits | None = None,
    sources: Collection[str] | None = None,
) -> Order:
    """Order the files of an order once more, but the unavailable ones; raises as `order` does."""
    found = site.desk.orders.find(base.id)
    names = {file.ref.source for file in found.files}
    names = orderable(site, names, sources)
    require_accepted(site, base.user, names)
    placed = place_again(
        site.desk, found, name,
        is_chosen=lambda file: file.ref.source in names, limits=limits or site.limits,
    )  # fmt: skip
    prepare(site, placed.summary)
    return placed


def orderable(site: Site, names: set[str], sources: Collection[str] | None) -> set[str]:
    """Those of some sources that a user may order of; what a page has posted for them is theirs."""
    if sources is None:
        return names
    known = site.desk.places().sources
    posted = {name for name in names if known[name].kind is SourceKind.POSTED}
    return names & {*sources, *posted}


def prepare(site: Site, summary: OrderSummary, *, whole: bool = False) -> Job:
    """The preparation of an order: that which is under way or has succeeded, or a new one.

    Args:
        site: of the portal.
        summary: the order.
        whole: if it has succeeded and the archive's SHA-256 is not known, start a job that reads
            all files once more for that. The order stays `READY` meanwhile.
    """
    job = _preparation(site, summary)
    if job is None or job.state is not JobState.DONE or _failed_in(job):
        return start(site, PREPARE, summary.user, {"order": summary.id})
    if whole and not summary.archive_sha256:
        return start(site, PREPARE, summary.user, {"order": summary.id, "whole": True})
    return job


def order_state(site: Site, summary: OrderSummary) -> OrderState:
    """How far an order is."""
    job = _preparation(site, summary)
    phase = _phase(summary, job)
    position = 0
    if job is not None and phase is Phase.QUEUED:
        position = Jobs(site.desk.store).queue_position(job)
    failed = {
        ref: replace(state, text=site.told(state.text))
        for ref, state in states_of_order(site.desk.store, summary.id).items()
    }
    return OrderState(summary, phase, job, position, failed)


def compare(site: Site, summary: OrderSummary) -> list[tuple[FileRef, Change]]:
    """What has become of an order's files since.

    Raises:
        OrderError, DatasetError, ManifestError, FetchError: a source cannot be read.
    """
    return list(compare_order(site.desk.orders.find(summary.id), site.desk.places()))


def manifest_text(site: Site, summary: OrderSummary) -> tuple[str, int]:
    """An order as a manifest in JSON, and how many of its files that cannot list."""
    desk = site.desk
    unlisted = 0

    def entries() -> Iterator[Entry]:
        nonlocal unlisted
        for item in order_entries(desk.store, desk.orders.find(summary.id), desk.places()):
            if isinstance(item, Unlisted):
                unlisted += 1
            else:
                yield item

    text = "".join(write_entries("json", entries()))
    return text, unlisted


def archive_path(site: Site, summary: OrderSummary) -> tuple[str, float]:
    """The path of a link to an order's archive that needs no login, and when it expires.

    The latter is in seconds since 1970.

    Raises:
        ProblemError: the files are served to nobody any more.
    """
    signature, expires = site.capabilities.sign(summary.id, whom_it_is_for(site, summary.id))
    return f"/d/{summary.id}.{signature}/{quote(unique_name(summary), safe='')}", expires


def _preparation(site: Site, summary: OrderSummary) -> Job | None:
    job = Jobs(site.desk.store).newest(PREPARE, summary.user, {"order": summary.id})
    return None if job is None else replace(job, message=site.told(job.message))


def _phase(summary: OrderSummary, job: Job | None) -> Phase:
    if job is None:
        return Phase.READY if summary.archive_sha256 else Phase.NEW
    if job.state is JobState.DONE:
        return Phase.FAILED if _failed_in(job) else Phase.READY
    return _PHASES[job.state]


_PHASES = {
    JobState.QUEUED: Phase.QUEUED,
    JobState.RUNNING: Phase.PREPARING,
    JobState.FAILED: Phase.FAILED,
    JobState.CANCELLED: Phase.CANCELLED,
}


def _failed_in(job: Job) -> bool:
    return isinstance(job.result, dict) and bool(job.result.get("failed"))
