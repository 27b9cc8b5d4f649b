"""Files of one experiment of XNAT (``…/data/experiments/ID``), or of all in a project or subject.

From its REST API (https://wiki.xnat.org). Each list is read as by the format ``xnat``: the files of
the scans, and of the resources that belong to the session itself. Of a project or subject
(``…/data/projects/ID``, ``…/data/projects/ID/subjects/ID``) each session is a folder of its label.
A digest is an MD5, and often missing. XNAT wants a user name and a password (Basic).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats import xnat_files
from datalad_jsdl.manifest.formats.documents import dig, objects
from datalad_jsdl.manifest.portals.paging import Closed, ask, explained, items_of, login_line
from datalad_jsdl.manifest.portals.reading import read_by
from datalad_jsdl.model.urls import origin_of, redact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from datalad_jsdl.manifest.portals.api import Api
    from datalad_jsdl.manifest.record import Record

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = (
    "xnat+https://xnat.example/data/experiments/ID",
    "xnat+https://xnat.example/data/projects/ID",
)
BASE: str | None = None
API = ""

_ADDRESS = re.compile(
    r"(https?://.*?)(?:/data|/REST)?"
    r"/((?:(?:archive/)?projects/[^/]+(?:/subjects/[^/]+)?|subjects/[^/]+))?"
    r"(?:/?experiments/([^/]+))?"
)
_FORM = "format=json"


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record a file."""
    match = _ADDRESS.fullmatch(base)
    if match is None or not (match[2] or match[3]):
        raise ManifestError(f"expected the URL of an experiment or project, as in {EXAMPLES[0]}")
    root = f"{match[1]}/data"
    closed = Closed(
        "XNAT requires a login with access to the project",
        login_line(origin_of(base), " user=YOU"),
    )
    unknown = f"XNAT has no such experiment, subject or project, or no API at {root}"
    with explained({401: closed, 403: closed, 404: unknown}):
        if match[3]:
            inner = f"/{match[2]}" if match[2] else ""
            yield from _of_session(api, f"{root}{inner}/experiments/{match[3]}")
            return
        listing = f"{root}/{match[2]}/experiments?{_FORM}"
        for label, identifier in _sessions(api, listing):
            session = f"{root}/experiments/{quote(identifier, safe='')}"
            for record in _of_session(api, session):
                named = isinstance(record.path, str)
                yield record._replace(path=f"{label}/{record.path}") if named else record


def _sessions(api: Api, url: str) -> Iterator[tuple[str, str]]:
    """Label and ID of each; a label is unique in its project."""
    for item in objects(_results(api, url)):
        identifier, label = item.get("ID"), item.get("label")
        if not isinstance(identifier, str) or not identifier:
            raise ManifestError(f"{redact(url)}: an experiment has no ID")
        yield (label if isinstance(label, str) and label else identifier), identifier


def _of_session(api: Api, session: str) -> Iterator[Record]:
    """The files of its scans, and of its own resources."""
    lists = [f"{session}/scans/ALL/files?{_FORM}"]
    labels = [item.get("label") for item in objects(_results(api, f"{session}/resources?{_FORM}"))]
    for label in labels:
        if isinstance(label, str) and label:
            lists.append(f"{session}/resources/{quote(label, safe='')}/files?{_FORM}")
    for url in lists:
        try:
            answer = api.get(url)
        except StatusError as error:
            # what is no imaging session, such as a form, has no scans
            if error.status != 404 or url != lists[0]:
                raise
            continue
        yield from read_by(xnat_files, answer)


def _results(api: Api, url: str) -> list[Any]:
    return items_of(dig(ask(api, url), "ResultSet"), redact(url), "Result")
