"""All files of a patient, study or series of an Orthanc server, ordered past the list.

They are those that the server has now, by the names that its own archive has for them.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import FetchError, OrderError, StatusError
from datalad_jsdl.operations.manifest_contents import Listed
from datalad_jsdl.operations.manifest_place import place_of
from datalad_jsdl.orders.choosing.choice import Choice
from datalad_jsdl.orders.choosing.manifests import choose_from_manifest
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.model import SourceKind
from datalad_jsdl.orders.ordering import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.orders.desk import Desk
    from datalad_jsdl.orders.jobs.lease import Lease
    from datalad_jsdl.orders.jobs.model import JSON

__all__ = ["collect", "collecting"]

lgr = logging.getLogger(LOGGER)

_BAD_LOGIN = "it does not accept the login that it is asked with"
_STATUSES = {401: _BAD_LOGIN, 403: _BAD_LOGIN, 404: "something of it was deleted meanwhile"}


def collecting(
    source: str, resource: str, version: str, name: str, limits: Limits
) -> dict[str, JSON]:
    """The arguments of a job that orders what a server has of something.

    Args:
        source: name of the server's source.
        resource: such as ``studies/ID``, with Orthanc's own ID.
        version: another one as soon as the server may have other files of it.
        name: of the archive.
        limits: of the order.
    """
    return {
        "source": source, "resource": resource, "version": version, "name": name,
        "files": limits.files, "bytes": limits.size,
    }  # fmt: skip


def collect(desk: Desk, prepare: str, lease: Lease) -> JSON:
    """Order the files, and have the order prepared.

    Args:
        desk: the store, and where its sources are.
        prepare: kind of the job that does so.
        lease: on the job whose arguments `collecting` has made.

    Raises:
        OrderError: the server is no source any more, or the order would be too large.
        ManifestError, FetchError: the server cannot be asked.
    """
    args = lease.job.args
    places = desk.places()
    source = places.sources.get(str(args["source"]))
    if source is None or source.kind is not SourceKind.ORTHANC:
        raise OrderError(f"there is no server {args['source']} any more")
    place = place_of(f"orthanc+{source.location}/{args['resource']}", None, None, None, ())
    with lease.keep(), _in_words(source.name):
        listed = Listed(place, credentials=desk.credentials)
        chosen = choose_from_manifest(listed, source, Choice(recursive=True))
    if chosen.missing:
        path, reason = next(iter(chosen.missing.items()))
        raise OrderError(
            f"{len(chosen.missing)} of the files cannot be in a zip, such as {path}: {reason}"
        )
    lease.check()  # from here on it cannot be taken back
    order = desk.orders.place(
        lease.job.user, chosen.files, str(args["name"]),
        limits=Limits(_number(args["files"]), _number(args["bytes"])),
    )  # fmt: skip
    job = Jobs(desk.store).start(prepare, lease.job.user, {"order": order.summary.id})
    return {"order": order.summary.id, "job": job.id}


@contextmanager
def _in_words(name: str) -> Iterator[None]:
    """What visitors are told of a server that does not answer; the log has where it is."""
    try:
        yield
    except FetchError as error:
        lgr.warning("%s: %s", name, error)
        status = error.status if isinstance(error, StatusError) else 0
        why = _STATUSES.get(status) or (f"it answers with status {status}" if status else "")
        raise FetchError(
            f"{name} did not tell which files it has: {why or 'it does not answer'}"
        ) from None


def _number(given: JSON) -> int | None:
    return given if isinstance(given, int) else None
