"""An order's files as the contents of its archive, wherever they are available."""

from __future__ import annotations

import json
import shlex
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.archive.content import MirrorsOnly
from datalad_jsdl.archive.entries import entries_contents
from datalad_jsdl.errors import OrderError
from datalad_jsdl.manifest.record import Record, entry_from_record
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.operations.collect import collect
from datalad_jsdl.operations.engines import NO_LOGINS, open_engine
from datalad_jsdl.operations.home import Homes
from datalad_jsdl.operations.list_files import FileSelection
from datalad_jsdl.orders.model import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.orders.model import FileRef, ListedFile, Order, Source

__all__ = ["Opened", "Places", "entry_of", "opened_contents", "opened_order"]


@dataclass(frozen=True)
class Places:
    """Where the sources of a store are.

    Attributes:
        sources: by name.
        base: folder that relative locations begin at.
        credentials: where logins are, for manifests.
        with_logins: names of the sources whose mirrors may be shown logins; None for all. A
            server that the operator has named may always.
    """

    sources: Mapping[str, Source]
    base: Path
    credentials: tuple[str, ...] = ()
    with_logins: frozenset[str] | None = None

    def logins(self, name: str) -> tuple[str, ...]:
        """Where logins for a source are, besides its own settings; or `NO_LOGINS`."""
        kind = self.sources[name].kind
        if kind is SourceKind.ORTHANC:
            return self.credentials
        if self.with_logins is not None and name not in self.with_logins:
            return NO_LOGINS
        return self.credentials if kind is SourceKind.MANIFEST else ()

    def root(self, name: str) -> Path:
        """Of a dataset.

        Raises:
            OrderError: it is not there any more.
        """
        root = self.base / self.sources[name].location
        if not root.is_dir():
            raise OrderError(
                f"the dataset {name} is not in {root} any more; put it back there, or tell where "
                f"it is: datalad download-list moved {shlex.quote(name)} PATH"
            )
        return root

    def typed(self, name: str) -> str:
        """URL of a server whose files may be fetched wherever it is: the operator has named it."""
        source = self.sources[name]
        return source.location if source.kind is SourceKind.ORTHANC else ""

    def path(self, ref: FileRef, default: Path) -> Path:
        """Where a file of a dataset is, or would be; one of a manifest is below *default*."""
        source = self.sources[ref.source]
        is_dataset = source.kind is SourceKind.DATASET
        return (self.base / source.location if is_dataset else default) / ref.path


@dataclass(frozen=True)
class Opened:
    """What an archive is made of; valid until it is closed.

    Attributes:
        contents: in the order of their members.
        refs: which file each content is, in the same order.
        sources: opens git's objects and asks mirrors.
    """

    contents: Sequence[Content]
    refs: Sequence[FileRef]
    sources: Sources


@contextmanager
def opened_order(order: Order, places: Places) -> Iterator[Opened]:
    """The contents of an order's archive: under the name of the archive, without its ending.

    Of several sources each is in a folder with its name. What is all of an Orthanc server has a
    folder of its own, the patient's, as in Orthanc's own archives.

    Raises:
        OrderError: a source, or a file of it, is not there any more.
        DatasetError: git cannot read a dataset.
    """
    folder = order.summary.archive_name[: -len(".zip")]
    kinds = {places.sources[file.ref.source].kind for file in order.files}
    if kinds == {SourceKind.ORTHANC}:
        folder = ""
    with opened_contents(order.files, places, folder) as opened:
        yield opened


@contextmanager
def opened_contents(
    files: Sequence[ListedFile], places: Places, folder: str = ""
) -> Iterator[Opened]:
    """The contents that files of a list or an order are; see `opened_order`.

    Args:
        files: of which there is one a source and path.
        places: of their sources.
        folder: in the archive, to put everything under; may be empty.
    """
    groups: dict[tuple[str, str], list[ListedFile]] = defaultdict(list)
    for file in files:
        is_dataset = places.sources[file.ref.source].kind is SourceKind.DATASET
        groups[file.ref.source, file.ref.version if is_dataset else ""].append(file)
    several = len({source for source, _ in groups}) > 1
    found: list[tuple[Content, FileRef]] = []
    with ExitStack() as stack:
        sources = _ManySources()
        for number, ((source, version), group) in enumerate(groups.items()):
            leading = "/".join(filter(None, (folder, source if several else "")))
            tag = str(number)
            if version:
                homes = stack.enter_context(Homes())
                sources.add(tag, homes)
                contents = _of_dataset(places, version, group, homes, leading)
            else:
                engine = stack.enter_context(_engine(places, source))
                sources.add(tag, MirrorsOnly(engine))
                contents = _of_entries(group, leading)
                engine.expect_origins(url for content, _ in contents for url in content.urls)
            found += [
                (replace(content, dataset=_tagged(tag, content)), ref) for content, ref in contents
            ]
        found.sort(key=lambda item: item[0].name)
        yield Opened([content for content, _ in found], [ref for _, ref in found], sources)


def entry_of(file: ListedFile) -> Entry:
    """The manifest's entry that a listed file is.

    Raises:
        OrderError: the store has been tampered with.
    """
    fields = json.loads(file.entry)
    entry = entry_from_record(Record(fields.pop("path"), fields, "list"))
    if not isinstance(entry, Entry):
        raise OrderError(f"{file.ref.path}: the store has no valid entry of it: {entry.reason}")
    return entry


def _engine(places: Places, source: str) -> Engine:
    """To fetch the files of a manifest with."""
    if places.sources[source].kind is SourceKind.POSTED:
        return open_engine(None, is_for_strangers=True)
    return open_engine(None, credentials=places.logins(source), typed=places.typed(source))


def _of_dataset(
    places: Places, version: str, files: Sequence[ListedFile], homes: Homes, leading: str
) -> list[tuple[Content, FileRef]]:
    """Contents of a commit; with the times of when they were listed, whatever is recorded now."""
    listed = {file.ref.path: file for file in files}
    selection = FileSelection(version, tuple(listed), depth=None, dataset_files=True)
    source = files[0].ref.source
    logins = places.logins(source)
    contents, _ = collect(places.root(source), selection, homes, leading, credentials=logins)
    return [
        (replace(content, mtime=listed[content.path].mtime), listed[content.path].ref)
        for content in contents
        if content.path in listed
    ]


def _of_entries(files: Sequence[ListedFile], leading: str) -> list[tuple[Content, FileRef]]:
    listed = {file.ref.path: file for file in files}
    entries = {path: entry_of(file) for path, file in listed.items()}
    contents = entries_contents(entries, leading)
    return [
        (replace(content, mtime=listed[content.path].mtime), listed[content.path].ref)
        for content in contents
    ]


def _tagged(tag: str, content: Content) -> str:
    return f"{tag}\n{content.dataset}"


class _ManySources:
    """`Sources` of contents of several datasets and manifests: each has a tag before its own."""

    def __init__(self) -> None:
        self._sources: dict[str, Sources] = {}

    def add(self, tag: str, sources: Sources) -> None:
        self._sources[tag] = sources

    def engine(self, content: Content) -> Engine:
        """See `content.Sources`."""
        sources, own = self._of(content)
        return sources.engine(own)

    def blob(self, content: Content) -> bytes:
        """See `content.Sources`."""
        sources, own = self._of(content)
        return sources.blob(own)

    def blob_chunks(self, content: Content) -> Iterator[bytes]:
        """See `content.Sources`."""
        sources, own = self._of(content)
        return sources.blob_chunks(own)

    def _of(self, content: Content) -> tuple[Sources, Content]:
        tag, _, dataset = content.dataset.partition("\n")
        return self._sources[tag], replace(content, dataset=dataset)
