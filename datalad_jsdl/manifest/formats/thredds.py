"""A catalogue of a THREDDS Data Server: datasets with a path behind the server's HTTP service.

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
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options
    from datalad_jsdl.manifest.formats.xml_stream import Element

__all__ = ["records", "sniff"]

_NAMESPACE = "thredds/InvCatalog"
_XLINK = "{http://www.w3.org/1999/xlink}"


def sniff(head: str) -> bool:
    """The root has the namespace of such catalogues."""
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
            for dataset, service in _datasets(element, ""):
                if dataset.name == "catalogRef":
                    others.append(dataset)
                else:
                    found += ((service, path, dataset) for path in _paths(dataset, service))
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


def _datasets(element: Element, inherited: str) -> Iterator[tuple[Element, str]]:
    """The element and all in it, each with the name of its service."""
    service = element.attributes.get("serviceName") or element.text_of("serviceName") or inherited
    passed_on = inherited
    for metadata in element.all("metadata"):
        if metadata.attributes.get("inherited") == "true":
            passed_on = metadata.text_of("serviceName") or passed_on
            service = service or passed_on
    yield element, service
    for child in element.children:
        if child.name in ("dataset", "catalogRef"):
            yield from _datasets(child, passed_on)


def _paths(dataset: Element, service: str) -> list[str]:
    given = dataset.attributes.get("urlPath")
    if given:
        return [given]
    return [
        access.attributes["urlPath"]
        for access in dataset.all("access")
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
        yield file_record(
            name,
            services.get(service, only) + quoted(path),
            where,
            size=_size(dataset),
            mtime=known_time(_modified(dataset)),
        )


def _size(dataset: Element) -> str | None:
    sizes = dataset.all("dataSize")
    exact = [s.text for s in sizes if s.attributes.get("units", "").lower() in ("bytes", "byte")]
    return exact[0] if exact else None


def _modified(dataset: Element) -> str | None:
    dates = [d.text for d in dataset.all("date") if d.attributes.get("type") == "modified"]
    return dates[0] if dates else None
