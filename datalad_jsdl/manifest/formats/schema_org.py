"""A schema.org description of a dataset, whose distributions are downloads (JSON-LD).

Described at https://science-on-schema.org (Dataset, distribution). A file is a ``DataDownload``
with a ``contentUrl``, named by what that ends in, or by its ``name``. Without one it is a page or
a service, and refused. Descriptions with a ``FileObject`` are `croissant`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.distributions import distribution_record, field, listed, types
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_array,
    is_list,
    is_object,
    json_ld_base,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.values import based
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_OTHERS = {"FileObject", "FileSet"}  # Croissant's


def sniff(head: str) -> bool:
    """A distribution with a DataDownload or a ``contentUrl``, and without a FileObject."""
    if "contentUrl" not in head and "DataDownload" not in head:
        return False
    if not (is_object(head) or is_array(head)):
        return False
    found = [
        item
        for dataset in _datasets(outline(head, "@type"))
        for item in objects(_distribution(dataset))
    ]
    return any(
        "DataDownload" in types(item) or field(item, "contentUrl") is not None for item in found
    ) and all(_OTHERS.isdisjoint(types(item)) for item in found)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a distribution.

    Raises:
        ManifestError: the document is not JSON, or has no dataset with distributions.
    """
    document = load(text)
    document = list(document) if is_list(document) else document
    bases = json_ld_base(document)
    datasets = _datasets(document)
    several = len(datasets) > 1

    def record(item: dict[str, Any], where: str) -> Iterator[Record]:
        urls = [
            based(url, bases, options) if isinstance(url, str) else url
            for url in listed(field(item, "contentUrl"))
        ]
        yield from distribution_record(item, where, urls, folder)

    for number, dataset in enumerate(datasets):
        name = field(dataset, "identifier", "name")
        folder = f"{_folder(name, number)}/" if several else ""
        place = f"[{number}].distribution" if several else "distribution"
        yield from each(_distribution(dataset), place, record)
    if not datasets:
        yield from each(None, "distribution", record)


def _datasets(document: Any) -> list[dict[str, Any]]:
    """The objects with distributions: the document, or those of a list or of its ``@graph``."""
    graph = dig(document, "@graph")
    items = objects(graph) if is_list(graph) else objects(listed(document))
    return [item for item in items if field(item, "distribution") is not None]


def _distribution(dataset: dict[str, Any]) -> list[Any]:
    return listed(field(dataset, "distribution"))


def _folder(name: Any, number: int) -> str:
    plain = name.rstrip("/").rpartition("/")[2] if isinstance(name, str) else ""
    return plain or str(number + 1)
