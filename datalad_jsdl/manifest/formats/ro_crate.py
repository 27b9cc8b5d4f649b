"""An RO-Crate's ``ro-crate-metadata.json`` (JSON-LD).

Described at https://w3id.org/ro/crate (Data Entities). Files are the entities of ``@graph`` with
the type ``File``. An ``@id`` that is a path is the file's path in the crate; for a file on the web
it is the URL, and the path is its ``localPath`` (RO-Crate 1.2) or the URL's last part. A file is
fetched from its ``contentUrl``; else from an ``@id`` on the web; else from a ``url`` with the name
of the file in it, since others are pages about the file, such as the repository of a workflow; else
it lies beside the document, at its path relative to the manifest's base URL, or to an ``@base`` in
the ``@context``. Sizes are bytes.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_object,
    json_ld_base,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.fields import digests_in, is_web, whole_bytes
from datalad_jsdl.manifest.formats.values import based, name_in_url
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]


def sniff(head: str) -> bool:
    """A ``@graph`` of entities with ``@id``; the document names ``w3id.org/ro/crate``."""
    if not is_object(head) or "w3id.org/ro/crate" not in head:
        return False
    return any("@id" in entity for entity in objects(dig(outline(head, "@graph"), "@graph")))


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or has no list ``@graph``.
    """
    document = load(text)
    bases = json_ld_base(document)

    def absolute(url: Any) -> Any:
        return based(url, bases, options) if isinstance(url, str) else url

    yield from each(dig(document, "@graph"), "@graph", partial(_record, absolute))


def _record(absolute: Callable[[Any], Any], entity: dict[str, Any], where: str) -> Iterator[Record]:
    types = entity.get("@type")
    if "File" not in (types if isinstance(types, list) else [types]):
        return
    identifier = entity.get("@id")
    urls = _urls(entity)
    if not urls:
        yield Record(_path(identifier, entity), None, where, "the file has no URL")
        return
    value = {
        "urls": [absolute(url) for url in urls],
        "size": whole_bytes(_one(entity.get("contentSize"))),
        "digests": digests_in(entity),
    }
    yield Record(_path(identifier, entity), value, where)


def _path(identifier: Any, entity: dict[str, Any]) -> Any:
    if not isinstance(identifier, str):
        return identifier
    if "://" in identifier:
        return entity.get("localPath") or name_in_url(identifier)
    return unquote(identifier).removeprefix("./")


def _urls(entity: dict[str, Any]) -> list[Any]:
    identifier = entity.get("@id")
    found = _flat(entity.get("contentUrl"))
    if is_web(identifier):
        found.append(identifier)
    if found := found or [url for url in _flat(entity.get("url")) if _names(url, identifier)]:
        return found
    # a URI reference already, as JSON-LD has it; # names a thing within the document
    return [identifier] if isinstance(identifier, str) and identifier[:1] not in ("", "#") else []


def _names(url: Any, identifier: Any) -> bool:
    """Whether the file's name is in the URL; all are taken of a file without a path."""
    if not isinstance(url, str) or not isinstance(identifier, str) or identifier[:1] in ("", "#"):
        return True
    return _plain(identifier).rpartition("/")[2] in re.split("[/?&=#]", _plain(url))


def _plain(text: str) -> str:
    """Without what does not matter here: escapes, either form of a space, case."""
    return unquote(text).replace("+", " ").casefold()


def _flat(value: Any) -> list[Any]:
    """The URLs in a value of JSON-LD: one or a list of them, each a string or an object."""
    items = value if isinstance(value, list) else [value]
    urls = (dig(item, "@id") if isinstance(item, dict) else item for item in items)
    return [url for url in urls if url is not None]


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value
