"""Operations on a visitor's list."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import OrderError
from datalad_jsdl.orders.archive_names import archive_name
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.jobs.model import JobState
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.links import links_of
from datalad_jsdl.orders.tasks import ADD, REVIEW
from datalad_jsdl.portal import actions
from datalad_jsdl.portal.access import find_job, find_served, limits_of, sources_of
from datalad_jsdl.portal.api.operations import Answer, as_json
from datalad_jsdl.portal.api.values import job_object, list_object, order_object, review_object
from datalad_jsdl.portal.order_actions import order as place
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from datalad_jsdl.orders.jobs.model import Job
    from datalad_jsdl.portal.api.operations import Asked
    from datalad_jsdl.portal.served import Served

__all__ = [
    "add",
    "add_result",
    "add_start",
    "check",
    "choice_of",
    "clear",
    "order",
    "pending",
    "place_at",
    "remove",
    "review",
    "show",
    "undo",
    "zip_name",
]


def show(asked: Asked) -> Answer:
    """The whole list."""
    desk, user = asked.site.desk, asked.user
    found, _ = actions.review(asked.site, user, limits_of(asked.site, asked.who))
    links = {}
    if asked.query.get("links"):
        links = links_of(desk.lists.files(user), desk.places())
    total = desk.lists.statistics(user)
    return as_json(list_object(found, total, desk.lists.updated_on(user), links))


def add(asked: Asked) -> Answer:
    """Add one file."""
    served = find_served(asked.site, asked.who, asked.body["dataset"])
    chosen = actions.choose(asked.site, served, Choice((asked.body["path"],)))
    if [file.ref.path for file in chosen.files] != [asked.body["path"]]:
        raise ProblemError(
            HTTPStatus.NOT_FOUND,
            f"{asked.body['path']} is a folder, or cannot be in an archive; to add a folder, use "
            "AddFolderRequest",
            field="path",
        )
    actions.add(asked.site, asked.user, chosen)
    return show(asked)


def add_start(asked: Asked) -> Answer:
    """Have files added by a worker."""
    served, choice = _wanted(asked)
    job = actions.add_later(asked.site, asked.user, served, choice)
    return as_json({"token": job.id}, HTTPStatus.ACCEPTED)


def _wanted(asked: Asked) -> tuple[Served, Choice]:
    body = asked.body
    if body["concreteType"] == "AddFolderRequest":
        served, folder = place_at(asked, body["parentId"])
        asked.site.browser.total(served, folder)  # there is such a folder
        return served, Choice((folder,), recursive=body.get("recursive", False))
    served = find_served(asked.site, asked.who, body["dataset"])
    return served, choice_of(body)


def place_at(asked: Asked, at: str) -> tuple[Served, str]:
    """What is served, and the folder in it, that ``NAME/folder`` is."""
    name, _, folder = at.partition("/")
    return find_served(asked.site, asked.who, name), folder.rstrip("/")


def choice_of(body: dict[str, Any]) -> Choice:
    """What is chosen by paths and a query; by a query alone in all of a dataset."""
    query = body.get("query", {})
    return Choice(
        tuple(path.rstrip("/") for path in body.get("paths", [""])),
        recursive=body.get("recursive", bool(query)),
        globs=_several(query.get("glob", ())),
        where=query.get("table", ""),
        metadata=_several(query.get("metadata", ())),
    )


def _several(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def add_result(asked: Asked) -> Answer:
    """The list, once a worker has added to it."""
    job = find_job(asked.site, asked.who, asked.path["job"], ADD)
    return pending(asked, job) or show(asked)


def pending(asked: Asked, job: Job) -> Answer | None:
    """The answer for a job that has not come to its result; None if it has.

    Raises:
        ProblemError: it never will.
    """
    if job.state is JobState.DONE:
        return None
    if job.state.is_end:
        said = job.message or "it was cancelled"
        raise ProblemError(HTTPStatus.CONFLICT, f"the job has {job.state.value}: {said}")
    position = Jobs(asked.site.desk.store).queue_position(job)
    return as_json(job_object(job, position), HTTPStatus.ACCEPTED, retry_after="1")


def remove(asked: Asked) -> Answer:
    """Take files off."""
    files = [(file["dataset"], file["path"]) for file in asked.body]
    actions.remove(asked.site, asked.user, files)
    return show(asked)


def clear(asked: Asked) -> Answer:
    """Take all files off."""
    actions.clear(asked.site, asked.user)
    return Answer(status=HTTPStatus.NO_CONTENT)


def undo(asked: Asked) -> Answer:
    """Bring back what was taken off last."""
    actions.undo(asked.site, asked.user)
    return show(asked)


def review(asked: Asked) -> Answer:
    """The list by what is known of its files."""
    limits = limits_of(asked.site, asked.who)
    return as_json(review_object(*actions.review(asked.site, asked.user, limits), limits))


def check(asked: Asked) -> Answer:
    """Have a worker ask the mirrors."""
    job = actions.ask_mirrors(asked.site, asked.user)
    return as_json({"token": job.id}, HTTPStatus.ACCEPTED)


def check_result(asked: Asked) -> Answer:
    """The list by what mirrors said of its files, once they were asked."""
    job = find_job(asked.site, asked.who, asked.path["job"], REVIEW)
    return pending(asked, job) or review(asked)


def order(asked: Asked) -> Answer:
    """Order the list, or some of it."""
    subset = asked.body.get("subSet")
    chosen = None if subset is None else [(file["dataset"], file["path"]) for file in subset]
    site, visitor, name = asked.site, asked.who, zip_name(asked.body)
    limits, sources = limits_of(site, visitor), sources_of(site, visitor)
    placed = place(site, visitor.user, name, chosen, limits, sources)
    where = f"/api/v1/download/order/{placed.summary.id}"
    return as_json(order_object(placed), HTTPStatus.CREATED, location=where)


def zip_name(body: dict[str, Any]) -> str:
    """The name that is asked for; "" for none.

    Raises:
        ProblemError: no archive can be named so.
    """
    name: str = body.get("zipFileName", "")
    try:
        archive_name(name, 0)
    except OrderError as error:
        raise ProblemError(HTTPStatus.BAD_REQUEST, str(error), field="zipFileName") from None
    return name
