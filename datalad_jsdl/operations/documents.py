"""The further documents that a manifest is read with: checksum lists, and those of a bag."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.bag import Bag, open_bag
from datalad_jsdl.manifest.checksums import Checksums
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.operations.manifest_place import ManifestPlace, is_url
from datalad_jsdl.operations.open_manifest import What, open_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["is_bag", "with_documents"]


def is_bag(place: ManifestPlace) -> bool:
    """Whether the manifest is a folder, which can only be a bag."""
    return place.file is not None and place.file.is_dir()


def with_documents(
    place: ManifestPlace,
    lists: Sequence[tuple[str, Path | None]],
    git_dir: Path | None,
    credentials: Sequence[str],
) -> tuple[ManifestPlace, Bag | None]:
    """The place to read the manifest from, with digests for its entries in the options.

    Args:
        place: where the manifest is; for a bag, its folder.
        lists: of checksums, as the user gave them, and their absolute paths, if they are files.
        git_dir: of the dataset, or None.
        credentials: where logins are; see `open_source`.

    Returns:
        The place, which for a bag is its ``fetch.txt``, and the bag, if it is one.

    Raises:
        ManifestError: one of the documents cannot be read.
        FetchError: one cannot be fetched.
    """
    bag = None
    if is_bag(place) and place.file is not None:
        bag = open_bag(place.file)
        options = replace(place.options, encoding=bag.encoding)
        place = replace(
            place, file=bag.fetch, format=place.format or "bagit-fetch", options=options
        )
    if bag is None and not lists:
        return place, None
    checksums = bag.checksums if bag else Checksums()
    for given, file in lists:
        if given == "-" or (file is None and not is_url(given)):
            raise ManifestError(f"--checksums {given}: expected a file name or an http(s) URL")
        where = ManifestPlace(given, file, None, None, Options())
        with open_document(where, git_dir, credentials, What.CHECKSUMS) as document:
            checksums.read(document, document.name, encoding=document.encoding)
    return replace(place, options=replace(place.options, checksums=checksums)), bag
