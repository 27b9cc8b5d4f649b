"""OpenNeuro's answer to a query for a dataset's or snapshot's files (GraphQL, JSON).

The type ``DatasetFile`` of the API (https://openneuro.org/crn/graphql), in a list ``files``
at any depth. Directories are passed over. The sizes that the API gives are wrong
for some files and would make right content look wrong, so they are not taken. Where the query asked
for ``key`` and it is a git-annex key (https://git-annex.branchable.com/internals/key_format/),
that gives the digest, and a size that is right.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.documents import each, is_list, is_object, load, objects, outline
from datalad_jsdl.manifest.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.manifest.formats.options import Options

__all__ = ["file_record", "records", "sniff"]

_TRAITS = frozenset({"urls", "directory", "annexed"})

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_DEPTH = 10  # the API has them four objects deep

_ANNEX_KEY = re.compile(r"(MD5|SHA1|SHA256|SHA512)E?-s([0-9]{1,19})--([0-9a-f]+)(?:\..*)?")


def sniff(head: str) -> bool:
    """A list ``files`` of objects with ``filename``, and ``urls``, ``directory`` or ``annexed``."""
    if not is_object(head):
        return False
    return any(
        "filename" in item and not _TRAITS.isdisjoint(item)
        for _, files in _lists(outline(head, "files", "filename"))
        for item in objects(files)
    )


def records(text: Iterator[str], options: Options) -> Iterator[Record]:
    """One record a file.

    Raises:
        ManifestError: the document is not JSON, or has no list ``files``.
    """
    found = False
    for where, files in _lists(load(text)):
        found = True
        yield from each(files, where, file_record)
    if not found:
        raise ManifestError("the document has no list of files")


def _lists(document: Any) -> Iterator[tuple[str, list[Any]]]:
    """Each list ``files``, and where it stands."""
    pending: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while pending:
        where, value = pending.pop()
        # what has urls is an entry of the project's own form
        if not isinstance(value, dict) or "urls" in value or len(where) > _DEPTH:
            continue
        for name, member in value.items():
            # other names are none in GraphQL, and none to put into a message
            if _NAME.fullmatch(name):
                if name == "files" and is_list(member):
                    yield ".".join((*where, name)), member
                pending.append(((*where, name), member))


def file_record(item: dict[str, Any], where: str) -> Iterator[Record]:
    """The record of one file; none of a directory."""
    if item.get("directory") is True:
        return
    value = {"urls": item.get("urls")}
    yield Record(item.get("filename"), {**value, **_from_key(item)}, where)


def _from_key(item: dict[str, Any]) -> dict[str, Any]:
    for key in (item.get("key"), item.get("id")):  # older answers have it as the id
        match = _ANNEX_KEY.fullmatch(key) if isinstance(key, str) else None
        if match:
            return {"size": int(match[2]), "digests": {match[1]: match[3]}}
    return {}
