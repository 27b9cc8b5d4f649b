"""Croissant metadata of a dataset, as Hugging Face, Kaggle, OpenML and Dataverse give it (JSON-LD).

Described at https://docs.mlcommons.org/croissant/docs/croissant-spec.html. Of the ``distribution``
only a ``FileObject`` of its own is a file to fetch: a ``FileSet``, and what is ``containedIn``
another file, are views into one. The file's name is the last part of an ``@id`` that is a path, or
the ``name``. Sizes such as "4.698 MB" are rounded, and a ``sha256`` may be the address of a page
that explains why there is none, or just "sha256": none of them is taken. Kaggle's ``md5`` is
in base64.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import (
    dig,
    each,
    is_array,
    is_list,
    is_object,
    json_ld_base,
    load,
    objects,
    outline,
)
from datalad_jsdl.manifest.formats.fields import digests_in, whole_bytes
from datalad_jsdl.manifest.formats.values import based, name_in_url, scheme_of
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.urls import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["records", "sniff"]

_DATASET = re.compile(r"https://huggingface\.co/datasets/([\w.-]+/[\w.-]+|[\w.-]+)/?")
_KINDS = ("FileObject", "FileSet")


def sniff(head: str) -> bool:
    """A ``distribution`` of FileObjects or FileSets."""
    if not (is_object(head) or is_array(head)):
        return False
    distribution = _distribution(outline(head, "distribution", "@type"))
    return any(_is(item, kind) for item in objects(distribution) for kind in _KINDS)


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a FileObject that is in no other.

    Raises:
        ManifestError: the document is not JSON, or has no ``distribution``.
    """
    document = load(text)
    document = list(document) if is_list(document) else document
    # mlcroissant writes a relative @base that is none of the file's
    bases = [base for base in json_ld_base(_only(document)) if scheme_of(base)]

    def absolute(url: Any) -> Any:
        return based(url, bases, options) if isinstance(url, str) else url

    distribution = _distribution(document)
    hub = _hub(dig(_only(document), "url"))
    if hub and all(_is_repository(item) for item in _files(distribution)):
        raise ManifestError(f"all of the document's files are in a git repository{hub}")
    yield from each(distribution, "distribution", partial(_record, absolute, hub))
    if patterns := _only_sets(distribution):
        raise ManifestError(
            f"the document names no file of its own, only patterns of files, such as {patterns}: "
            "give a list of the files as the manifest"
        )


def _files(distribution: Any) -> list[dict[str, Any]]:
    items = objects(distribution)
    return [item for item in items if _is(item, "FileObject") and not item.get("containedIn")]


def _is_repository(item: dict[str, Any]) -> bool:
    return item.get("encodingFormat") == "git+https"


def _hub(url: Any) -> str:
    """What to do about a git repository: the address of one on the Hugging Face Hub, or ""."""
    match = _DATASET.fullmatch(url) if isinstance(url, str) else None
    return f"; give hf:datasets/{match[1]} as the manifest" if match else ""


def _only_sets(distribution: Any) -> str:
    """The first pattern, where there are FileSets in no file or repository, and nothing else."""
    items = objects(distribution)
    if not all(_is(item, "FileSet") and not item.get("containedIn") for item in items):
        return ""
    includes = (item.get("includes") for item in items)
    found = (i[0] if isinstance(i, list) and i else i for i in includes)
    return next((excerpt(i) for i in found if isinstance(i, str)), "")


def _distribution(document: Any) -> Any:
    return _listed(dig(_only(document), "distribution"))


def _only(document: Any) -> Any:
    """The document, or the one in a list of one: so Kaggle's, on its pages."""
    return document[0] if isinstance(document, list) and len(document) == 1 else document


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, dict) else value


def _is(item: dict[str, Any], kind: str) -> bool:
    """Whether the item's type is *kind*, under whichever prefix (``cr:``, ``sc:``, a URL)."""
    types = item.get("@type")
    return any(
        isinstance(name, str) and name.replace("/", ":").rpartition(":")[2] == kind
        for name in (types if isinstance(types, list) else [types])
    )


def _record(
    absolute: Callable[[Any], Any], hub: str, item: dict[str, Any], where: str
) -> Iterator[Record]:
    if not _is(item, "FileObject") or item.get("containedIn"):
        return
    path = _path(item)
    if _is_repository(item):
        yield Record(path, None, where, f"this is a git repository, not a file{hub}")
        return
    value = {
        "urls": absolute(item.get("contentUrl")),
        "size": whole_bytes(item.get("contentSize")),
        "digests": {} if _is_original(item.get("contentUrl")) else digests_in(item),
    }
    yield Record(path, value, where)


def _is_original(url: Any) -> bool:
    """Whether it is a table of a Dataverse in the form in which it was deposited.

    In some installations the digest is that of the form made from it (IQSS/dataverse#9501).
    """
    return isinstance(url, str) and "/api/access/datafile/" in url and "format=original" in url


def _path(item: dict[str, Any]) -> Any:
    """The name, with its folders where the id has them.

    The specification wants the name to be the file's; the id only has to be unique.
    """
    name, identifier = item.get("name"), item.get("@id")
    if not isinstance(identifier, str):
        return name
    if "://" in identifier:
        return name or name_in_url(identifier)
    if not name or (isinstance(name, str) and identifier.endswith(f"/{name}")):
        return identifier
    return name
