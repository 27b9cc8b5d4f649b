"""Zips of its files that a dataset knows of: a committed file of its own, written by imports.

``.datalad/jsdl/archives.json`` has an object with ``archives``, a list as manifests have it. Each
item has the ``folder`` of the dataset that the zip stands for, if it is not all of it. Whoever made
a dataset may have written it: it is checked as a manifest is, and what is wrong in it is ignored.
"""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

from datalad_jsdl.manifest.archives import ARCHIVES, archives_from_record, archives_member
from datalad_jsdl.manifest.record import Record
from datalad_jsdl.model.entry import Refusal
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.repository.importing.write import ARCHIVES_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.repository.commit import Tree

__all__ = ["archives_file", "archives_in", "archives_of"]

_MOST = 1 << 20  # bytes of the file


def archives_in(root: Path) -> tuple[NamedArchive, ...]:
    """Those of the dataset whose work tree is there."""
    try:
        # a link may lead anywhere
        with open(os.open(root / ARCHIVES_FILE, os.O_RDONLY | _CAREFUL), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ()
            return _parsed(file.read(_MOST + 1))
    except OSError:
        return ()


_CAREFUL = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def archives_of(tree: Tree) -> tuple[NamedArchive, ...]:
    """Those of a commit."""
    if ARCHIVES_FILE not in tree.files or tree.sizes([ARCHIVES_FILE])[ARCHIVES_FILE] > _MOST:
        return ()
    return _parsed(next(iter(tree.contents([ARCHIVES_FILE]))))


def archives_file(tree: Tree, archives: Iterable[NamedArchive], folder: str) -> dict[str, bytes]:
    """The file as it is to be after an import, by its path; nothing if it stays as it is.

    Args:
        tree: before the import.
        archives: that the manifest names; URLs with a secret are left out.
        folder: of the dataset that was imported into: what the file says of it is replaced.
    """
    before = archives_of(tree)
    kept = [archive for archive in before if archive.folder != folder]
    new = [archive for archive in (a.public() for a in archives) if archive is not None]
    if not new and len(kept) == len(before):
        return {}
    content = _written([*kept, *new])
    if ARCHIVES_FILE in tree.files and next(iter(tree.contents([ARCHIVES_FILE]))) == content:
        return {}
    return {ARCHIVES_FILE: content}


def _written(archives: list[NamedArchive]) -> bytes:
    items = archives_member(archives)["archives"]
    for item, archive in zip(items, archives, strict=True):
        if archive.folder:
            item["folder"] = archive.folder
    items.sort(key=lambda item: item.get("folder", ""))
    text = json.dumps({"archives": items}, ensure_ascii=False, indent=1)
    return f"{text}\n".encode()


def _parsed(content: bytes) -> tuple[NamedArchive, ...]:
    if len(content) > _MOST:
        return ()
    try:
        items = json.loads(content)["archives"]
        return tuple(archive for item in items for archive in _archive(item))
    except (ValueError, TypeError, KeyError, RecursionError):
        return ()


def _archive(item: Any) -> tuple[NamedArchive, ...]:
    folder = item.get("folder", "") if isinstance(item, dict) else None
    if not isinstance(folder, str) or (folder and path_fault(folder)):
        return ()
    found = archives_from_record(Record(ARCHIVES, {"archives": [item]}, ""))
    return () if isinstance(found, Refusal) else tuple(one.under(folder) for one in found)
