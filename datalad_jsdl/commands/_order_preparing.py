"""``datalad download-order prepare``: here, or by a worker."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.errors import OrderError
from datalad_jsdl.model.amounts import counted, size_text
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.jobs.worker import run_job
from datalad_jsdl.orders.model import FileRef
from datalad_jsdl.orders.tasks import PREPARE, tasks

if TYPE_CHECKING:
    from datalad_jsdl.commands._order_call import Call, Records
    from datalad_jsdl.orders.jobs.model import Job
    from datalad_jsdl.orders.model import Order

__all__ = ["prepare"]

lgr = logging.getLogger("datalad.jsdl.download_order")

_LEASE = 10.0  # seconds after which the work of a killed process is taken over
_LOOK = 0.5  # seconds


def prepare(call: Call) -> Records:
    """Prepare an order, or put that into the queue."""
    order = call.order()
    desk = call.at.desk
    jobs = Jobs(desk.store)
    job = jobs.start(PREPARE, call.user, {"order": order.summary.id})
    if call.queue:
        with Waker(desk.store, call.waker) as waker:
            waker.wake(job.id)
        place = jobs.queue_position(job)
        text = f"in the queue, behind {counted(place, 'other job')}" if place else "in the queue"
        yield call.record(f"{text}; a worker prepares it", order, job=job.id)
        return
    yield from _prepared(call, order, _run_or_watch(call, jobs, job))


def _run_or_watch(call: Call, jobs: Jobs, job: Job) -> Job:
    """The job, when it has ended: run here, or by whoever has it already.

    One whose process was killed is taken over once its lease has run out.
    """
    with Bars(lgr).bar(job.id, "bytes") as bar:
        kinds = tasks(call.at.desk, partial(bar.watch, "preparing"))
        while True:
            ended = run_job(jobs, kinds, job.id, lease=_LEASE)
            found = ended if ended is not None else jobs.find(job.id)
            if found.state.is_end:
                return found
            bar.update("preparing", found.progress, found.total)
            time.sleep(_LOOK)


def _prepared(call: Call, order: Order, job: Job) -> Records:
    if job.state is not JobState.DONE or not isinstance(job.result, dict):
        raise OrderError(f"order {order.summary.id} was not prepared: {job.message}")
    failed = job.result["failed"]
    places = call.at.desk.places()
    for item in failed if isinstance(failed, list) else ():
        if isinstance(item, dict):
            ref = FileRef(str(item["source"]), str(item["path"]), "")
            yield call.record(
                f"{item['path']}: {item['text']}", status="error", type="file",
                path=str(places.path(ref, call.at.path)), access=item["access"],
            )  # fmt: skip
    if failed:
        made = f"datalad download-order create --from {order.summary.id}"
        yield call.record(
            f"{counted(len(failed) if isinstance(failed, list) else 0, 'file')} cannot be read; to "
            f"order the other files, run: {made}",
            order,
            status="error",
        )
        return
    size = job.result["archive_size"]
    sha256 = job.result["sha256"]
    text = f"prepared {counted(len(order.files), 'file')}"
    if isinstance(size, int):
        text += f"; the archive has {size_text(size)}"
    text += f", SHA-256 {sha256}" if sha256 else "; the first export tells its SHA-256"
    yield call.record(text, order, bytes=size, sha256=sha256)
