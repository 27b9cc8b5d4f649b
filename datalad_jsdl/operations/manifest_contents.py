"""The contents that a manifest lists, to be archived without a dataset."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.archive.content import MirrorsOnly
from datalad_jsdl.archive.entries import entries_contents
from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.selection import Selection, select_entries
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.model.subdatasets import split_path
from datalad_jsdl.operations.documents import with_documents
from datalad_jsdl.operations.engines import open_engine
from datalad_jsdl.operations.manifest_logins import manifest_logins
from datalad_jsdl.operations.manifest_place import is_no_file, place_of
from datalad_jsdl.operations.open_manifest import open_source
from datalad_jsdl.operations.remote_times import ask_times, with_times, without_time
from datalad_jsdl.operations.secrecy import secrecy_of
from datalad_jsdl.operations.selected import why_nothing
from datalad_jsdl.repository.annex.keys import ExtensionRule, entry_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.entry import Entry, Refusal
    from datalad_jsdl.operations.manifest_place import ManifestPlace

__all__ = [
    "Listed",
    "ListedContents",
    "ManifestContents",
    "listed_contents",
    "manifest_contents",
    "selected_contents",
]

lgr = logging.getLogger("datalad.jsdl.export_archive")


@dataclass(frozen=True)
class ManifestContents:
    """What a manifest comes to in an archive.

    Attributes:
        contents: in the order of their members; none if no entry is let in.
        selection: the entries that they are of, and those that were refused.
    """

    contents: list[Content]
    selection: Selection


def manifest_contents(
    items: Iterable[Entry | Refusal],
    leading_dir: str = "",
    wanted: Filter | None = None,
    archives: Iterable[NamedArchive] = (),
) -> ManifestContents:
    """What an archive of a manifest holds; ``export-archive --manifest`` holds the same.

    Args:
        items: what `read_manifest` yields.
        leading_dir: folder in the archive to put everything under; may be empty.
        wanted: filter on the manifest's paths.
        archives: zips of its files that it names, once *items* were read.

    Returns:
        The contents. Of entries with one path the first is let in; an entry whose path is a
        folder of others is refused. Entries with the same content, that an import would give one
        key, have one time, the latest, and all their URLs.

    Raises:
        ManifestError: from *items*.
        ArchiveError: a path cannot be named in a zip.
    """
    selection = select_entries(items, wanted, use_signed=True)  # they are used now or never
    selection.archives = list(archives)
    return ManifestContents(selected_contents(selection.entries, leading_dir, archives), selection)


def selected_contents(
    entries: Mapping[str, Entry], leading_dir: str = "", archives: Iterable[NamedArchive] = ()
) -> list[Content]:
    """The contents of entries that are let in; see `manifest_contents`."""
    return entries_contents(entries, leading_dir.strip("/"), _key_of, tuple(archives))


def listed_contents(
    manifest: str | Path,
    leading_dir: str = "",
    wanted: Filter | None = None,
    *,
    base_url: str | None = None,
    credentials: Sequence[str] = (),
) -> ManifestContents:
    """Read a manifest from wherever ``download-manifest`` takes one from.

    Args:
        manifest: a file, a URL, or a portal's address such as ``dandi:000027``.
        leading_dir: folder in an archive to put everything under; may be empty.
        wanted: filter on the manifest's paths.
        base_url: what relative URLs are resolved against, or which server an address is of;
            None for the URL that the manifest came from, after redirects.
        credentials: where logins are, each ``ORIGIN[/PATH] SOURCE [OPTION=VALUE ...]``.

    Raises:
        ManifestError: it cannot be read.
        FetchError: it cannot be fetched.
        ArchiveError: a path cannot be named in a zip.
    """
    given = str(manifest)
    file = None if is_no_file(given) else Path(given).absolute()
    place = place_of(given, file, base_url, None, ())
    return Listed(place, wanted or Filter(), tuple(credentials)).read(leading_dir)


@dataclass(frozen=True)
class ListedContents:
    """What a manifest comes to, and who gives it.

    Attributes:
        contents: in the order of their members.
        sources: asks their mirrors.
        refusals: entries that are not let in.
    """

    contents: list[Content]
    sources: MirrorsOnly
    refusals: list[Refusal]


@dataclass(frozen=True)
class Listed:
    """A manifest, and which of its entries are wanted.

    Attributes:
        place: where the manifest is.
        wanted: filter on its paths.
        credentials: where logins are.
        cookies: a browser or file with cookies for the manifest's origin, or None.
    """

    place: ManifestPlace
    wanted: Filter = field(default_factory=Filter)
    credentials: tuple[str, ...] = ()
    cookies: str | None = None

    @contextmanager
    def opened(
        self, leading_dir: str, *, remote_times: bool = False, jobs: int | None = None
    ) -> Iterator[ListedContents]:
        """Read the manifest (see `manifest_contents`); what it has can be fetched until the end.

        Args:
            leading_dir: folder in the archive to put everything under; may be empty.
            remote_times: where the manifest tells no time, ask the mirrors.
            jobs: mirrors to ask at a time; None for what is set.

        Raises:
            ManifestError: it cannot be read, or has no entry that is wanted.
            FetchError: it cannot be fetched.
            ArchiveError: a path cannot be named in a zip.
        """
        found = self.read(leading_dir)
        contents, selection = found.contents, found.selection
        for warning in selection.warnings:
            lgr.warning("%s", warning)
        if not selection.entries:
            raise ManifestError(why_nothing(selection))
        logins = self._logins(selection)
        with open_engine(None, credentials=logins, keep_reserve=True) as engine:
            engine.expect_origins(url for content in contents for url in content.urls)
            if remote_times:
                entries = _with_times(selection.entries, engine, jobs or engine.settings.first_jobs)
                contents = selected_contents(entries, leading_dir, selection.archives)
            yield ListedContents(contents, MirrorsOnly(engine), selection.refusals)

    def select(self, *, way: str) -> Selection:
        """Read the manifest; entries with signed URLs only are refused, see `select_entries`.

        Args:
            way: what else can be done with those, for people.

        Raises:
            ManifestError: it cannot be read.
            FetchError: it cannot be fetched.
        """
        with self._items([]) as items:
            return select_entries(items, self.wanted, way=way)

    def read(self, leading_dir: str = "") -> ManifestContents:
        """Read the manifest; see `manifest_contents`, and `opened` for what it raises."""
        archives: list[NamedArchive] = []
        with self._items(archives) as items:
            return manifest_contents(items, leading_dir, self.wanted, archives)

    @contextmanager
    def _items(self, archives: list[NamedArchive]) -> Iterator[Iterable[Entry | Refusal]]:
        place = self.place
        told = replace(place.options, secrecy=secrecy_of(None), archives=archives.extend)
        place = replace(place, options=told)
        logins = self._logins()
        place, bag = with_documents(place, (), None, logins)
        with open_source(place, None, logins) as source:
            items = source.entries()
            yield bag.entries(items) if bag else items

    def _logins(self, selection: Selection | None = None) -> tuple[str, ...]:
        """Where logins are: for the manifest itself, or for its selected entries."""
        return manifest_logins(self.place, self.credentials, self.cookies, None, selection)


def _key_of(entry: Entry) -> str:
    """The key that an import would give an entry; "" for one that it could only download.

    Or that it would put into git.
    """
    if entry.inline is not None:
        return ""
    try:
        return entry_key(entry, ExtensionRule())
    except ValueError:
        return ""


def _with_times(entries: Mapping[str, Entry], engine: Engine, jobs: int) -> dict[str, Entry]:
    """Entries with the times that their mirrors tell, where the manifest tells none."""
    asked = ((path, entry) for path, entry in entries.items() if entry.inline is None)
    ids = {path: _content_id(path, entry) for path, entry in asked}
    return with_times(entries, ids, ask_times(without_time(entries, ids), engine, jobs))


def _content_id(path: str, entry: Entry) -> tuple[str, str, str]:
    """The same for entries that are one content in a dataset; see `entries_contents`."""
    key = _key_of(entry)
    return split_path(path)[0], key, "" if key else path
