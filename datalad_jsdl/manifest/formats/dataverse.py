"""The files of a dataset in a Dataverse repository, from its native API (JSON).

Described at https://guides.dataverse.org (Native API, "List Files in a Dataset", "Get JSON
Representation of a Dataset", and Data Access API). The URL is made of the file's id and is relative
to the repository's, so the manifest needs its address or a base URL. Restricted files are listed
like others; who fetches them needs a token. A table that Dataverse has ingested is fetched as it
was uploaded (``format=original``): under its original name and with its original size, but without
a digest, because the one given is in some installations of the uploaded file and in others of the
derived one. An "MD5" of 40 digits is a SHA-1, which older versions did not name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_list,
    is_object,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.fields import stated
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["file_records", "records", "sniff"]

#: Where the list is: an answer for the files, a version, a dataset; the same without the
#: answer's wrapping; an export.
_PLACES = (
    ("data",),
    ("data", "files"),
    ("data", "latestVersion", "files"),
    ("files",),
    ("latestVersion", "files"),
    ("datasetVersion", "files"),
)

# What the guide's "Supported Formats" of tabular data are called by the API, and their endings.
_ENDINGS = (
    ("application/x-stata", ".dta"),
    ("application/x-spss-sav", ".sav"),
    ("application/x-spss-por", ".por"),
    ("application/x-rlang-transport", ".RData"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    ("text/csv", ".csv"),
    ("text/comma-separated-values", ".csv"),
    ("text/tsv", ".tsv"),
    ("text/tab-separated-values", ".tsv"),
)


def sniff(head: str) -> bool:
    """A list of objects with a ``dataFile``. The name is in ``label``, or in ``filename`` of
    ``dataFile``."""
    if not is_object(head):
        return False
    _, files = _found(outline(head, "dataFile"))
    return any(
        isinstance(file := item.get("dataFile"), dict) and ("label" in item or "filename" in file)
        for item in objects(files)
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or has no list of files.
    """
    where, files = _found(load(text))
    if files is None:
        raise ManifestError("the document has no list of files, unlike a dataset or its version")
    yield from each(files, where, file_records)


def _found(document: Any) -> tuple[str, list[Any] | None]:
    for place in _PLACES:
        if is_list(files := dig(document, *place)):
            return ".".join(place), files
    return "", None


def file_records(item: dict[str, Any], where: str) -> Iterator[Record]:
    """The record of one file of a dataset."""
    file = item.get("dataFile")
    if not isinstance(file, dict):
        yield Record(None, None, where, "dataFile is not an object")
        return
    label, folder = item.get("label", file.get("filename")), item.get("directoryLabel")
    number = file.get("id")
    if isinstance(number, bool) or not isinstance(number, int):
        yield Record(label, None, where, "dataFile.id is missing or not a number")
        return
    url = f"/api/access/datafile/{number}"
    value: dict[str, Any]
    if ingested := file.get("originalFileFormat"):
        label = file.get("originalFileName") or _original_name(label, ingested)
        value = {"urls": f"{url}?format=original", "size": file.get("originalFileSize")}
    else:
        value = {"urls": url, "size": file.get("filesize"), "digests": _digests(file)}
    if isinstance(folder, str) and isinstance(label, str) and folder:
        label = f"{folder}/{label}"
    yield Record(label, value, where)


def _original_name(label: Any, media_type: Any) -> Any:
    """The name before ingest, which puts ``.tab`` in place of the ending."""
    if isinstance(label, str) and isinstance(media_type, str):
        for beginning, ending in _ENDINGS:
            if media_type.startswith(beginning) and label.endswith(".tab"):
                return label.removesuffix(".tab") + ending
    return label


def _digests(file: dict[str, Any]) -> dict[str, Any]:
    name, value = dig(file, "checksum", "type"), dig(file, "checksum", "value")
    if not isinstance(name, str):
        name, value = "md5", file.get("md5")
    if name.lower() == "md5" and isinstance(value, str) and len(value) == 40:
        name = "sha1"
    return stated({name: value})
