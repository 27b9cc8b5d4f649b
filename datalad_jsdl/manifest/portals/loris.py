"""Images and recordings of LORIS: ``…/projects/NAME``, or ``…/candidates/ID[/VISIT]``.

From its REST API (https://github.com/aces/Loris, ``modules/api/docs``), version 0.0.3 unless the
URL names another one (``…/api/v0.0.4/projects/NAME``). Paths are ``PSCID/VISIT/NAME``; there are
neither sizes nor digests. Links begin with a slash, but are relative to the API itself, and those
of recordings name a route that does not exist. Archives of DICOM are not listed. LORIS wants a
user name and a password, for which it gives a token that is good for a day (``kind=login``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats.documents import dig
from datalad_jsdl.manifest.formats.loris import Visit, project_records
from datalad_jsdl.manifest.portals.paging import Closed, ask, explained, items_of, login_line
from datalad_jsdl.model.urls import origin_of, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "loris+https://loris.example/projects/NAME",
    "loris+https://loris.example/candidates/ID/VISIT",
)
BASE: str | None = None
API = ""

_ADDRESS = re.compile(
    r"(https?://.*?)(/api/v[0-9][^/]*)?/(?:projects/([^/]+)|candidates/([^/]+)(?:/([^/]+))?)"
)
_VERSION = "/api/v0.0.3"
_RECORDINGS = "recordings"
_KINDS = ("images", _RECORDINGS)


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _ADDRESS.fullmatch(base)
    if match is None:
        raise ManifestError(f"expected the URL of a project or candidate, as in {EXAMPLES[0]}")
    root = match[1] + (match[2] or _VERSION)
    closed = Closed(
        "LORIS requires a login with access to the project",
        login_line(origin_of(root), f" kind=login user=YOU token-endpoint={root}/login"),
    )
    unknown = f"LORIS has no such project, candidate or visit, or no API at {root}"
    with explained({400: unknown, 401: closed, 403: closed, 404: unknown}):
        if match[3]:
            yield from _of_project(api, root, unquote(match[3]))
        else:
            yield from _of_candidate(api, root, unquote(match[4]), match[5] and unquote(match[5]))


def _of_project(api: Api, root: str, name: str) -> Iterator[Record]:
    for kind in _KINDS:
        document = _listing(api, f"{root}/projects/{quote(name, safe='')}/{kind}", kind)
        if document is not None:
            yield from project_records(root, document)


def _of_candidate(api: Api, root: str, candidate: str, visit: str | None) -> Iterator[Record]:
    url = f"{root}/candidates/{quote(candidate, safe='')}"
    found = ask(api, url)
    for label in [visit] if visit else items_of(found, redact(url), "Visits"):
        if not isinstance(label, str):
            raise ManifestError(f"{redact(url)}: a visit is not a string")
        one = Visit(root, candidate, dig(found, "Meta", "PSCID"), label)
        for kind in _KINDS:
            document = _listing(api, f"{url}/{quote(label, safe='')}/{kind}", kind)
            if document is not None:
                yield from one.records(document, kind)


def _listing(api: Api, url: str, kind: str) -> dict[str, Any] | None:
    """An answer; None from a server that knows no recordings, as older ones."""
    try:
        return ask(api, url)
    except StatusError as error:
        if kind == _RECORDINGS and error.status == 404:
            return None
        raise
