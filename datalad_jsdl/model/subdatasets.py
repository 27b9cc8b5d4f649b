"""Which dataset each entry goes into: ``//`` in a path is where a subdataset begins."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datalad_jsdl.model.entry import Entry

__all__ = [
    "MARK",
    "MOST_FILES",
    "Part",
    "advice",
    "joined",
    "marked",
    "misplaced",
    "parts_of",
    "split_path",
]

MARK = "//"
MOST_FILES = 200_000  # in one dataset, from where on git-annex takes seconds for a command
_DEEPEST = 4


@dataclass(frozen=True)
class Part:
    """What of a manifest goes into one dataset.

    Attributes:
        folder: where that dataset is in the one that is imported into; "" for that itself.
        entries: by path within it.
    """

    folder: str
    entries: Mapping[str, Entry]


def split_path(path: str) -> tuple[str, str]:
    """The folder of the dataset that *path* is in, without marks, and the path within it."""
    folder, mark, name = path.rpartition(MARK)
    return (joined(folder), name) if mark else ("", path)


def joined(path: str) -> str:
    """*path* as it is in a file system, without marks."""
    return path.replace(MARK, "/")


def marked(path: str, depth: int) -> str:
    """*path* with a subdataset beginning behind its first *depth* folders.

    One that has no more than *depth* components, or a mark already, stays as it is.
    """
    parts = path.split("/")
    if MARK in path or len(parts) <= depth:
        return path
    return "/".join(parts[:depth]) + MARK + "/".join(parts[depth:])


def parts_of(entries: Mapping[str, Entry]) -> list[Part]:
    """Entries by dataset: the one imported into first, a dataset before those in it.

    Args:
        entries: by path, with marks.
    """
    if not any(MARK in path for path in entries):
        return [Part("", entries)]  # a million of them need not be there twice
    own: dict[str, Entry] = {}
    inner: dict[str, dict[str, Entry]] = {}
    for path, entry in entries.items():
        if MARK not in path:
            own[path] = entry
            continue
        for folder in _datasets(path):
            inner.setdefault(folder, {})
        folder, name = split_path(path)
        inner[folder][name] = replace(entry, path=name)
    return [Part("", own), *(Part(folder, inner[folder]) for folder in sorted(inner))]


def _datasets(path: str) -> list[str]:
    """Folders of the subdatasets that a path leads through, outermost first."""
    pieces = path.split(MARK)[:-1]
    return ["/".join(pieces[: index + 1]) for index in range(len(pieces))]


def misplaced(paths: Iterable[str]) -> dict[str, str]:
    """Paths that lie in a folder that others make a subdataset, and that folder.

    Args:
        paths: with marks.
    """
    paths = list(paths)
    folders = {folder for path in paths if MARK in path for folder in _datasets(path)}
    if not folders:
        return {}
    found = {}
    for path in paths:
        own = set(_datasets(path))
        plain = joined(path)
        at = plain.find("/")
        while at >= 0:
            if plain[:at] in folders and plain[:at] not in own:
                found[path] = plain[:at]
                break
            at = plain.find("/", at + 1)
    return found


def advice(part: Part) -> str | None:
    """A sentence on how to split a part that has too many files, or None if it has not."""
    if len(part.entries) <= MOST_FILES:
        return None
    where = f"in {part.folder}" if part.folder else "in one dataset"
    text = f"{len(part.entries):,} files {where} make git-annex slow (seconds for each command)"
    best: tuple[int, int, int] | None = None
    for depth in range(1, _DEEPEST + 1):
        sizes = Counter(split_path(marked(path, depth))[0] for path in part.entries)
        if best is None or max(sizes.values()) < best[2]:
            best = (depth, len(sizes) - ("" in sizes), max(sizes.values()))
        if best[2] <= MOST_FILES:
            break
    if best is None or not best[1] or best[2] == len(part.entries):
        return text + "; put // into the manifest's paths where a subdataset should begin"
    depth, count, most = best
    return (
        f"{text}; with --split {depth} there would be {count:,} subdatasets with at most "
        f"{most:,} files each"
    )
