"""The files of an experiment on an XNAT server, from its REST API (JSON).

Described at https://wiki.xnat.org (``/data/experiments/ID/scans/ALL/files?format=json``). URLs are
relative to the server, so the manifest needs its address or a base URL. Names are those of scan,
resource and file: ``scans/1/DICOM/1.dcm``, behind the experiment's id where there are several. A
``digest`` is an MD5 if it can be one, and often empty.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from datalad_jsdl.manifest.formats.buckets import etag_digests
from datalad_jsdl.manifest.formats.documents import load, objects
from datalad_jsdl.manifest.formats.listing import Listing, file_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_FILES = Listing((("ResultSet", "Result"),), (("Name",), ("URI",)))

_API = re.compile(r"/(?:data|REST|data/archive)/")
_URI = re.compile(
    r"/(?:data|REST)/(?:.*?/)?(?:experiments|subjects|projects)/(?P<owner>[^/]+)/"
    r"(?P<part>(?:(?!(?:experiments|subjects)/).)*?)(?:out/)?resources/(?P<resource>[^/]+)/files/"
    r"(?P<file>.+)",
    re.DOTALL,
)

sniff = _FILES.sniff


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or has no list of results.
    """
    document = load(text)
    root = _root(options)
    owners = {_owner(item) for item in objects(_FILES.found(document)[1])}

    def record(item: dict[str, Any], where: str) -> Iterator[Record]:
        uri = item.get("URI")
        yield file_record(
            _path(item, several=len(owners) > 1),
            root + uri if isinstance(uri, str) and uri.startswith("/") else uri,
            where,
            size=item.get("Size"),
            digests=etag_digests(item.get("digest")),
        )

    yield from _FILES.document_records(document, record)


def _root(options: Options) -> str:
    """The URL of the server, which may stand below the root of its host; "" if it is not known."""
    base = options.base_url or ""
    if found := _API.search(base):
        return base[: found.start()]
    return base.rstrip("/") if options.base_is_given else ""


def _owner(item: dict[str, Any]) -> str:
    uri = item.get("URI")
    match = _URI.match(uri) if isinstance(uri, str) else None
    return match["owner"] if match else ""


def _path(item: dict[str, Any], *, several: bool) -> Any:
    uri = item.get("URI")
    match = _URI.match(uri) if isinstance(uri, str) else None
    if match is None:
        return item.get("Name")
    collection = item.get("collection")
    resource = collection if isinstance(collection, str) and collection else match["resource"]
    owner = f"{match['owner']}/" if several else ""
    return f"{owner}{unquote(match['part'])}{resource}/{unquote(match['file'])}"
