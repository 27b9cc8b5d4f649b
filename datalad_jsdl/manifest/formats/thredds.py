"""A catalogue of a THREDDS Data Server: datasets with a path below the server's HTTP service.

Described at https://docs.unidata.ucar.edu (Dataset Inventory Catalog Specification 1.0). Only what
an ``HTTPServer`` service delivers is a file: OPeNDAP, WMS and others answer requests for parts. A
catalogue that is named in it (``catalogRef``) is another document, and refused. A ``dataSize`` is
rounded unless its unit is bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.fields import below_common_folder, known_time, quoted
from datalad_jsdl.manifest.formats.listing import file_record
from datalad_jsdl.manifest.formats.xml_root import root_tag
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.formats.xml_stream import Element

__all__ = ["records", "sniff"]

_NAMESPACE = "thredds/InvCatalog"
_XLINK = "{http://www.w3.org/1999/xlink}"


def sniff(head: str) -> bool:
    """The root element is a ``catalog`` in the namespace of THREDDS."""
    return _NAMESPACE in root_tag(head, "catalog")


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a dataset with a path, and a fault for each catalogue that is named.

    Raises:
        ManifestError: the document is not XML, has entities, or no service delivers files.
    """
    # it loads parsers, and the special remote, which starts often, needs none
    from datalad_jsdl.manifest.formats.xml_stream import elements

    services: dict[str, str] = {}
    found: list[tuple[str, str, Element]] = []
    others: list[Element] = []
    for element in elements(text, "dataset", "service", "catalogRef"):
        if element.name == "service":
            services |= dict(_services(element))
        else:
            _read(element, "", found, others)
    if found and not services:
        raise ManifestError("none of the catalogue's services delivers files (HTTPServer)")
    yield from _records(found, services)
    for other in others:
        title = other.attributes.get(f"{_XLINK}title") or other.attributes.get("name")
        fault = "the entry is another catalogue, whose files are missing here"
        yield Record(title, None, f"line {other.line}", fault)


def _services(service: Element) -> Iterator[tuple[str, str]]:
    """Names to the base of that one which delivers files; its compound's name means it, too."""
    inner = [pair for child in service.all("service") for pair in _services(child)]
    yield from inner
    name = service.attributes.get("name", "")
    if service.attributes.get("serviceType", "").lower() == "httpserver":
        yield name, service.attributes.get("base", "")
    elif inner:
        yield name, inner[0][1]


def _read(
    element: Element, inherited: str, found: list[tuple[str, str, Element]], others: list[Element]
) -> None:
    """What the element and all in it add.

    Args:
        element: a dataset or a ``catalogRef``.
        inherited: name of the service that holds for it unless it has another.
        found: service, path and dataset of each file.
        others: each ``catalogRef``.
    """
    children = element.by_name()
    service = element.attributes.get("serviceName") or _text(children, "serviceName") or inherited
    passed_on = inherited
    for metadata in children.get("metadata", ()):
        if metadata.attributes.get("inherited") == "true":
            passed_on = metadata.text_of("serviceName") or passed_on
            service = service or passed_on
    if element.name == "catalogRef":
        others.append(element)
    elif path := element.attributes.get("urlPath"):
        found.append((service, path, element))
    elif "access" in children:
        found += ((service, path, element) for path in _paths(children["access"], service))
    if "dataset" in children or "catalogRef" in children:
        for child in element.children:
            if child.name in ("dataset", "catalogRef"):
                _read(child, passed_on, found, others)


def _text(children: Mapping[str, list[Element]], name: str) -> str:
    return children[name][0].text if name in children else ""


def _paths(given: list[Element], service: str) -> list[str]:
    return [
        access.attributes["urlPath"]
        for access in given
        if "urlPath" in access.attributes
        and access.attributes.get("serviceName", service) == service
    ][:1]


def _records(found: list[tuple[str, str, Element]], services: dict[str, str]) -> Iterator[Record]:
    names = below_common_folder([path for _, path, _ in found])
    only = next(iter(services.values()), "")
    for name, (service, path, dataset) in zip(names, found, strict=True):
        where = f"line {dataset.line}"
        if service and service not in services:
            yield Record(name, None, where, "its service delivers no files (not an HTTPServer)")
            continue
        size, time = _facts(dataset)
        url = services.get(service, only) + quoted(path)
        yield file_record(name, url, where, size=size, mtime=known_time(time))


def _facts(dataset: Element) -> tuple[str | None, str | None]:
    """The first exact size of it, and the first time of its modification."""
    size = time = None
    for name, attributes, _, _, _, own in dataset.children:
        if name == "dataSize":
            if size is None and attributes.get("units", "").lower() in ("bytes", "byte"):
                size = own.strip()
        elif name == "date" and time is None and attributes.get("type") == "modified":
            time = own.strip()
    return size, time
