"""Changed paths → git's trees, on top of those of a commit.

Only trees on the way to a change are read and written: a dataset of a million files in
which one changes costs as many as its path has folders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["FOLDER", "TreeChange", "build_tree", "parse_tree", "trees_between"]

FOLDER = b"40000"  # a tree's mode, without a leading zero in git's objects

# path and, for a file to be there afterwards, its mode (octal digits) and binary object name
TreeChange = tuple[bytes, "tuple[bytes, bytes] | None"]


class Objects(Protocol):
    """What trees are written to."""

    def add(self, kind: bytes, content: bytes) -> bytes:
        """Add an object; its binary name."""


class _Folder:
    """One that is being changed: its name and, by name, modes and object names in it."""

    __slots__ = ("entries", "name", "start")

    def __init__(self, start: bytes, name: bytes, entries: dict[bytes, tuple[bytes, bytes]]):
        self.start = start  # of the paths in it
        self.name = name
        self.entries = entries


def build_tree(
    objects: Objects,
    changes: Iterable[TreeChange],
    base: bytes | None,
    read: Callable[[bytes], bytes],
) -> bytes:
    """Write the trees that *changes* make of a tree.

    A file that is added replaces whatever is at its path or has the name of a folder on the
    way to it; a folder without files is not kept.

    Args:
        objects: written to.
        changes: so that what is in one folder, however deep, comes in one go, as it does
            where the paths' bytes are sorted. What is to go is passed over where it is not,
            or lies in a folder that a file has taken the place of.
        base: binary name of the tree that is built upon, or None for an empty one.
        read: content of a tree by its binary name.

    Returns:
        The binary name of the new tree.
    """
    root = _Folder(b"", b"", _entries(base, read))
    stack = [root]
    start = b""
    for path, file in changes:
        while not path.startswith(start):
            _close(objects, stack)
            start = stack[-1].start
        rest = path[len(start) :]
        while b"/" in rest:
            name, _, rest = rest.partition(b"/")
            mode, oid = stack[-1].entries.get(name, (b"", b""))
            start += name + b"/"
            known = _entries(oid if mode == FOLDER else None, read)
            stack.append(_Folder(start, name, known))
        if file is None:
            stack[-1].entries.pop(rest, None)
        else:
            stack[-1].entries[rest] = file
    while len(stack) > 1:
        _close(objects, stack)
    return objects.add(b"tree", _content(root.entries))


def _close(objects: Objects, stack: list[_Folder]) -> None:
    folder = stack.pop()
    parent = stack[-1].entries
    if folder.entries:
        parent[folder.name] = FOLDER, objects.add(b"tree", _content(folder.entries))
    elif parent.get(folder.name, (b"",))[0] == FOLDER:
        del parent[folder.name]


def _entries(oid: bytes | None, read: Callable[[bytes], bytes]) -> dict[bytes, tuple[bytes, bytes]]:
    if oid is None:
        return {}
    return {name: (mode, found) for mode, name, found in parse_tree(read(oid), len(oid))}


def _content(entries: Mapping[bytes, tuple[bytes, bytes]]) -> bytes:
    # git sorts a folder as if its name ended in a slash
    rows = [
        (name + b"/" if mode == FOLDER else name, b"%b %b\0%b" % (mode, name, oid))
        for name, (mode, oid) in entries.items()
    ]
    rows.sort()
    return b"".join([row for _, row in rows])


def parse_tree(content: bytes, width: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Mode, name and binary object name of what is in a tree.

    Args:
        content: of the object: ``MODE NAME\\0OID``, one after the other.
        width: bytes of an object name.
    """
    at = 0
    while at < len(content):
        space = content.index(b" ", at)
        end = content.index(b"\0", space)
        yield content[at:space], content[space + 1 : end], content[end + 1 : end + 1 + width]
        at = end + 1 + width


def trees_between(before: bytes, after: bytes, width: int, number: int) -> Iterator[bytes]:
    """Contents of trees on the way from one to another, each with as many more of its changes.

    Args:
        before: content of a tree.
        after: the same, of the other one.
        width: bytes of an object name.
        number: of the steps, fewer if there are fewer changes; the last leads to *after*, and
            is not among the yielded.
    """
    old, new = (
        {name: (mode, oid) for mode, name, oid in parse_tree(content, width)}
        for content in (before, after)
    )
    changed = sorted(name for name in old | new if old.get(name) != new.get(name))
    ends = sorted({len(changed) * step // number for step in range(1, number)} - {0})
    for end in ends:
        done = frozenset(changed[:end])
        yield _content(
            {n: row for n, row in old.items() if n not in done}
            | {n: row for n, row in new.items() if n in done}
        )
