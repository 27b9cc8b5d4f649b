"""A catalogue of datasets in DCAT, such as the ``data.json`` of a public agency (JSON).

Described at https://resources.data.gov/resources/dcat-us and https://www.w3.org/TR/vocab-dcat-3. A
file is a distribution with a ``downloadURL``; one with an ``accessURL`` only is a page or a
service, and refused. Where there are several datasets, each has a folder named by its identifier.
"""

from __future__ import annotations

from itertools import count
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
        for dataset in objects(_datasets(document))
        for item in objects(_distributions(dataset))
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a distribution.

    Raises:
        ManifestError: the document is not JSON, or has no list of datasets.
    """
    datasets = _datasets(load(text))
    several = datasets is not None and len(datasets) > 1
    numbers = count(1)

    def dataset_records(dataset: dict[str, Any], where: str) -> Iterator[Record]:
        number = next(numbers)
        folder = f"{_folder(dataset, number)}/" if several else ""

        def record(item: dict[str, Any], place: str) -> Iterator[Record]:
            yield from distribution_record(item, place, field(item, "downloadURL"), folder)

        yield from each(_distributions(dataset), f"{where}.distribution", record)

    yield from each(datasets, "dataset", dataset_records)


def _distributions(dataset: dict[str, Any]) -> Any:
    found = field(dataset, "distribution")
    return found if is_list(found) else listed(found)


def _datasets(document: Any) -> Any:
    """Those of a catalogue, or the document if it is a dataset itself; None if it is neither."""
    found = field(document, "dataset")
    if found is None:
        return [document] if field(document, "distribution") is not None else None
    return found if is_list(found) else [found]


def _folder(dataset: dict[str, Any], number: int) -> str:
    """The identifier, or the last part of one that is a URL."""
    given = field(dataset, "identifier", "@id")
    name = given.rstrip("/").rpartition("/")[2] if isinstance(given, str) else ""
    return name or str(number)
