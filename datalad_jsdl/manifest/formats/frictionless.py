"""A Frictionless Data Package, ``datapackage.json`` (JSON).

Described at https://datapackage.org/standard/data-package/ and data-resource/. A resource's
``path`` is relative to the descriptor, or a URL, whose last part then is the file's name; in the
older form the URL is in ``url``. A list of paths is the *parts* of one file: each becomes a file
of its own, without ``bytes`` and ``hash``, which are of the whole. Data that stand in the
descriptor itself are ignored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.documents import dig, each, is_object, load, objects, outline
from datalad_jsdl.manifest.formats.fields import named_digest, quoted
from datalad_jsdl.manifest.formats.values import name_in_url
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

# fields of a resource there (https://docs.ckan.org), which has URLs, too
_CKAN = frozenset({"package_id", "id", "resource_type"})


def sniff(head: str) -> bool:
    """A list ``resources`` of objects with a ``path``, or ``name`` and ``url`` but no id."""
    if not is_object(head):
        return False
    document = outline(head, "resources")
    named = isinstance(dig(document, "name"), str)
    return any(
        "path" in resource
        or (named and resource.keys() >= {"name", "url"} and _CKAN.isdisjoint(resource))
        for resource in objects(dig(document, "resources"))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file of a resource.

    Raises:
        ManifestError: the document is not JSON, or has no list ``resources``.
    """
    seen: dict[str, Any] = {}
    for record in each(dig(load(text), "resources"), "resources", _records):
        if isinstance(record.path, str) and record.value is not None:
            # sheets of a workbook and members of a zip are resources of one file
            if seen.get(record.path) == record.value:
                continue
            seen[record.path] = record.value
        yield record


def _records(resource: dict[str, Any], where: str) -> Iterator[Record]:
    path = resource.get("path", resource.get("url"))
    if path is None and "data" in resource:
        return
    paths = path if isinstance(path, list) and path else [path]
    described: dict[str, Any] = {}
    if len(paths) == 1:
        digests = named_digest(resource.get("hash"))
        described = {"size": resource.get("bytes"), "digests": digests}
    for index, part in enumerate(paths):
        place = f"{where}.path[{index}]" if paths is path else where
        if isinstance(part, str):
            name, url = (name_in_url(part), part) if "://" in part else (part, quoted(part))
            # a URL without a last part (…/download?id=7) does not name the file
            yield Record(name or resource.get("name"), {"urls": url, **described}, place)
        else:
            yield Record(None, None, place, "the path is missing or not a string")
