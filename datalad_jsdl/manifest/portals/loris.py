"""Files of LORIS: ``…/projects/NAME``, ``…/projects/NAME/dicoms``, ``…/candidates/ID[/VISIT]``.

From its REST API (https://github.com/aces/Loris, ``modules/api/docs``), version 0.0.3 unless the
URL names another one (``…/api/v0.0.4/projects/NAME``). Paths are ``PSCID/VISIT/NAME``; there are
neither sizes nor digests. Links begin with a slash, but are relative to the API itself, and those
of recordings name a route that does not exist. Archives of DICOM are listed visit by visit: those
of a candidate or visit are taken with its images and recordings, those of a project, which take a
request for each of its visits, by an address of their own. LORIS wants a user name and a password,
for which it gives a token that is good for a day (``kind=login``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats.documents import dig
from datalad_jsdl.manifest.formats.loris import Visit, project_records
from datalad_jsdl.manifest.portals.paging import Closed, ask, explained, items_of, login_line
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.urls import origin_of, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "loris+https://loris.example/projects/NAME",
    "loris+https://loris.example/projects/NAME/dicoms",
    "loris+https://loris.example/candidates/ID/VISIT",
)
BASE: str | None = None
API = ""

_ADDRESS = re.compile(
    r"(?P<host>https?://.*?)(?P<api>/api/v[0-9][^/]*)?/(?:"
    r"projects/(?P<project>[^/]+)(?P<dicoms>/dicoms)?|candidates/(?P<id>[^/]+)(?:/(?P<visit>[^/]+))?)"
)
_VERSION = "/api/v0.0.3"
_IMAGES, _RECORDINGS, _DICOMS = "images", "recordings", "dicoms"


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _ADDRESS.fullmatch(base)
    if match is None:
        raise ManifestError(f"expected the URL of a project or candidate, as in {EXAMPLES[0]}")
    root = match["host"] + (match["api"] or _VERSION)
    closed = Closed(
        "LORIS requires a login with access to the project",
        login_line(origin_of(root), f" kind=login user=YOU token-endpoint={root}/login"),
    )
    unknown = f"LORIS has no such project, candidate or visit, or no API at {root}"
    with explained({400: unknown, 401: closed, 403: closed, 404: unknown}):
        if match["dicoms"]:
            yield from _dicoms_of_project(api, root, unquote(match["project"]))
        elif match["project"]:
            yield from _of_project(api, root, unquote(match["project"]))
        else:
            visit = match["visit"] and unquote(match["visit"])
            yield from _of_candidate(api, root, unquote(match["id"]), visit)


def _of_project(api: Api, root: str, name: str) -> Iterator[Record]:
    for kind in (_IMAGES, _RECORDINGS):
        document = _listing(api, f"{root}/projects/{quote(name, safe='')}/{kind}", kind)
        if document is not None:
            yield from project_records(root, document)


def _of_candidate(api: Api, root: str, candidate: str, visit: str | None) -> Iterator[Record]:
    found = ask(api, _candidate_url(root, candidate))
    visits = [one for one in _visits(root, candidate, found) if visit in (None, one.label)]
    if visit and not visits:
        raise ManifestError(f"the candidate {candidate} has no visit {visit}")
    for one in visits:
        for kind in (_IMAGES, _RECORDINGS):
            document = _listing(api, _visit_url(one, kind), kind)
            if document is not None:
                yield from one.records(document, kind)
        yield from _dicoms(api, one)


def _dicoms_of_project(api: Api, root: str, name: str) -> Iterator[Record]:
    """The archives of all visits of its candidates, several of which are asked for at a time."""
    url = f"{root}/projects/{quote(name, safe='')}"
    candidates = [str(number) for number in items_of(ask(api, url), redact(url), "Candidates")]
    places = (_candidate_url(root, candidate) for candidate in candidates)
    for candidate, answer in zip(candidates, api.get_all(places), strict=True):
        for one in _visits(root, candidate, answer.document()):
            yield from _dicoms(api, one)


def _visits(root: str, candidate: str, found: Any) -> Iterator[Visit]:
    url = redact(_candidate_url(root, candidate))
    for label in items_of(found, url, "Visits"):
        if not isinstance(label, str):
            raise ManifestError(f"{url}: a visit is not a string")
        yield Visit(root, candidate, dig(found, "Meta", "PSCID"), label)


def _dicoms(api: Api, visit: Visit) -> Iterator[Record]:
    """The archives of a visit; who sees its images may still not see these."""
    try:
        document = _listing(api, _visit_url(visit, _DICOMS), _DICOMS)
    except StatusError as error:
        if error.status != 403:
            raise
        where = f"{visit.candidate}/{visit.label}"
        yield Record(None, None, where, "you may not see the DICOM archives of the visit")
        return
    if document is not None:
        yield from visit.records(document, _DICOMS)


def _candidate_url(root: str, candidate: str) -> str:
    return f"{root}/candidates/{quote(candidate, safe='')}"


def _visit_url(visit: Visit, kind: str) -> str:
    return f"{_candidate_url(visit.root, visit.candidate)}/{quote(visit.label, safe='')}/{kind}"


def _listing(api: Api, url: str, kind: str) -> dict[str, Any] | None:
    """An answer; None from a server that knows no recordings or archives, as older ones."""
    try:
        return ask(api, url)
    except StatusError as error:
        if kind != _IMAGES and error.status == 404:
            return None
        raise
