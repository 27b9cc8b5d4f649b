"""Images and recordings of LORIS: ``…/projects/NAME``, or ``…/candidates/ID[/VISIT]``.

From its REST API (https://github.com/aces/Loris, ``modules/api/docs``), version 0.0.3 unless the
URL names another one (``…/api/v0.0.4/projects/NAME``). Paths are ``PSCID/VISIT/NAME``; there are
neither sizes nor digests. Links begin with a slash, but are relative to the API itself, and those
of recordings name a route that does not exist. Archives of DICOM are not listed. LORIS wants a
user name and a password, for which it gives a token that is good for a day (``kind=login``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats.documents import dig, each
from datalad_jsdl.manifest.portals.paging import Closed, ask, explained, items_of, login_line
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.urls import origin_of, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.portals.api import Api

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
_LINK = re.compile(r"/?candidates/([^/]+)/(.+)/(images|recordings|electrophysiology)/([^/]+)")
# what a project's list is called, and the route of its files
_KINDS = {"images": "Images", "recordings": "Recordings"}


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
    for kind, listed in _KINDS.items():
        url = f"{root}/projects/{quote(name, safe='')}/{kind}"
        document = _listing(api, url, optional=kind != "images")
        if document is not None:
            items = items_of(document, redact(url), listed)
            yield from each(items, listed, partial(_linked, root))


def _linked(root: str, item: dict[str, Any], where: str) -> Iterator[Record]:
    """A file of a project's list."""
    link = item.get("Link")
    match = _LINK.fullmatch(link) if isinstance(link, str) else None
    if match is None:
        yield Record(None, None, where, "Link is not that of an image or recording")
        return
    candidate, label, route, file = match.groups()
    visit = _Visit(root, candidate, item.get("PSCID"), label)
    yield visit.record("images" if route == "images" else "recordings", file, where)


def _of_candidate(api: Api, root: str, candidate: str, visit: str | None) -> Iterator[Record]:
    url = f"{root}/candidates/{quote(candidate, safe='')}"
    found = ask(api, url)
    for label in [visit] if visit else items_of(found, redact(url), "Visits"):
        if not isinstance(label, str):
            raise ManifestError(f"{redact(url)}: a visit is not a string")
        one = _Visit(root, candidate, dig(found, "Meta", "PSCID"), label)
        for kind in _KINDS:
            place = f"{url}/{quote(label, safe='')}/{kind}"
            document = _listing(api, place, optional=kind != "images")
            if document is not None:
                items = items_of(document, redact(place), "Files")
                yield from each(items, f"{label} {kind}", partial(one.named, kind))


@dataclass(frozen=True, slots=True)
class _Visit:
    """What the files of a visit have in common."""

    root: str
    candidate: str
    pscid: Any
    label: str

    def named(self, kind: str, item: dict[str, Any], where: str) -> Iterator[Record]:
        """A file of the visit's own list."""
        file = item.get("Filename")
        if isinstance(file, str):
            yield self.record(kind, file, where)
        else:
            yield Record(None, None, where, "Filename is not a string")

    def record(self, kind: str, file: str, where: str) -> Record:
        """A file by its name."""
        folder = self.pscid if isinstance(self.pscid, str) and self.pscid else self.candidate
        names = (folder, self.label, file)
        if any("/" in name for name in names):
            return Record(None, None, where, "a name has a slash")
        parts = ("candidates", self.candidate, self.label, kind, file)
        place = "/".join(quote(part, safe="", errors="replace") for part in parts)
        return Record("/".join(names), {"urls": f"{self.root}/{place}"}, where)


def _listing(api: Api, url: str, *, optional: bool) -> dict[str, Any] | None:
    """An answer; None if the server has none of the kind, as older ones have no recordings."""
    try:
        return ask(api, url)
    except StatusError as error:
        if optional and error.status == 404:
            return None
        raise
