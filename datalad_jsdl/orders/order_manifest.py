"""The manifest of an order: with it anybody makes the same archive, without the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from datalad_jsdl.archive.prepare import with_prepared
from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.orders.contents import opened_contents
from datalad_jsdl.orders.store.contents import prepared_contents
from datalad_jsdl.repository.annex.keys import ExtensionRule, entry_key
from datalad_jsdl.repository.entries import (
    Unlisted,
    as_far_as_there_is_room,
    entry_in_git,
    public_candidates,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.archive.content import Content, Sources
    from datalad_jsdl.archive.prepare import Prepared
    from datalad_jsdl.orders.contents import Places
    from datalad_jsdl.orders.model import Order
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["order_entries"]


def order_entries(store: Store, order: Order, places: Places) -> Iterator[Entry | Unlisted]:
    """An order's files as entries of a manifest, in the order of the archive.

    Paths are those in the archive, without the folder that it is named by. What is prepared has a
    size, a SHA-256 and pieces. The content of files that are in git is in the entry. A file whose
    content another one has with another time says that the time is its own.

    Raises:
        OrderError, DatasetError: a source cannot be read.
    """
    return as_far_as_there_is_room(_entries(store, order, places))


def _entries(store: Store, order: Order, places: Places) -> Iterator[Entry | Unlisted]:
    with opened_contents(order.files, places) as opened:
        known = prepared_contents(store, (content.identity for content in opened.contents))
        times: dict[str, datetime | None] = {}
        for content in opened.contents:
            entry = _entry(content, known.get(content.identity), opened.sources)
            if isinstance(entry, Entry) and _is_at_another_time(entry, times):
                entry = replace(entry, own_mtime=True)
            yield entry


def _is_at_another_time(entry: Entry, times: dict[str, datetime | None]) -> bool:
    if entry.inline is not None:
        return False  # it has no key, and stands for itself
    try:
        key = entry_key(entry, ExtensionRule())
    except ValueError:
        return False  # likewise
    return bool(key) and times.setdefault(key, entry.mtime) != entry.mtime


def _entry(content: Content, prepared: Prepared | None, sources: Sources) -> Entry | Unlisted:
    path = content.name.decode("utf-8", "surrogateescape")
    if fault := path_fault(path):
        return Unlisted(path, f"a manifest cannot contain it: {fault}")
    mtime = None
    if content.mtime is not None:
        mtime = datetime.fromtimestamp(content.mtime, timezone.utc)
    if content.blob or content.inline is not None:
        found = entry_in_git(
            path,
            content.size or 0,
            lambda: sources.blob(content) if content.inline is None else content.inline,
            executable=content.kind is Kind.EXECUTABLE,
            is_symlink=content.kind is Kind.SYMLINK,
        )
        if isinstance(found, Unlisted):
            return found
        return replace(found, mtime=mtime, restriction=content.restriction)
    candidates, others = public_candidates(content.urls)
    if not candidates:
        said = ", ".join(f"{number} {what}" for what, number in others.items())
        reason = f"none of its URLs may be shared: {said}" if said else "it has no recorded URL"
        return Unlisted(path, reason)
    digests = {}
    if content.expected.algorithm:
        digests[content.expected.algorithm] = content.expected.hexdigest
    if prepared is not None:
        digests.setdefault("sha256", prepared.sha256)
        content = with_prepared(content, prepared)
    return Entry(
        path,
        tuple(candidates),
        content.size,
        digests,
        mtime,
        content.kind is Kind.EXECUTABLE,
        pieces=content.expected.pieces,
        restriction=content.restriction,
    )
