"""All rows of a commit, in columns: some 70 bytes a file."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING

from datalad_jsdl.errors import NothingThereError
from datalad_jsdl.repository.annex.keys import key_from_link, key_from_pointer
from datalad_jsdl.repository.walk import Code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.repository.repository import Repository
    from datalad_jsdl.repository.walk import Walked

__all__ = ["Kind", "Row", "Rows"]

_FOLDER_SIZE = 300  # bytes that one takes beside its row


class Kind(Enum):
    """What a row is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    SUBDATASET = "subdataset"


@dataclass(frozen=True, slots=True)
class Row:
    """One name in a folder.

    Attributes:
        name: in its folder.
        path: in the dataset.
        kind: what it is; an annexed file is a file, however git keeps it.
        size: bytes; None if that is not known. Of a folder: of all below whose size is known.
        executable: a file that is; of one that is locked nobody can tell.
        mtime: as recorded, in UTC; None if nothing is.
        key: of an annexed file; else "".
        oid: git's name of the object, of the commit for a subdataset; "" for a folder.
        files: of a folder: the number of files and symlinks below.
        unsized: of a folder: how many of those are of unknown size.
    """

    name: str
    path: str
    kind: Kind
    size: int | None
    executable: bool = False
    mtime: datetime | None = None
    key: str = ""
    oid: str = ""
    files: int = 0
    unsized: int = 0


@dataclass(frozen=True, slots=True)
class _Folder:
    start: int  # of its rows
    end: int
    size: int
    files: int
    unsized: int


class _Open:
    """A folder that the walk is in."""

    def __init__(self, path: bytes) -> None:
        self.path = path  # with a slash at its end
        self.rows: list[tuple[bytes, Code, int, float, bytes]] = []
        self.size = self.files = self.unsized = 0

    def count(self, size: int, files: int, unsized: int) -> None:
        self.size += size
        self.files += files
        self.unsized += unsized


class Rows:
    """All rows of a commit, those of a folder side by side, in columns.

    Attributes:
        subdatasets: path → hex name of the commit.

    Args:
        files: of the commit, in git's order.
        width: bytes of an object name.
    """

    def __init__(self, files: Walked, width: int) -> None:
        self._width = width
        self._names = bytearray()
        self._ends = array("Q", [0])  # of the names: row n has those from n to n + 1
        self._codes = bytearray()
        self._sizes = array("q")  # -1: not known
        self._times = array("d")  # NaN: not known
        self._oids = bytearray()
        self._folders: dict[str, _Folder] = {}
        self.subdatasets: dict[str, str] = {}
        self._fill(files)

    def _fill(self, files: Walked) -> None:
        stack = [_Open(b"")]
        for path, code, oid, size, time in files:
            while not path.startswith(stack[-1].path):
                self._close(stack)
            start = len(stack[-1].path)
            while (slash := path.find(b"/", start)) >= 0:
                stack.append(_Open(path[: slash + 1]))
                start = slash + 1
            known = -1 if size is None else size
            stack[-1].rows.append((path[start:], code, known, time, oid))
            if code is Code.SUBDATASET:
                self.subdatasets[_text(path)] = oid.hex()
            else:
                stack[-1].count(max(known, 0), 1, known < 0)
        while stack:
            self._close(stack)

    def _close(self, stack: list[_Open]) -> None:
        folder, start = stack.pop(), len(self._codes)
        for name, code, size, time, oid in folder.rows:
            self._names += name
            self._ends.append(len(self._names))
            self._codes.append(code.value)
            self._sizes.append(size)
            self._times.append(time)
            self._oids += oid or bytes(self._width)
        totals = folder.size, folder.files, folder.unsized
        path = _text(folder.path[:-1])
        self._folders[path] = _Folder(start, len(self._codes), *totals)
        if stack:
            name = folder.path[len(stack[-1].path) : -1]
            stack[-1].rows.append((name, Code.FOLDER, folder.size, math.nan, b""))
            stack[-1].count(*totals)

    @property
    def memory(self) -> int:
        """Bytes that it takes."""
        columns = (self._ends, self._sizes, self._times)
        held = sum(len(column) * column.itemsize for column in columns)
        held += len(self._names) + len(self._codes) + len(self._oids)
        return held + len(self._folders) * _FOLDER_SIZE

    def place(self, folder: str) -> tuple[int, int]:
        """The first row of a folder, and the one behind its last."""
        found = self._find(folder)
        return found.start, found.end

    def _find(self, folder: str) -> _Folder:
        if folder not in self._folders:
            raise NothingThereError(f"there is no folder {folder!r} in that commit")
        return self._folders[folder]

    def behind(self, name: str, start: int, end: int) -> int:
        """The row that comes after a name."""
        raw = name.encode("utf-8", "surrogateescape")
        sought = [bisect_left(_Sorted(self), key, start, end) for key in (raw, raw + b"/")]
        for row in sought:
            if row < end and self._name(row) == raw:
                return row + 1
        return sought[0]

    def sort_key(self, row: int) -> bytes:
        """What git sorts a row by."""
        is_folder = self._codes[row] == Code.FOLDER.value
        return self._name(row) + b"/" if is_folder else self._name(row)

    def _name(self, row: int) -> bytes:
        return bytes(self._names[self._ends[row] : self._ends[row + 1]])

    def folder(self, path: str) -> Row:
        found = self._find(path)
        return Row(
            path.rpartition("/")[2],
            path,
            Kind.FOLDER,
            found.size,
            files=found.files,
            unsized=found.unsized,
        )

    def found(self, part: str, folder: str) -> Iterator[Row]:
        """Rows in a folder, and below, that have *part* in their names; without keys."""
        self._find(folder)
        start, sought = f"{folder}/" if folder else "", part.casefold()
        for path, place in self._folders.items():
            if path == folder or path.startswith(start):
                inside = f"{path}/" if path else ""
                for row in range(place.start, place.end):
                    if sought in _text(self._name(row)).casefold():
                        yield self._row(row, inside, "")

    def plain(self, folder: str) -> Iterator[Row]:
        """The rows of a folder, without keys: git is not asked for anything."""
        start, (first, end) = f"{folder}/" if folder else "", self.place(folder)
        return (self._row(row, start, "") for row in range(first, end))

    def rows(self, repository: Repository, folder: str, wanted: Sequence[int]) -> tuple[Row, ...]:
        annexed = [row for row in wanted if Code(self._codes[row]).is_annexed]
        blobs = repository.git.blobs(map(self._oid, annexed))
        keys = {
            row: _key(Code(self._codes[row]), blob)
            for row, blob in zip(annexed, blobs, strict=True)
        }
        start = f"{folder}/" if folder else ""
        return tuple(self._row(row, start, keys.get(row, "")) for row in wanted)

    def _oid(self, row: int) -> str:
        return self._oids[row * self._width : (row + 1) * self._width].hex()

    def _row(self, row: int, start: str, key: str) -> Row:
        name, code = _text(self._name(row)), Code(self._codes[row])
        if code is Code.FOLDER:
            return self.folder(start + name)
        size, time = self._sizes[row], self._times[row]
        return Row(
            name,
            start + name,
            _KINDS.get(code, Kind.FILE),
            None if size < 0 else size,
            code in (Code.EXECUTABLE, Code.EXECUTABLE_POINTER),
            None if math.isnan(time) else datetime.fromtimestamp(time, timezone.utc),
            key,
            self._oid(row),
        )


_KINDS = {Code.SYMLINK: Kind.SYMLINK, Code.SUBDATASET: Kind.SUBDATASET}


class _Sorted:
    """The rows of a commit as `bisect` wants to see them."""

    def __init__(self, commit: Rows) -> None:
        self._commit = commit

    def __len__(self) -> int:
        return len(self._commit._codes)

    def __getitem__(self, row: int) -> bytes:
        return self._commit.sort_key(row)


def _key(code: Code, blob: bytes) -> str:
    if code is Code.LINK:
        return key_from_link(_text(blob)) or ""
    return key_from_pointer(blob) or ""


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
