"""The files below a folder, as a manifest of it can list them.

Symbolic links are followed as far as they lead into the folder, or to content that git-annex keeps
for the dataset that they lie in. A link to a folder is followed once: links to folders that are
found behind it are not, as folders that link to each other would have paths without number.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import NothingThereError
from datalad_jsdl.model.filters import Filter, Unmatched
from datalad_jsdl.model.paths import is_reserved, path_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Set
    from pathlib import Path

    from datalad_jsdl.model.filters import Filter
    from datalad_jsdl.operations.progress import Bar

__all__ = ["NOT_HERE", "FolderFile", "FolderFiles", "LeftOut", "folder_files"]

#: Why a file of git-annex is left out.
NOT_HERE = "git-annex does not have its content here"

_TICK = 1000  # files
_ANNEX = (".git", "annex", "objects")


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A regular file.

    Attributes:
        path: relative to the folder, with slashes.
        place: absolute, where it is read; no link itself.
        size: bytes.
        mtime_ns: nanoseconds since 1970.
        executable: whether its owner may execute it.
    """

    path: str
    place: str
    size: int
    mtime_ns: int
    executable: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file, or a folder with all that is in it, that cannot be listed.

    Attributes:
        path: relative to the folder; "." for that itself. What of it is not UTF-8 is in it as
            surrogates (`os.fsdecode`).
        reason: for a person.
    """

    path: str
    reason: str


@dataclass(frozen=True)
class FolderFiles:
    """What is below a folder.

    Attributes:
        files: in the order of their paths.
        left_out: what is not among them, and should be.
        own: number of files and folders by which git, git-annex and DataLad keep a dataset.
        unmatched: patterns of the filter that match nothing which was looked at.
    """

    files: list[FolderFile]
    left_out: list[LeftOut]
    own: int
    unmatched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    place: str
    linked: bool = False


def folder_files(folder: Path, wanted: Filter, without: Set[str], bar: Bar) -> FolderFiles:
    """Look for files.

    Args:
        folder: where; links in its own path are followed.
        wanted: filter on paths below it.
        without: absolute paths that are not to be listed, without links.
        bar: is told how many there are.

    Raises:
        NothingThereError: there is no such folder.
        OSError: it cannot be read.
    """
    if not folder.is_dir():
        what = "a file" if folder.exists() else "no such folder"
        raise NothingThereError(f"{folder}: {what}; a manifest is made of a folder")
    found = _Walk(os.path.realpath(folder), wanted, without, bar)
    found.run()
    found.files.sort(key=lambda file: file.path)
    found.left_out.sort(key=lambda item: item.path)
    return FolderFiles(found.files, found.left_out, found.own, tuple(found.unmatched.patterns))


class _Walk:
    def __init__(self, root: str, wanted: Filter, without: Set[str], bar: Bar) -> None:
        self.files: list[FolderFile] = []
        self.left_out: list[LeftOut] = []
        self.own = 0
        self._root = root
        self._wanted = wanted
        self._without = without
        self._bar = bar
        self._pending: list[_Folder] = []
        self.unmatched = Unmatched(wanted)

    def run(self) -> None:
        os.stat(self._root)
        with os.scandir(self._root):  # else it would be an item like others
            self._pending.append(_Folder("", self._root))
        while self._pending:
            folder = self._pending.pop()
            try:
                for entry in _entries(folder.place):
                    self._entry(entry, folder)
            except OSError as error:
                self._leave_out(folder.path or ".", _said(error))

    def _entry(self, entry: os.DirEntry[str], folder: _Folder) -> None:
        path = f"{folder.path}/{entry.name}" if folder.path else entry.name
        if is_reserved(entry.name):
            self.own += 1
            return
        self.unmatched.see(path)
        try:
            if entry.is_symlink():
                self._link(entry.path, path, folder)
            elif entry.is_dir(follow_symlinks=False):
                self._folder(_Folder(path, entry.path, folder.linked))
            else:
                self._file(path, entry.path, entry.stat(follow_symlinks=False))
        except OSError as error:
            self._leave_out(path, _said(error))

    def _folder(self, folder: _Folder) -> None:
        if not self._wanted.may_match_in(folder.path):
            return
        if fault := path_fault(folder.path):
            self._leave_out(folder.path, fault)
        else:
            self._pending.append(folder)

    def _file(self, path: str, place: str, found: os.stat_result) -> None:
        if place in self._without or not self._wanted(path):
            return
        if fault := path_fault(path):
            self._leave_out(path, fault)
        elif not stat.S_ISREG(found.st_mode):
            self._leave_out(path, "it is not a regular file")
        else:
            executable = os.name != "nt" and bool(found.st_mode & stat.S_IXUSR)
            file = FolderFile(path, place, found.st_size, found.st_mtime_ns, executable)
            self.files.append(file)
            if len(self.files) % _TICK == 0:
                self._bar.update("looking for files", len(self.files), None)

    def _link(self, place: str, path: str, folder: _Folder) -> None:
        if place in self._without or not (self._wanted(path) or self._wanted.may_match_in(path)):
            return
        annexed = _is_annexed(place)
        try:
            found = os.stat(place)
        except OSError as error:
            missing = error.errno == errno.ENOENT
            broken = NOT_HERE if annexed else "it is a broken link"
            self._leave_out_file(path, broken if missing else _said(error))
            return
        real = os.path.realpath(place)
        if not annexed and (fault := self._outside(real)):
            self._leave_out_file(path, fault)
        elif not stat.S_ISDIR(found.st_mode):
            self._file(path, real, found)
        elif fault := _not_followed(real, folder):
            self._leave_out(path, fault)
        else:
            self._folder(_Folder(path, real, linked=True))

    def _outside(self, real: str) -> str | None:
        """Why what is there is not for everybody who reads the folder, or None."""
        if real == self._root:
            return None
        start = self._root.rstrip(os.sep) + os.sep
        if not real.startswith(start):
            return "it is a link that leads out of the folder"
        if any(map(is_reserved, real[len(start) :].split(os.sep))):
            return "it is a link to a file of git's or DataLad's own"
        return None

    def _leave_out(self, path: str, reason: str) -> None:
        self.left_out.append(LeftOut(path, reason))

    def _leave_out_file(self, path: str, reason: str) -> None:
        if self._wanted(path):
            self._leave_out(path, reason)


def _entries(place: str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(place) as entries:
        yield from entries


def _not_followed(real: str, folder: _Folder) -> str | None:
    """Why a link to a folder, found in another, is not followed; or None."""
    if folder.linked:
        return "it is a link to a folder, found behind another such link"
    if f"{folder.place}{os.sep}".startswith(real.rstrip(os.sep) + os.sep):
        return "it is a link to a folder that it lies in itself"
    return None


def _is_annexed(link: str) -> bool:
    """Whether a link leads to content of git-annex, in the repository that it lies in."""
    own = os.path.dirname(link)
    parts = os.path.normpath(os.path.join(own, os.readlink(link))).split(os.sep)
    for number in range(1, len(parts) - len(_ANNEX)):
        if tuple(parts[number : number + len(_ANNEX)]) == _ANNEX:
            above = os.sep.join(parts[:number])
            return f"{own}{os.sep}".startswith(f"{above}{os.sep}")
    return False


def _said(error: OSError) -> str:
    return error.strerror or str(error)
