"""Objects of a Data Repository Service (GA4GH DRS), from its API (JSON).

Described at https://ga4gh.github.io/data-repository-service-schemas. An access method with an
``access_url`` leads to the content; of those for https, s3 and gs, all are mirrors. One with an
``access_id`` only leads to a URL that expires, which cannot be recorded: such an object is refused,
unless its id is that of a Gen3 commons, which delivers each file by a URL that stays
(https://github.com/uc-cdis/fence). A bundle of other objects is asked for at its server.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_array,
    is_list,
    is_object,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.fields import known_time, stated
from datalad_jsdl.manifest.formats.gen3 import download_url
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.values import is_drs, name_in_url, web_urls
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.digests import canonical_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["object_record", "records", "sniff"]

# a Data GUID, which a commons of Gen3 gives (https://dataguids.org)
_GUID = re.compile(r"dg\.[A-Za-z0-9]{4,6}/.+")


def sniff(head: str) -> bool:
    """An object with checksums and access methods or contents, or an array of such objects."""
    if not is_object(head) and not is_array(head):
        return False
    document = outline(head, "checksums")
    return any(
        item.keys() >= {"id", "checksums", "access_methods"}
        or item.keys() >= {"id", "self_uri", "checksums", "contents"}
        for item in objects(document if is_list(document) else [document])
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an object; of a bundle what is in it, where its server may be asked.

    Raises:
        ManifestError: the document is not JSON, or neither an object nor an array.
        FetchError: the server of a bundle does not answer, or answers with failure.
    """

    def read(item: dict[str, Any], where: str) -> Iterator[Record]:
        uri = item.get("self_uri")
        uri = uri if isinstance(uri, str) and is_drs(uri) else ""
        methods, contents = objects(item.get("access_methods")), objects(item.get("contents"))
        if uri and contents and not methods:
            yield Record(item.get("name"), {"urls": [uri]}, where)  # see `addressed`
        else:
            server = _server(uri)
            yield object_record({**item, "access_methods": methods}, where, server)

    document = load(text)
    yield from each([document] if isinstance(document, dict) else document, "", read)


def object_record(item: dict[str, Any], where: str, server: str | None, path: Any = None) -> Record:
    """The record of an object that is a file.

    Args:
        item: the object.
        where: the place in the document.
        server: URL of the service, without a slash at its end; None if it is not known.
        path: of the file; None for the name that the object has.
    """
    identifier = item.get("id")
    urls = list(_lasting_urls(item))
    if server and isinstance(identifier, str) and _GUID.fullmatch(identifier):
        urls.append(download_url(server, identifier))
    name = item.get("name") if path is None else path
    if name is None and urls:
        name = name_in_url(urls[0])
    if not urls:
        fault = (
            "the server gives only a URL that expires for this object (access_id), or none: "
            "download it with a client for DRS of that portal"
        )
        return Record(name, None, where, fault)
    checksums = objects(item.get("checksums"))
    digests = {c["type"]: c.get("checksum") for c in checksums if isinstance(c.get("type"), str)}
    return file_record(
        name,
        urls,
        where,
        size=item.get("size"),
        # others, such as crc32c, cannot be verified
        digests=stated({kind: d for kind, d in digests.items() if canonical_name(kind)}),
        mtime=known_time(item.get("updated_time")),
    )


def _lasting_urls(item: dict[str, Any]) -> Iterator[str]:
    """Those of its access methods that need no secret header."""
    for method in objects(item.get("access_methods")):
        url = dig(method, "access_url", "url")
        if isinstance(url, str) and not dig(method, "access_url", "headers"):
            try:
                yield from web_urls([url])
            except ValueError:
                continue  # htsget:// and the like


def _server(uri: str) -> str | None:
    host = urlsplit(uri).netloc
    return f"https://{host}" if host and ":" not in host else None
