"""Objects of a Data Repository Service (GA4GH DRS), from its API (JSON).

Described at https://ga4gh.github.io/data-repository-service-schemas. An access method with an
``access_url`` leads to the content; of those for https, s3 and gs, all are mirrors. One with an
``access_id`` only, and a bundle of other objects, need further requests, and are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]


def sniff(head: str) -> bool:
    """An object with checksums and access methods, or an array of such."""
    if not is_object(head) and not is_array(head):
        return False
    document = outline(head, "checksums", "access_methods")
    return any(
        item.keys() >= {"id", "checksums", "access_methods"}
        for item in objects(document if is_list(document) else [document])
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an object.

    Raises:
        ManifestError: the document is not JSON, or neither an object nor an array.
    """
    document = load(text)
    yield from each([document] if isinstance(document, dict) else document, "", _record)


def _record(item: dict[str, Any], where: str) -> Iterator[Record]:
    urls = [dig(method, "access_url", "url") for method in objects(item.get("access_methods"))]
    given = [url for url in urls if isinstance(url, str)]
    name = item.get("name")
    if name is None and given:
        name = name_in_url(given[0])
    if not given:
        fault = "the object has no access_url: DRS needs a request for it"
        yield Record(name, None, where, fault)
        return
    checksums = objects(item.get("checksums"))
    digests = {c["type"]: c.get("checksum") for c in checksums if isinstance(c.get("type"), str)}
    yield file_record(
        name,
        given,
        where,
        size=item.get("size"),
        digests=stated(digests),
        mtime=known_time(item.get("updated_time")),
    )
