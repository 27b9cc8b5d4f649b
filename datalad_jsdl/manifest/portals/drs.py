"""An object or bundle of a Data Repository Service (GA4GH DRS), by its URI.

Described at https://ga4gh.github.io/data-repository-service-schemas ("DRS URIs"). The URI names the
server's host, or has a compact identifier, whose namespace says which server is meant: a few are
known here. A bundle is a folder of other objects, with names of its own for them. Each object is
read as by the format ``drs``. Servers take a bearer token where objects are not for everybody.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from datalad_jsdl.errors import ManifestError, StatusError
from datalad_jsdl.manifest.formats import drs
from datalad_jsdl.manifest.formats.documents import objects
from datalad_jsdl.manifest.portals.paging import Closed, explained, login_line
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.manifest.portals.api import Api, ApiAnswer

__all__ = ["API", "BASE", "EXAMPLES", "records"]

EXAMPLES: tuple[str, ...] = ("drs://HOST/ID", "drs://dg.4DFC:ID")
API = "/ga4gh/drs/v1"

_URI = re.compile(r"//([A-Za-z0-9][A-Za-z0-9._-]*)([:/])([^?#]+)")
# Namespaces of compact identifiers, in lower case: https://registry.identifiers.org, and Terra's
# https://github.com/DataBiosphere/terra-drs-hub
_SERVERS = {
    "dg.4503": "https://gen3.biodatacatalyst.nhlbi.nih.gov",
    "dg.4dfc": "https://nci-crdc.datacommons.io",
    "dg.anv0": "https://gen3.theanvil.io",
    "dg.f82a1a": "https://data.kidsfirstdrc.org",
    "drs.anv0": "https://data.terra.bio",
}
_MOST = 100_000  # objects of one bundle
_DEEPEST = 100  # bundles within bundles


def _base(rest: str) -> str:
    """The server that an identifier names."""
    authority, mark, _ = _parts(rest)
    known = _SERVERS.get(authority.lower())
    if known is None and mark == ":":
        raise ManifestError(
            f"drs:{rest}: the server for the namespace {authority} is unknown; set "
            "datalad.jsdl.address.drs to its URL"
        )
    return known or f"https://{authority}"


BASE: Callable[[str], str] = _base


def records(rest: str, base: str, api: Api) -> Iterator[Record]:
    """One record an object that is a file."""
    authority, mark, identifier = _parts(rest)
    if mark == "/" and authority.lower() in _SERVERS:
        identifier = f"{authority}/{identifier}"  # a Data GUID, whose begin is no host
    closed = Closed("the server requires a login with access to the object", login_line(base))
    with explained({401: closed, 403: closed}):
        yield from _files(identifier, base, api)


def _parts(rest: str) -> tuple[str, str, str]:
    """Host or namespace, what stands behind it, and the id, encoded as it is."""
    match = _URI.fullmatch(rest)
    if match is None:
        raise ManifestError(f"expected an object's URI, as in {' or '.join(EXAMPLES)}")
    return match[1], match[2], match[3]


def _files(top: str, base: str, api: Api) -> Iterator[Record]:
    """The files of an object, level by level, several requests at a time."""
    level: list[tuple[str, str | None]] = [(top, None)]
    number = 0
    for _ in range(_DEEPEST):
        urls = (f"{base}{API}/objects/{identifier}" for identifier, _ in level)
        below: list[tuple[str, str | None]] = []
        for (identifier, path), answer in zip(level, _answers(urls, top, api), strict=True):
            item = _object(answer)
            methods, contents = objects(item.get("access_methods")), objects(item.get("contents"))
            if methods or not contents:
                yield drs.object_record({**item, "access_methods": methods}, identifier, base, path)
                continue
            for content in contents:
                yield from _content(content, path or "", identifier, below)
        number += len(below)
        if number > _MOST:
            raise ManifestError(f"the bundle has more than {_MOST} objects")
        if not below:
            return
        level = below
    raise ManifestError(f"more than {_DEEPEST} nested bundles")


def _answers(urls: Iterator[str], top: str, api: Api) -> Iterator[ApiAnswer]:
    try:
        yield from api.get_all(urls)
    except StatusError as error:
        if error.status != 404:
            raise
        raise ManifestError(f"the server has no object {top}, or no longer all of it") from None


def _object(answer: ApiAnswer) -> dict[str, Any]:
    document = answer.document()
    if not isinstance(document, dict):
        raise ManifestError(f"{redact(answer.url)}: expected an object of DRS")
    return document


def _content(
    content: dict[str, Any], folder: str, where: str, below: list[tuple[str, str | None]]
) -> Iterator[Record]:
    """Put what is in a bundle to what has to be asked for; a record of what cannot be."""
    name, identifier, inner = content.get("name"), content.get("id"), content.get("contents")
    if not isinstance(name, str) or not name:
        yield Record(None, None, where, "an object in the bundle has no name")
        return
    path = f"{folder}/{name}" if folder else name
    if isinstance(identifier, str) and identifier:
        below.append((quote(identifier, safe="/:", errors="replace"), path))
    elif inner:
        for item in objects(inner):
            yield from _content(item, path, where, below)
    else:
        yield Record(path, None, where, "an object in the bundle has no id")
