"""A manifest is read, and the entries of it that an import is about are selected."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.manifest.selection import Selection, select_entries
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.model.subdatasets import MOST_FILES, advice, parts_of
from datalad_jsdl.model.urls import origin_of
from datalad_jsdl.operations.documents import with_documents
from datalad_jsdl.operations.logins import (
    cookies_line,
    credential_lines,
    origin_of_all,
    own_lines,
)
from datalad_jsdl.operations.open_manifest import Place, Source, is_url, open_source, place_of
from datalad_jsdl.operations.secrecy import secrecy_of
from datalad_jsdl.operations.subdatasets import is_installed
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.importing.importer import Importer

if TYPE_CHECKING:
    from datalad_jsdl.operations.import_options import ImportOptions

__all__ = [
    "importer_of",
    "lines_of_parent",
    "lines_of_parts",
    "logins_of",
    "manifest_place",
    "read_selection",
]


def importer_of(options: ImportOptions) -> Importer | None:
    """The import's own repository, or None if it is still to be made."""
    return Importer(options.target) if is_installed(options.target) else None


def manifest_place(options: ImportOptions) -> Place:
    """Where the manifest is; see `place_of`."""
    return place_of(
        options.manifest, options.file, options.base_url, options.format, options.columns
    )


def logins_of(options: ImportOptions, selection: Selection | None = None) -> tuple[str, ...]:
    """Where logins are: for the manifest itself, or for its selected entries.

    Raises:
        SettingError: what is said of them cannot be understood, or not be said of these entries.
    """
    named = credential_lines(options.credentials)
    if options.cookies is None:
        return named
    importer = importer_of(options)
    address = manifest_place(options).address(importer.git_dir() if importer else None)
    if address is not None:
        origin = origin_of(address.base)
    elif is_url(options.manifest):
        origin = origin_of(options.manifest)
    elif selection is not None:
        origin = origin_of_all(selection.entries.values())
    else:
        return named
    return (*named, cookies_line(options.cookies, origin))


def lines_of_parent(options: ImportOptions) -> tuple[str, ...]:
    """Where logins are for the dataset that this one is to be a subdataset of."""
    return () if options.parent is None else own_lines(Git(options.parent))


def lines_of_parts(options: ImportOptions, selection: Selection) -> tuple[str, ...]:
    """Where logins are for the dataset above, and for the subdatasets that are there."""
    parts = (options.target / p.folder for p in parts_of(selection.entries) if p.folder)
    found = (own_lines(Git(part)) for part in parts if is_installed(part))
    return (*lines_of_parent(options), *(line for lines in found for line in lines))


def read_selection(options: ImportOptions) -> tuple[Selection, Source]:
    """Selected entries, and what there is to say of the manifest that they are from.

    Raises:
        ManifestError: the manifest cannot be read.
        FetchError: it cannot be fetched.
        DatasetError: an option does not fit a dataset.
    """
    folder = options.folder
    if options.prefix and (fault := path_fault(folder)):
        raise DatasetError(f"--prefix {options.prefix!r}: {fault}")
    if options.split is not None and options.split < 1:
        raise DatasetError("--split must be 1 or more")
    importer = importer_of(options)
    git_dir = importer.git_dir() if importer else None
    # a dataset that is there has its own, and those from above
    logins = logins_of(options)
    if importer is None:
        logins = (*logins, *lines_of_parent(options))
    place, secrecy = manifest_place(options), secrecy_of(git_dir)
    place = replace(place, options=replace(place.options, secrecy=secrecy))
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
    if place.options.checksums is not None:
        selection.warnings += place.options.checksums.warnings()
    selection.warnings += bag.warnings if bag else []
    for part in parts_of(selection.entries) if len(selection.entries) > MOST_FILES else ():
        if sentence := advice(part):
            selection.warnings.append(sentence)
    return selection, source
