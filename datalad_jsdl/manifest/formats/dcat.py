"""A catalogue of datasets in DCAT, such as the ``data.json`` of a public agency (JSON).

Described at https://resources.data.gov/resources/dcat-us and https://www.w3.org/TR/vocab-dcat-3. A
file is a distribution with a ``downloadURL``; one with an ``accessURL`` only is a page or a
service, and refused. Where there are several datasets, each has a folder named by its identifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.formats.distributions import distribution_record, field, listed
from datalad_jsdl.manifest.formats.documents import (
    each,
    is_list,
    is_object,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]


def sniff(head: str) -> bool:
    """Datasets whose distributions have ``downloadURL`` or ``accessURL``."""
    if not is_object(head) or ("downloadURL" not in head and "accessURL" not in head):
        return False
    document = outline(head)
    return any(
        field(item, "downloadURL", "accessURL") is not None
        for dataset in _datasets(document)
        for item in objects(listed(field(dataset, "distribution")))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a distribution.

    Raises:
        ManifestError: the document is not JSON, or has no list of datasets.
    """
    datasets = _datasets(load(text))
    several = len(datasets) > 1

    def record(item: dict[str, Any], where: str) -> Iterator[Record]:
        yield from distribution_record(item, where, field(item, "downloadURL"), folder)

    if not datasets:
        yield from each(None, "dataset", record)
    for number, dataset in enumerate(datasets):
        folder = f"{_folder(dataset, number)}/" if several else ""
        distribution = field(dataset, "distribution")
        yield from each(
            distribution if is_list(distribution) else listed(distribution),
            f"dataset[{number}].distribution",
            record,
        )


def _datasets(document: Any) -> list[dict[str, Any]]:
    """Those of a catalogue, or the document if it is a dataset itself."""
    found = field(document, "dataset")
    if found is None:
        return [document] if field(document, "distribution") is not None else []
    return objects(found if is_list(found) else [found])


def _folder(dataset: dict[str, Any], number: int) -> str:
    """The identifier, or the last part of one that is a URL."""
    given = field(dataset, "identifier", "@id")
    name = given.rstrip("/").rpartition("/")[2] if isinstance(given, str) else ""
    return name or str(number + 1)
