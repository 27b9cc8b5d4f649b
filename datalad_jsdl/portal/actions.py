"""What visitors do with their lists, for pages and programs alike.

Each of these reads the store, git or a manifest: it is to be called by a thread (`Site.run`). All
raise `StoreError` where the store refuses.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from datalad_jsdl.orders.choosing.any_source import choose as choose_from
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.model import FileRef
from datalad_jsdl.orders.review import fitting, review_list
from datalad_jsdl.orders.tasks import ADD, REVIEW, adding
from datalad_jsdl.portal.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from datalad_jsdl.orders.choosing.choice import Chosen
    from datalad_jsdl.orders.jobs.model import JSON, Job
    from datalad_jsdl.orders.ordering import Limits
    from datalad_jsdl.orders.review import Fit, Review
    from datalad_jsdl.portal.served import Served
    from datalad_jsdl.portal.site import Site

__all__ = [
    "add",
    "add_later",
    "ask_mirrors",
    "choose",
    "clear",
    "remove",
    "remove_below",
    "review",
    "start",
    "undo",
]

_ACTIVE = 50  # jobs of one user that wait or run


def choose(site: Site, served: Served, choice: Choice) -> Chosen:
    """What a choice of files comes to; nothing is added. `statistics_of` tells how much it is.

    Raises:
        NothingThereError: there is nothing at a path.
        QueryError: a query cannot be understood.
        OrderError, DatasetError, ManifestError, FetchError: the source is unavailable.
    """
    return choose_from(site.desk.places(), served.name, choice, site.kept)


def add(site: Site, user: str, chosen: Chosen) -> int:
    """Put files on a list; how many were not on it."""
    return site.desk.add(user, chosen)


def add_later(site: Site, user: str, served: Served, choice: Choice) -> Job:
    """Have a worker put files on a list. The job's result tells how many, and what is missing."""
    return start(site, ADD, user, adding(served.name, choice))


def remove(site: Site, user: str, files: Iterable[tuple[str, str]]) -> int:
    """Take files off a list, each by source and path; how many were on it. `undo` undoes it."""
    return site.desk.lists.remove(user, [FileRef(source, path, "") for source, path in files])


def remove_below(site: Site, user: str, source: str, paths: Iterable[str]) -> int:
    """Take files, and all that is below folders, off a list; how many were on it."""
    chosen = Choice(tuple(paths), recursive=True)
    listed = site.desk.lists.files(user)
    refs = [file.ref for file in listed if file.ref.source == source and chosen(file.ref.path)]
    return site.desk.lists.remove(user, refs)


def clear(site: Site, user: str) -> int:
    """Take all files off a list; how many there were. `undo` undoes it."""
    return site.desk.lists.clear(user)


def undo(site: Site, user: str) -> int:
    """Undo the last of a user's removals that is not undone; how many files are back."""
    return site.desk.lists.undo(user)


def review(site: Site, user: str, limits: Limits | None = None) -> tuple[Review, Fit]:
    """A list by what is known of its files, and what of it fits into one order.

    Args:
        site: of the portal.
        user: whose list.
        limits: of one order; None for those of the site. `limits_of` tells a visitor's.
    """
    limits = limits or site.limits
    found = review_list(site.desk.store, user, limits)
    groups = [replace(group, text=site.told(group.text)) for group in found.groups]
    found = replace(found, groups=groups)
    return found, fitting(found, limits)


def ask_mirrors(site: Site, user: str) -> Job:
    """Have a worker ask the mirrors of a list's files whether they are available."""
    return start(site, REVIEW, user, {})


def start(site: Site, kind: str, user: str, args: dict[str, JSON]) -> Job:
    """Start a job, and wake somebody who does it."""
    jobs = Jobs(site.desk.store)
    if sum(not job.state.is_end for job in jobs.of_user(user, limit=_ACTIVE)) >= _ACTIVE:
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"{_ACTIVE} of your jobs are waiting; when some of them are done, ask again",
            {"retry-after": "60"},
        )
    job = jobs.start(kind, user, args)
    site.wake(job.id)
    return job
