"""The images of a IIIF manifest, as libraries and museums publish it (Presentation API 2 and 3).

Described at https://iiif.io/api/presentation/3.0 and 2.1. An image is the body that is painted on a
canvas. Many are made by an image service for each request (``…/ID/full/max/0/default.jpg``): those
are named by the service's id. There are neither sizes nor digests, and the bytes may change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import dig, is_list, is_object, load, objects, outline
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.values import name_in_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.record import Record

__all__ = ["records", "sniff"]

_CONTEXT = "iiif.io/api/presentation/"
# IIIF Image API, 4: {identifier}/{region}/{size}/{rotation}/{quality}.{format}
_SERVED = re.compile(
    r".*?/?([^/]+)/[^/]+/[^/]+/!?[0-9.]+/(?:default|native|color|gray|bitonal)(\.\w+)"
)


def sniff(head: str) -> bool:
    """A manifest whose ``@context`` is that of IIIF's Presentation API."""
    if not is_object(head) or _CONTEXT not in head:
        return False
    document = outline(head, "@context")
    kind = dig(document, "type") or dig(document, "@type")
    return kind in ("Manifest", "sc:Manifest")


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record an image.

    Raises:
        ManifestError: the document is not JSON, or has no canvases.
    """
    document = load(text)
    if is_list(dig(document, "items")):
        found = _version_3(document)
    elif is_list(dig(document, "sequences")):
        found = _version_2(document)
    else:
        raise ManifestError("the manifest has no canvases (items, or sequences)")
    for url, where in found:
        yield file_record(_name(url) if isinstance(url, str) else None, url, where)


def _version_3(document: Any) -> Iterator[tuple[Any, str]]:
    for number, canvas in enumerate(objects(document["items"])):
        for page in objects(canvas.get("items")):
            for annotation in objects(page.get("items")):
                body = annotation.get("body")
                for one in body if isinstance(body, list) else [body]:
                    if dig(one, "type") in ("Image", "Sound", "Video"):
                        yield dig(one, "id"), f"items[{number}]"


def _version_2(document: Any) -> Iterator[tuple[Any, str]]:
    for sequence in objects(document["sequences"]):
        for number, canvas in enumerate(objects(sequence.get("canvases"))):
            for image in objects(canvas.get("images")):
                yield dig(image, "resource", "@id"), f"sequences.canvases[{number}]"


def _name(url: str) -> str | None:
    try:
        served = _SERVED.fullmatch(urlsplit(url).path)
    except ValueError:
        return None
    if served is None:
        return name_in_url(url)
    identifier, ending = unquote(served[1]).replace("/", "_"), served[2]
    return identifier if identifier.endswith(ending) else identifier + ending
