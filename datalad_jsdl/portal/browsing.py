"""Looking through what is served: datasets and manifests, folder by folder.

A path is looked up among those that a commit, or a manifest, has: what visitors send is never
used as a path of this machine.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.errors import NothingThereError
from datalad_jsdl.portal.manifests import KeptManifest, Manifests
from datalad_jsdl.portal.rows import Row, folder_row, page_of
from datalad_jsdl.repository.annex.adjusted import checked_out, require_no_view
from datalad_jsdl.repository.commit import is_housekeeping
from datalad_jsdl.repository.folders import Folders
from datalad_jsdl.repository.repository import Repository
from datalad_jsdl.repository.rows import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datalad_jsdl.portal.rows import Page, View
    from datalad_jsdl.portal.served import Served
    from datalad_jsdl.repository.rows import Row as CommitRow
    from datalad_jsdl.repository.rows import Rows

__all__ = ["Browser"]


class Browser:
    """Shows folders; for any thread.

    Args:
        manifests: those that are served.
    """

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests
        # those that no list has are not to be seen either
        self._folders = Folders(is_left_out=is_housekeeping)
        self._totals: dict[tuple[Path, str], Row] = {}
        self._lock = threading.Lock()

    def page(self, served: Served, view: View) -> Page:
        """A page of a folder.

        Raises:
            NothingThereError: there is no such folder.
            DatasetError: git cannot read the dataset.
            ManifestError, FetchError: the manifest is unavailable.
        """
        found = self._tree(served)
        rows = found.found(view.search, view.folder) if view.search else found.rows(view.folder)
        return page_of(found.total(view.folder), list(rows), view)

    def rows(self, served: Served, folder: str = "") -> list[Row]:
        """All that is directly in a folder; raises what `page` raises."""
        return list(self._tree(served).rows(folder))

    def total(self, served: Served, folder: str = "") -> Row:
        """A folder, with what is in it and below; raises what `page` raises."""
        return self._tree(served).total(folder)

    def _tree(self, served: Served) -> KeptManifest | _Commit:
        if served.root is None:
            return self._manifests.get(served)
        repository = Repository(served.root)
        require_no_view(repository)
        # an adjusted branch hides files, or shows them as others; a list has them all
        basis = checked_out(repository).basis
        revision = basis if basis and repository.git.commit(basis) else "HEAD"
        return self.commit(repository, revision)

    def commit(self, repository: Repository, revision: str) -> _Commit:
        """A commit, and the subdatasets in it."""
        return _Commit(self, repository, self._folders.commit(repository, revision))

    def total_of(self, root: Path, commit: str) -> Row:
        """All of a subdataset; it is kept, as a commit never changes."""
        with self._lock:
            kept = self._totals.get((root, commit))
        if kept is not None:
            return kept
        found = folder_row("", 0, 0, 0, missing=1)
        if inner := self.inner(root, commit):
            found = inner.total()
            if not found.missing:
                with self._lock:
                    self._totals[root, commit] = found
        return found

    def inner(self, root: Path, commit: str) -> _Commit | None:
        """A subdataset; None if it is not here."""
        if not (root / ".git").exists():
            return None
        try:
            return self.commit(Repository(root), commit)
        except NothingThereError:
            return None


class _Commit:
    def __init__(self, browser: Browser, repository: Repository, rows: Rows) -> None:
        self._browser = browser
        self._root = repository.root
        self._all = rows

    def total(self, folder: str = "") -> Row:
        if place := self._subdataset(folder):
            path, inner, rest = place
            return _in(path, inner.total(rest)) if rest else self._whole(path)
        found = self._all.folder(folder)
        start = f"{folder}/" if folder else ""
        whole = folder_row(folder, found.files, found.size or 0, found.unsized)
        for path in self._all.subdatasets:
            if path.startswith(start):
                whole = _sum(whole, self._whole(path))
        return whole

    def rows(self, folder: str) -> Iterator[Row]:
        if place := self._subdataset(folder):
            path, inner, rest = place
            return (_in(path, row) for row in inner.rows(rest))
        return self._shown(self._all.plain(folder))

    def found(self, part: str, folder: str) -> Iterator[Row]:
        if place := self._subdataset(folder):
            path, inner, rest = place
            yield from (_in(path, row) for row in inner.found(part, rest))
            return
        yield from self._shown(self._all.found(part, folder))
        start = f"{folder}/" if folder else ""
        for path, commit in self._all.subdatasets.items():
            if not path.startswith(start):
                continue
            if below := self._browser.inner(self._root / path, commit):
                yield from (_in(path, row) for row in below.found(part, ""))

    def _shown(self, rows: Iterator[CommitRow]) -> Iterator[Row]:
        for row in rows:
            if row.kind is Kind.FOLDER:
                yield self.total(row.path)
            elif row.kind is Kind.SUBDATASET:
                yield self._whole(row.path)
            else:
                yield Row(row.name, row.path, size=row.size, mtime=row.mtime)

    def _whole(self, path: str) -> Row:
        """A subdataset as a row."""
        found = self._browser.total_of(self._root / path, self._all.subdatasets[path])
        return replace(found, name=path.rpartition("/")[2], path=path)

    def _subdataset(self, folder: str) -> tuple[str, _Commit, str] | None:
        """The subdataset that a folder is, or is in: its path, and the path in it."""
        for path, commit in self._all.subdatasets.items():
            if folder == path or folder.startswith(f"{path}/"):
                inner = self._browser.inner(self._root / path, commit)
                if inner is None:
                    raise NothingThereError(f"the subdataset {path} is not here")
                return path, inner, folder[len(path) + 1 :]
        return None


def _in(folder: str, row: Row) -> Row:
    path = f"{folder}/{row.path}" if row.path else folder
    return replace(row, name=path.rpartition("/")[2], path=path)


def _sum(one: Row, other: Row) -> Row:
    return replace(
        one,
        size=(one.size or 0) + (other.size or 0),
        files=one.files + other.files,
        unsized=one.unsized + other.unsized,
        missing=one.missing + other.missing,
    )
