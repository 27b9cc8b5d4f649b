"""A manifest is read, and the entries of it that an import is about are selected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.manifest.selection import Selection, select_entries
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.model.subdatasets import MOST_FILES, advice, parts_of
from datalad_jsdl.model.urls import redact_text
from datalad_jsdl.operations.documents import with_documents
from datalad_jsdl.operations.logins import (
    own_lines,
)
from datalad_jsdl.operations.manifest_logins import manifest_logins
from datalad_jsdl.operations.manifest_place import ManifestPlace, place_of
from datalad_jsdl.operations.open_manifest import ManifestSource, open_source
from datalad_jsdl.operations.secrecy import secrecy_of
from datalad_jsdl.repository.repository import Repository, find_repository

if TYPE_CHECKING:
    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.operations.import_options import ImportOptions

__all__ = ["Target"]

_MOST_SHOWN = 5


class Target:
    """The dataset of an import, and what is to go into it."""

    def __init__(self, options: ImportOptions) -> None:
        self._options = options
        self._found: Repository | None = None

    @property
    def repository(self) -> Repository | None:
        """That of the dataset, which is looked for until it is there."""
        if self._found is None:
            self._found = find_repository(self._options.target)
        return self._found

    def place(self) -> ManifestPlace:
        """Where the manifest is; see `place_of`."""
        options = self._options
        return place_of(
            options.manifest, options.file, options.base_url, options.format, options.columns
        )

    def logins(self, selection: Selection | None = None) -> tuple[str, ...]:
        """Where logins are: for the manifest itself, or for its selected entries.

        Raises:
            SettingError: what is said of them cannot be understood, or not be said of these
                entries.
        """
        options, found = self._options, self.repository
        git_dir = found.git_dir if found else None
        return manifest_logins(
            self.place(), options.credentials, options.cookies, git_dir, selection
        )

    def lines_of_parent(self) -> tuple[str, ...]:
        """Where logins are for the dataset that this one is to be a subdataset of."""
        parent = self._options.parent
        return () if parent is None else own_lines(Repository(parent))

    def lines_of_parts(self, selection: Selection) -> tuple[str, ...]:
        """Where logins are for the dataset above, and for the subdatasets that are there."""
        folders = (part.folder for part in parts_of(selection.entries) if part.folder)
        parts = (find_repository(self._options.target / folder) for folder in folders)
        found = (own_lines(part) for part in parts if part)
        return (*self.lines_of_parent(), *(line for lines in found for line in lines))

    def read_selection(self) -> tuple[Selection, ManifestSource]:
        """Selected entries, and what there is to say of the manifest that they are from.

        Raises:
            ManifestError: the manifest cannot be read.
            FetchError: it cannot be fetched.
            DatasetError: an option does not fit a dataset.
        """
        options, folder = self._options, self._options.folder
        if options.prefix and (fault := path_fault(folder)):
            raise DatasetError(f"--prefix {options.prefix!r}: {fault}")
        if options.split is not None and options.split < 1:
            raise DatasetError("--split must be at least 1")
        repository, logins = self.repository, self.logins()
        git_dir = repository.git_dir if repository else None
        if repository is None:  # one that is there has its own, and those from above
            logins = (*logins, *self.lines_of_parent())
        place, secrecy = self.place(), secrecy_of(repository)
        archives: list[NamedArchive] = []
        ignored: list[str] = []
        told = replace(
            place.options, secrecy=secrecy, archives=archives.extend, ignored=ignored.extend
        )
        place = replace(place, options=told)
        place, bag = with_documents(place, options.checksums, git_dir, logins)
        with open_source(place, git_dir, logins) as source:
            items = source.entries()
            selection = select_entries(
                bag.entries(items) if bag else items,
                Filter(options.include, options.exclude),
                folder,
                use_signed=options.get,
                split=options.split,
                secrecy=secrecy,
            )
        selection.archives = [archive.under(folder) for archive in archives]
        if place.options.checksums is not None:
            selection.warnings += place.options.checksums.warnings()
        selection.warnings += bag.warnings if bag else []
        if ignored:
            selection.warnings.append(_ignored(ignored))
        for part in parts_of(selection.entries) if len(selection.entries) > MOST_FILES else ():
            if sentence := advice(part):
                selection.warnings.append(sentence)
        return selection, source


def _ignored(columns: list[str]) -> str:
    shown = ", ".join(repr(redact_text(name[:1000])[:60]) for name in columns[:_MOST_SHOWN])
    more = ", …" if len(columns) > _MOST_SHOWN else ""
    return (
        f"ignored columns that have URLs or checksums: {shown}{more}; if one is of mirrors, name "
        "all columns of URLs, each with --column url=NAME; if one is of checksums, add "
        "--column checksum=NAME"
    )
