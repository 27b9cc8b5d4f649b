"""Where the originals of files are: a link to each, for people."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError, OrderError
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.operations.list_files import FileSelection, Walk
from datalad_jsdl.orders.contents import entry_of
from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.entries import dataset_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from datalad_jsdl.orders.contents import Places
    from datalad_jsdl.orders.model import FileRef, ListedFile

__all__ = ["links_of"]


def links_of(files: Iterable[ListedFile], places: Places) -> dict[FileRef, str]:
    """File → its first URL, of those that have one which may be shown.

    A dataset that is not there any more, or cannot be read, has none.
    """
    found: dict[FileRef, str] = {}
    groups: dict[tuple[str, str], dict[str, FileRef]] = defaultdict(dict)
    for file in files:
        if file.entry:
            if candidates := entry_of(file).candidates:
                found[file.ref] = candidates[0].url
        else:
            groups[file.ref.source, file.ref.version][file.ref.path] = file.ref
    for (source, version), refs in groups.items():
        try:
            root = places.root(source)
            for entry in _entries(root, version, tuple(refs)):
                found[refs[entry.path]] = entry.candidates[0].url
        except (DatasetError, OrderError):
            continue
    return found


def _entries(root: Path, version: str, paths: tuple[str, ...]) -> Iterator[Entry]:
    walk = Walk(root, FileSelection(version, paths, depth=None, dataset_files=True))
    for part in walk.parts:
        if part.repository.has_annex:
            with KeyLookup(part.repository) as lookup:
                for item in dataset_entries(part.tree, part.paths, lookup, part.prefix):
                    if isinstance(item, Entry):
                        yield item
