"""Entries of a manifest → contents of an archive, without a dataset between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.archive.content import Content
from datalad_jsdl.archive.zip.members import Kind, member_name
from datalad_jsdl.model.content import Expected
from datalad_jsdl.model.digests import ALGORITHMS
from datalad_jsdl.model.subdatasets import joined, split_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.entry import Entry

__all__ = ["entries_contents"]


def entries_contents(
    entries: Mapping[str, Entry],
    leading_dir: str = "",
    key_of: Callable[[Entry], str] | None = None,
    archives: tuple[NamedArchive, ...] = (),
) -> list[Content]:
    """What an archive of a manifest's entries holds, in the order of its members.

    Args:
        entries: by path, with ``//`` where a subdataset begins, which makes no difference here.
        leading_dir: folder in the archive to put everything under; may be empty.
        key_of: git-annex's key of an entry, or "" if it has none. In a dataset the entries of
            one key have one time, the latest, the first restriction, and all their URLs. So they
            have here, but for the time of those with `Entry.own_mtime`. None: each has its own.

        archives: zips of the entries.

    Raises:
        ArchiveError: a path cannot be named in a zip.
    """
    shared: dict[tuple[str, str], list[Entry]] = {}
    own: dict[str, list[Entry]] = {}
    for path, entry in entries.items():
        key = key_of(entry) if key_of else ""
        same = shared.setdefault((split_path(path)[0], key), []) if key else []
        same.append(entry)
        own[path] = same
    contents = [
        _content(joined(path), entries[path], own[path], leading_dir, archives) for path in entries
    ]
    return sorted(contents, key=lambda content: content.name)


def _content(
    path: str,
    entry: Entry,
    same: list[Entry],
    leading_dir: str,
    archives: tuple[NamedArchive, ...],
) -> Content:
    """The content of an entry.

    Args:
        path: as it is in the archive.
        entry: what the manifest says of it.
        same: it and all others of the same key.
        leading_dir, archives: see `entries_contents`.
    """
    name = member_name(f"{leading_dir}/{path}" if leading_dir else path)
    algorithm = next((name for name in ALGORITHMS if name in entry.digests), None)
    hexdigest = entry.digests[algorithm] if algorithm else ""
    expected = Expected(entry.size, algorithm, hexdigest, (path,), entry.pieces)
    timed = [entry] if entry.own_mtime else [other for other in same if not other.own_mtime]
    times = [int(other.mtime.timestamp() // 1) for other in timed if other.mtime is not None]
    urls = dict.fromkeys(
        candidate.url for other in [entry, *same] for candidate in other.candidates
    )
    return Content(
        path,
        name,
        _kind(entry),
        entry.size,
        max(times, default=None),
        expected,
        urls=tuple(urls),
        restriction=next((other.restriction for other in same if other.restriction), None),
        inline=None if entry.inline is None else entry.inline.content,
        archives=archives,
    )


def _kind(entry: Entry) -> Kind:
    if entry.inline is not None and entry.inline.is_symlink:
        return Kind.SYMLINK
    return Kind.EXECUTABLE if entry.executable else Kind.REGULAR
