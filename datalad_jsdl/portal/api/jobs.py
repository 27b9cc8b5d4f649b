"""Operations on what is done in the background for a visitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.portal.access import find_job
from datalad_jsdl.portal.api.operations import Answer, as_json
from datalad_jsdl.portal.api.values import job_object

if TYPE_CHECKING:
    from datalad_jsdl.portal.api.operations import Asked

__all__ = ["cancel", "show"]


def show(asked: Asked) -> Answer:
    """How far a job is."""
    job = find_job(asked.site, asked.who, asked.path["job"])
    return as_json(job_object(job, Jobs(asked.site.desk.store).queue_position(job)))


def cancel(asked: Asked) -> Answer:
    """Cancel a job; one that has ended stays as it is."""
    job = find_job(asked.site, asked.who, asked.path["job"])
    return as_json(job_object(Jobs(asked.site.desk.store).cancel(job.id)))
