"""The entries of a manifest that a user chooses: they go onto the list as they are now."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.cycles import no_cycles_made
from datalad_jsdl.errors import ManifestError, NothingThereError, QueryError
from datalad_jsdl.manifest.own_form import own_form
from datalad_jsdl.manifest.writing import json_line
from datalad_jsdl.model.digests import ALGORITHMS
from datalad_jsdl.model.subdatasets import joined
from datalad_jsdl.operations.manifest_contents import selected_contents
from datalad_jsdl.orders.choosing.choice import Chosen
from datalad_jsdl.orders.choosing.restrictions import state_of_restriction
from datalad_jsdl.orders.model import FileRef, ListedFile
from datalad_jsdl.orders.store.rows import utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from datalad_jsdl.manifest.selection import Selection
    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.orders.choosing.choice import Choice
    from datalad_jsdl.orders.model import FileState, Source

__all__ = ["SIGNED", "Readable", "choose_from_manifest", "listed_entry"]

#: What can be done with an entry that has signed URLs only.
SIGNED = "'datalad download-manifest --get' makes a dataset with their content now, to choose from"


class Readable(Protocol):
    """A manifest: see `Listed`."""

    def select(self, *, way: str) -> Selection:
        """Its entries; *way*: what to do with those that have signed URLs only."""


@no_cycles_made()
def choose_from_manifest(listed: Readable, source: Source, choice: Choice) -> Chosen:
    """Look up what a choice comes to; nothing is written.

    Entries that have signed URLs only are left out: those would expire before they are used.

    Args:
        listed: the manifest.
        source: that the files are of.
        choice: of its entries.

    Raises:
        QueryError: a query asks for what only a dataset has.
        ManifestError: the manifest cannot be read.
        NothingThereError: there is nothing at a path.
        FetchError: the manifest cannot be fetched.
    """
    if choice.where or choice.metadata:
        raise QueryError(
            "only a dataset has tables and metadata to be asked for, a manifest has not"
        )
    selection = listed.select(way=SIGNED)
    files: list[ListedFile] = []
    states: dict[str, FileState] = {}
    times = _shared_times(selection.entries)
    found = set()
    for marked, entry in selection.entries.items():
        path = joined(marked)
        found.add(path)
        if choice(path):
            files.append(listed_entry(source.name, entry, times.get(path, entry.mtime)))
            if entry.restriction is not None:
                states[path] = state_of_restriction(entry.restriction)
    folders = {path.rpartition("/")[0] for path in found}
    for path in filter(None, choice.paths):
        inside = path in found or any(f == path or f.startswith(f"{path}/") for f in folders)
        if not inside:
            raise NothingThereError(f"the manifest has nothing at {path}")
    if not files and selection.refusals:
        first = selection.refusals[0]
        raise ManifestError(f"no entry can be listed: {first.path or first.where}: {first.reason}")
    refused = {refusal.path or refusal.where: refusal.reason for refusal in selection.refusals}
    files.sort(key=lambda file: file.ref.path.encode("utf-8", "surrogateescape"))
    return Chosen(source, files, states, refused)


def _shared_times(entries: Mapping[str, Entry]) -> dict[str, datetime | None]:
    """Path → time, where several entries may have one content: then all have the latest time.

    So it is in a dataset, where they have one key, and in an archive of the manifest.
    """
    same: dict[str, list[str]] = {}
    for path, entry in entries.items():
        strongest = next((name for name in ALGORITHMS if name in entry.digests), None)
        content = entry.digests[strongest] if strongest else entry.candidates[0].url
        same.setdefault(content, []).append(path)
    shared = {path: entries[path] for paths in same.values() if len(paths) > 1 for path in paths}
    return {
        content.path: None if content.mtime is None else utc(content.mtime)
        for content in selected_contents(shared)
    }


def listed_entry(source: str, entry: Entry, time: datetime | None) -> ListedFile:
    """An entry on a list: it stands for itself, whatever the manifest says later."""
    line = json_line(entry.path, own_form(entry)).strip()
    version = hashlib.sha256(line.encode("utf-8", "surrogatepass")).hexdigest()
    mtime = None if time is None else int(time.timestamp() // 1)
    return ListedFile(FileRef(source, joined(entry.path), version), entry.size, mtime, line)
