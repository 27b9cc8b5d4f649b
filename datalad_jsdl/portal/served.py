"""What a portal offers: datasets, and manifests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.operations.manifest_place import is_no_file, place_of
from datalad_jsdl.orders.store.sources import source_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.operations.manifest_place import ManifestPlace
    from datalad_jsdl.orders.desk import Desk
    from datalad_jsdl.orders.model import Source

__all__ = ["Served", "served_of"]


@dataclass(frozen=True)
class Served:
    """A source that visitors can choose from.

    Attributes:
        source: what the store knows it as.
        root: of a dataset; None for a manifest.
        place: of a manifest; None for a dataset.
    """

    source: Source
    root: Path | None = None
    place: ManifestPlace | None = None

    @property
    def name(self) -> str:
        """What it is called in addresses."""
        return self.source.name


def served_of(desk: Desk, given: Iterable[str]) -> list[Served]:
    """What is to be served, by name.

    Args:
        desk: the store, which keeps their names.
        given: datasets, folders of datasets, and manifests: files, URLs or addresses.

    Raises:
        DatasetError: there is nothing that could be served.
        ManifestError: an address cannot be one.
        StoreError: the store cannot be written.
    """
    found = []
    for item in given:
        for served in _of(desk, item):
            # one by one: the name of the next one must differ from those that are known
            with desk.store.write() as connection:
                source_ids(connection, [served.source])
            found.append(served)
    return sorted(found, key=lambda served: served.name)


def _of(desk: Desk, item: str) -> Iterator[Served]:
    path = Path(item)
    if is_no_file(item) or path.is_file():
        place = place_of(item, None if is_no_file(item) else path.absolute(), None, None, ())
        yield Served(desk.manifest(place), place=place)
        return
    if not path.is_dir():
        raise DatasetError(f"there is no dataset, folder or manifest {item}")
    if _is_dataset(path):
        yield Served(desk.dataset(path.resolve()), path.resolve())
        return
    datasets = sorted(folder for folder in path.iterdir() if _is_dataset(folder))
    if not datasets:
        raise DatasetError(
            f"{item} is no dataset, and has none right in it; to make one of a manifest, run: "
            "datalad download-manifest"
        )
    for folder in datasets:
        yield Served(desk.dataset(folder.resolve()), folder.resolve())


def _is_dataset(folder: Path) -> bool:
    return (folder / ".git").exists()
