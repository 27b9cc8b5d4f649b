"""A zip of a folder's files, where the manifest of the folder is to say that it is published."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.archives import ARCHIVES, archives_from_record
from datalad_jsdl.manifest.formats.fields import is_web
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.manifest.writing import WRITERS
from datalad_jsdl.model.entry import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from datalad_jsdl.model.archives import NamedArchive

__all__ = ["own_places", "published_zip"]


def published_zip(
    urls: Sequence[str], leading_dir: str | None, format_name: str
) -> tuple[NamedArchive, ...]:
    """What a manifest says of it; nothing if there are no URLs.

    Args:
        urls: of the zip and its mirrors.
        leading_dir: folder in it that has the files; None for the name of the first URL, without
            ``.zip``: ``export-archive`` names it so.
        format_name: of the manifest.

    Raises:
        ManifestError: the text says what cannot be, without the URLs.
    """
    if not urls:
        return ()
    if WRITERS[format_name].with_archives is None:
        raise ManifestError(f"a manifest in {format_name} cannot name a zip; json and jsonl can")
    if not all(map(is_web, urls)):
        raise ManifestError("the URL of a zip must begin with http:// or https://")
    folder = _stem(urls[0]) if leading_dir is None else leading_dir.strip("/")
    value = {"archives": [{"urls": list(urls), "leading_dir": folder}]}
    found = archives_from_record(Record(ARCHIVES, value, ""))
    if isinstance(found, Refusal):
        raise ManifestError(found.reason)
    if any(candidate.signed for archive in found for candidate in archive.candidates):
        raise ManifestError("the URL of a zip seems to contain a secret")
    return found


def _stem(url: str) -> str:
    name = _path(url).rpartition("/")[2]
    return name[:-4] if name.lower().endswith(".zip") else name


def own_places(archives: Iterable[NamedArchive], folder: Path, urls: Iterable[str]) -> set[str]:
    """Absolute paths that zips have in a folder of their files: no zip is a file of itself.

    Nor is a list of its checksum beside it, as ``export-archive --checksum-file`` writes it. Only
    the paths of URLs count: a zip that moved from http to https or to another host, or that has a
    version in its query, is still that file.

    Args:
        archives: zips of the files.
        folder: that has the files.
        urls: of the folder, each with a slash at its end.
    """
    root = os.path.realpath(folder)
    zips = {_path(url) for archive in archives for url in archive.urls}
    return {
        os.path.join(root, *path.removeprefix(base).split("/")) + suffix
        for base in set(map(_path, urls))
        for path in zips
        if path.startswith(base)
        for suffix in ("", ".sha256")
    }


def _path(url: str) -> str:
    return unquote(urlsplit(url).path)
