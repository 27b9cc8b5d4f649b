"""The manifest by which a browser takes the files of an order out of its archive."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from hashlib import sha256
from typing import TYPE_CHECKING

from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.manifest.own_form import own_form
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.repository.entries import Unlisted, entry_in_git

if TYPE_CHECKING:
    from collections.abc import Sequence

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.orders.archives import OrderArchive

__all__ = ["archive_manifest"]


def archive_manifest(order: OrderArchive, url: str) -> str:
    """An order's archive as a manifest in JSON: paths, sizes, and what content is checked by.

    There are no URLs in it but that of the archive, so nothing is asked of mirrors. Where a file
    lies in the archive follows from all the others, so each is in it, with its own time. Paths are
    without the folder that all of them are in, if there is one.

    Args:
        order: that is prepared.
        url: of the archive, which may be relative to the manifest.

    Raises:
        ArchiveError: a file cannot be in a manifest.
        DatasetError: the target of a symlink cannot be read.
    """
    archive = order.archive
    names = [content.name.decode("utf-8", "surrogateescape") for content in archive.contents]
    folder = _common([name.partition("/") for name in names])
    found: dict[str, object] = {"/": {"archives": [{"urls": [url], "leading_dir": folder}]}}
    for name, content in zip(names, archive.contents, strict=True):
        path = name[len(folder) + 1 :] if folder else name
        fields = own_form(_entry(path, content, order.opened.sources))
        found[path] = {field: value for field, value in fields.items() if value != []}
    return json.dumps(found, ensure_ascii=False)


def _common(parts: Sequence[tuple[str, str, str]]) -> str:
    """The folder that all files are in, or ""."""
    first = {folder for folder, _, rest in parts if rest}
    return first.pop() if len(first) == 1 and all(rest for _, _, rest in parts) else ""


def _entry(path: str, content: Content, sources: Sources) -> Entry:
    if fault := path_fault(path):
        raise ArchiveError(f"{path!r} cannot be in a manifest: {fault}")
    mtime = None
    if content.mtime is not None:
        mtime = datetime.fromtimestamp(content.mtime, timezone.utc)
    entry: Entry | Unlisted = Entry(path, ())
    if content.kind is Kind.SYMLINK:
        entry = entry_in_git(
            path,
            content.size or 0,
            lambda: sources.blob(content) if content.inline is None else content.inline,
            is_symlink=True,
        )
    if isinstance(entry, Unlisted):
        raise ArchiveError(f"{path!r}: {entry.reason}")
    expected = content.expected
    digests = {**entry.digests, **_digests(content, sources)}
    return Entry(
        path, (), content.size, digests, mtime, content.kind is Kind.EXECUTABLE,
        pieces=expected.pieces, inline=entry.inline, own_mtime=True,
    )  # fmt: skip


def _digests(content: Content, sources: Sources) -> dict[str, str]:
    """By which a browser can check a content, beside its pieces."""
    expected = content.expected
    if expected.algorithm:
        return {expected.algorithm: expected.hexdigest}
    if expected.pieces is not None or not content.blob:
        return {}
    # git knows small ones by a digest of its own, and so they were not read before
    digest = sha256()
    for chunk in sources.blob_chunks(content):
        digest.update(chunk)
    return {"sha256": digest.hexdigest()}
