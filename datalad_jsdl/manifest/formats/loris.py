"""The images and recordings of a project or visit on a LORIS server, from its REST API (JSON).

Described in LORIS's ``modules/api/docs/LorisRESTAPI.md``. A ``Link`` is relative to the root of the
API, ``…/api/v0.0.3``, so the manifest needs its address or a base URL that has it. That of a
recording names a route that no server answers (``electrophysiology``); the one that it has is
``recordings``. LORIS gives neither sizes nor digests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig, load, objects
from datalad_jsdl.manifest.formats.fields import quoted
from datalad_jsdl.manifest.formats.listing import Listing
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["Visit", "api_root", "project_records", "records", "sniff"]

_PROJECT = Listing((("Images",), ("Recordings",)), (("PSCID",), ("Visit",), ("Link",)))
_VISIT = Listing((("Files",),), (("Filename",), ("OutputType",)))
_DICOMS = Listing((("DicomTars",),), (("Tarname",),))
_API = re.compile(r"(https?://[^/]+(?:/.*?)?/api/v[^/]+)(?:/|$)")
_LINK = re.compile(r"/?candidates/([^/]+)/(.+)/(images|recordings|electrophysiology)/([^/]+)")


def sniff(head: str) -> bool:
    """Images or recordings of a project, or files or DICOM archives of a visit."""
    return any(listing.sniff(head) for listing in (_PROJECT, _VISIT, _DICOMS))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an image, recording or archive of DICOM files.

    Raises:
        ManifestError: the document is not JSON, or has no such list.
    """
    document = load(text)
    root = api_root(options.base_url or "")
    if isinstance(document, dict) and "Meta" in document:
        yield from _visit_of(root, document).records(document, _route_of(document))
    else:
        yield from project_records(root, document)


def api_root(url: str) -> str:
    """The root of the API that a URL is below; the URL itself if it has no version."""
    match = _API.match(url)
    return match[1] if match else url.rstrip("/")


def project_records(root: str, document: Any) -> Iterator[Record]:
    """The records of a project's images or recordings.

    Raises:
        ManifestError: the document has no list of them.
    """
    yield from _PROJECT.document_records(document, partial(_linked, root))


def _linked(root: str, item: dict[str, Any], where: str) -> Iterator[Record]:
    link = item.get("Link")
    match = _LINK.fullmatch(link) if isinstance(link, str) else None
    if match is None:
        yield Record(None, None, where, "Link is not that of an image or recording")
        return
    candidate, label, route, file = match.groups()
    route = "images" if route == "images" else "recordings"
    yield Visit(root, candidate, item.get("PSCID"), label).record(route, file, where)


@dataclass(frozen=True, slots=True)
class Visit:
    """What the files of a visit have in common.

    Attributes:
        root: of the API.
        candidate: its number.
        pscid: the candidate's name in the study, which paths begin with; else the number does.
        label: of the visit.
    """

    root: str
    candidate: str
    pscid: Any
    label: str

    def records(self, document: Any, route: str) -> Iterator[Record]:
        """The records of its images, recordings or archives, whose list has names and no links.

        Raises:
            ManifestError: the document has no such list.
        """
        listing = _DICOMS if route == "dicoms" else _VISIT
        yield from listing.document_records(document, partial(self._named, route))

    def _named(self, route: str, item: dict[str, Any], where: str) -> Iterator[Record]:
        name = item.get("Filename", item.get("Tarname"))
        if isinstance(name, str):
            yield self.record(route, name, where)
        else:
            yield Record(None, None, where, "the name is missing or not a string")

    def record(self, route: str, name: str, where: str) -> Record:
        """A file by the part of the API that has it, and its name."""
        folder = self.pscid if isinstance(self.pscid, str) and self.pscid else self.candidate
        names = (folder, self.label, name)
        if any("/" in part for part in names):
            return Record(None, None, where, "a name has a slash")
        parts = ("candidates", self.candidate, self.label, route, name)
        place = "/".join(map(quoted, parts))
        return Record("/".join(names), {"urls": [f"{self.root}/{place}"]}, where)


def _route_of(document: Any) -> str:
    """What the files of a visit's list are, by what it says of them."""
    if dig(document, "DicomTars") is not None:
        return "dicoms"
    files = objects(dig(document, "Files"))
    return "recordings" if any("AcquisitionModality" in item for item in files) else "images"


def _visit_of(root: str, document: Any) -> Visit:
    """The visit that a document says it is of."""
    meta = dig(document, "Meta")
    candidate, label = dig(meta, "CandID") or dig(meta, "Candidate"), dig(meta, "Visit")
    return Visit(root, str(candidate), dig(meta, "PSCID"), str(label))
