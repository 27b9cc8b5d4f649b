"""The images and recordings of a project or visit on a LORIS server, from its REST API (JSON).

Described in LORIS's ``modules/api/docs/LorisRESTAPI.md``. A ``Link`` is relative to the root of the
API, ``…/api/v0.0.3``, so the manifest needs its address or a base URL that has it. That of a
recording names a route that no server answers (``electrophysiology``); the one that it has is
``recordings``. LORIS gives neither sizes nor digests.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig, load
from datalad_jsdl.manifest.formats.fields import quoted
from datalad_jsdl.manifest.formats.listing import Listing, file_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["api_root", "link_record", "records", "sniff", "visit_record"]

_PROJECT = Listing((("Images",), ("Recordings",)), (("PSCID",), ("Visit",), ("Link",)))
_VISIT = Listing((("Files",),), (("Filename",), ("OutputType",)))
_DICOMS = Listing((("DicomTars",),), (("Tarname",),))
_API = re.compile(r"(https?://[^/]+(?:/.*?)?/api/v[^/]+)(?:/|$)")
_ROUTE = re.compile(r"(/candidates/[^/]+/[^/]+)/electrophysiology/")


def sniff(head: str) -> bool:
    """Files with the fields of a project's list, or of a visit's."""
    return any(listing.sniff(head) for listing in (_PROJECT, _VISIT, _DICOMS))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an image, recording or archive of DICOM files.

    Raises:
        ManifestError: the document is not JSON, or has no such list.
    """
    document = load(text)
    root = api_root(options.base_url or "")
    if isinstance(document, dict) and "Meta" in document:
        listing = _DICOMS if "DicomTars" in document else _VISIT
        read = partial(visit_record, root, document)
        yield from listing.document_records(document, read)
    else:
        yield from _PROJECT.document_records(document, partial(link_record, root))


def api_root(url: str) -> str:
    """The root of the API that a URL is below; the URL itself if it has no version."""
    match = _API.match(url)
    return match[1] if match else url.rstrip("/")


def link_record(root: str, item: dict[str, Any], where: str) -> Iterator[Record]:
    """The record of one item of a project's list.

    Args:
        root: of the API.
        item: with ``PSCID``, ``Visit`` and ``Link``.
        where: its place in the document.
    """
    link = item.get("Link")
    path: Any = None
    url = link
    if isinstance(link, str):
        names = (item.get("PSCID"), item.get("Visit"), link.rpartition("/")[2])
        path = "/".join(map(str, names))
        url = root + _ROUTE.sub(r"\1/recordings/", link)
    yield file_record(path, url, where)


def visit_record(
    root: str, document: dict[str, Any], item: dict[str, Any], where: str
) -> Iterator[Record]:
    """The record of one file of a visit, whose list names no links.

    Args:
        root: of the API.
        document: the whole answer, whose ``Meta`` says which visit it is of.
        item: with ``Filename`` or ``Tarname``.
        where: its place in the document.
    """
    candidate = next(
        (found for key in ("CandID", "Candidate") if (found := dig(document, "Meta", key))), None
    )
    visit = dig(document, "Meta", "Visit")
    name = item.get("Filename", item.get("Tarname"))
    route = "dicoms" if "Tarname" in item else "images"
    url: Any = None
    path: Any = name
    if isinstance(name, str):
        path = f"{candidate}/{visit}/{name}"
        url = f"{root}/candidates/{candidate}/{quoted(str(visit))}/{route}/{quoted(name)}"
    yield file_record(path, url, where)
