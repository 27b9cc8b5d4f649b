"""What has become of an order's files since: in the dataset, or the manifest, of today."""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError, OrderError
from datalad_jsdl.model.subdatasets import joined
from datalad_jsdl.model.urls import redact
from datalad_jsdl.operations.list_files import FileSelection, Walk
from datalad_jsdl.operations.manifest_contents import Listed
from datalad_jsdl.operations.manifest_place import is_no_file, is_url, place_of
from datalad_jsdl.orders.choosing.manifests import SIGNED
from datalad_jsdl.orders.contents import entry_of
from datalad_jsdl.orders.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set
    from pathlib import Path

    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.orders.contents import Places
    from datalad_jsdl.orders.model import FileRef, ListedFile, Order

__all__ = ["Change", "compare_order", "listed_of"]


class Change(Enum):
    """What has become of a file; the value is for programs."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    GONE = "gone"


def compare_order(order: Order, places: Places) -> Iterator[tuple[FileRef, Change]]:
    """Compare an order's files with those that a list would get today.

    Raises:
        OrderError: a source is not there any more, or cannot be read again.
        DatasetError, ManifestError, FetchError: it cannot be read.
    """
    groups: dict[tuple[str, str], list[ListedFile]] = defaultdict(list)
    for file in order.files:
        is_dataset = places.sources[file.ref.source].kind is SourceKind.DATASET
        groups[file.ref.source, file.ref.version if is_dataset else ""].append(file)
    for (source, version), files in groups.items():
        if version:
            yield from _of_dataset(places.root(source), version, files)
        else:
            yield from _of_manifest(listed_of(places, source), files)


def listed_of(places: Places, source: str) -> Listed:
    """The manifest that a source is."""
    location = places.sources[source].location
    if places.sources[source].kind is SourceKind.ORTHANC:
        raise OrderError(
            f"{source} is a server and no list of files; whether a study has changed since its "
            "zip was made is what its own page looks at"
        )
    if places.sources[source].kind is SourceKind.POSTED:
        raise OrderError(
            f"the files of {source} were chosen by a page elsewhere, which sent them once: there "
            "is no manifest that could be read again"
        )
    if is_url(location) and redact(location) != location:
        raise OrderError(
            f"the manifest {redact(location)} cannot be read again: the query of its URL, which "
            "may be a secret, is not kept"
        )
    file = None if is_no_file(location) else places.base / location
    place = place_of(location, file, None, None, ())
    return Listed(place, credentials=places.logins(source))


def _of_dataset(
    root: Path, version: str, files: Sequence[ListedFile]
) -> Iterator[tuple[FileRef, Change]]:
    paths = {file.ref.path for file in files}
    then, now = (_contents(root, revision, paths) for revision in (version, "HEAD"))
    for file in files:
        today = now.get(file.ref.path)
        if today is None:
            yield file.ref, Change.GONE
        else:
            same = today == then.get(file.ref.path)
            yield file.ref, Change.UNCHANGED if same else Change.CHANGED


def _contents(root: Path, revision: str, wanted: Set[str]) -> dict[str, str]:
    """Path → key, or git's object name, of the files that are there."""
    walk = Walk(root, FileSelection(revision, depth=None, dataset_files=True, skip_missing=True))
    for folder, why in walk.missing.items():
        if any(path.startswith(f"{folder}/") for path in wanted):
            raise DatasetError(f"{why}; what of it is in the order cannot be compared")
    found = {}
    for part in walk.parts:
        paths = [path for path in part.paths if part.prefix + path in wanted]
        for path, key in part.tree.keys(paths).items():
            found[part.prefix + path] = key or part.tree.files[path].oid
    return found


def _of_manifest(listed: Listed, files: Sequence[ListedFile]) -> Iterator[tuple[FileRef, Change]]:
    now = {joined(path): entry for path, entry in listed.select(way=SIGNED).entries.items()}
    for file in files:
        today = now.get(file.ref.path)
        if today is None:
            yield file.ref, Change.GONE
        else:
            same = _is_same(entry_of(file), today)
            yield file.ref, Change.UNCHANGED if same else Change.CHANGED


def _is_same(then: Entry, now: Entry) -> bool:
    """Whether two entries are of the same content, as far as they tell."""
    common = then.digests.keys() & now.digests.keys()
    if common:
        return all(then.digests[name] == now.digests[name] for name in common)
    if None not in (then.size, now.size) and then.size != now.size:
        return False
    urls = [{candidate.url for candidate in entry.candidates} for entry in (then, now)]
    return bool(urls[0] & urls[1])
