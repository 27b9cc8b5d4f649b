"""Manifests that are served, read once and kept: as they are, and folder by folder."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import FetchError, JsdlError, NothingThereError
from datalad_jsdl.model.filters import folders_of
from datalad_jsdl.model.subdatasets import joined
from datalad_jsdl.operations.manifest_contents import Listed
from datalad_jsdl.orders.choosing.manifests import SIGNED
from datalad_jsdl.portal.rows import Row, folder_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from datalad_jsdl.manifest.selection import Selection
    from datalad_jsdl.portal.served import Served

__all__ = ["KeptManifest", "Manifests"]

lgr = logging.getLogger(LOGGER)

_FRESH = 600.0  # seconds after which a manifest that is no file is read again


@dataclass(frozen=True)
class KeptManifest:
    """A manifest, as it was read.

    Attributes:
        selection: its entries, those that a list can have.
        sign: by which it shows whether a file has changed since; None of one that is no file.
        read_on: seconds, of this process.
    """

    selection: Selection
    sign: tuple[int, int] | None = None
    read_on: float = field(default_factory=time.monotonic)

    def select(self, *, way: str) -> Selection:
        """Its entries; what is said of signed ones was settled when it was read."""
        return self.selection

    def total(self, folder: str = "") -> Row:
        """A folder, with what is in it and below.

        Raises:
            NothingThereError: there is no such folder.
        """
        files, size, unsized = self._totals.get(folder, (0, 0, 0))
        if folder and not files:
            raise NothingThereError(f"the manifest has no folder {folder!r}")
        return folder_row(folder, files, size, unsized)

    def rows(self, folder: str) -> Iterator[Row]:
        """What is directly in a folder."""
        self.total(folder)
        for inner in self._inner[folder]:
            yield self.total(inner)
        yield from self._files.get(folder, ())

    def found(self, part: str, folder: str) -> Iterator[Row]:
        """What has *part* in its name, in a folder and below."""
        sought = part.casefold()
        for row in self.rows(folder):
            if sought in row.name.casefold():
                yield row
            if row.is_folder:
                yield from self.found(part, row.path)

    @cached_property
    def _files(self) -> Mapping[str, Sequence[Row]]:
        """Folder → the files in it."""
        found = defaultdict(list)
        for marked, entry in self.selection.entries.items():
            path = joined(marked)
            folder, _, name = path.rpartition("/")
            found[folder].append(Row(name, path, size=entry.size, mtime=entry.mtime))
        return found

    @cached_property
    def _totals(self) -> Mapping[str, tuple[int, int, int]]:
        """Folder → files, bytes, files of unknown size: in it and below."""
        found: dict[str, tuple[int, int, int]] = {}
        for folder, rows in self._files.items():
            sizes = [row.size for row in rows if row.size is not None]
            own = len(rows), sum(sizes), len(rows) - len(sizes)
            for name in {folder, *folders_of(folder), ""}:
                files, size, unsized = found.get(name, (0, 0, 0))
                found[name] = files + own[0], size + own[1], unsized + own[2]
        return found

    @cached_property
    def _inner(self) -> Mapping[str, Sequence[str]]:
        """Folder → the folders in it."""
        found = defaultdict(list)
        for folder in self._totals:
            if folder:
                found[folder.rpartition("/")[0]].append(folder)
        return found


class Manifests:
    """Reads manifests, each by one thread at a time; for any thread.

    A file is read again when it has changed, another one after ten minutes. While it is, and if it
    cannot be fetched again, it stays as it was.

    Args:
        logins: name of a source → where logins for it are.
    """

    def __init__(self, logins: Callable[[str], tuple[str, ...]] = lambda name: ()) -> None:
        self._logins = logins
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._kept: dict[str, KeptManifest] = {}

    def get(self, served: Served) -> KeptManifest:
        """A manifest.

        Raises:
            ManifestError: it cannot be read.
            FetchError: it cannot be fetched.
        """
        with self._lock:
            turn = self._turns.setdefault(served.name, threading.Lock())
            kept = self._kept.get(served.name)
        # a server that is slow must not hold up all who look at what was read of it
        if not turn.acquire(blocking=kept is None):
            assert kept is not None  # noqa: S101 - it would have waited
            return kept
        try:
            return self._newest(served, self._kept.get(served.name))
        finally:
            turn.release()

    def read_ahead(self, served: Iterable[Served]) -> None:
        """Begin to read manifests now, so that the first visitor does not wait for it all."""
        wanted = [item for item in served if item.place is not None]

        def read() -> None:
            for item in wanted:
                # whoever asks for it is told why it cannot be read
                with contextlib.suppress(JsdlError):
                    self.get(item)

        # a daemon: the end of the program does not wait for it
        threading.Thread(target=read, name="manifests", daemon=True).start()

    def _newest(self, served: Served, kept: KeptManifest | None) -> KeptManifest:
        sign = _sign(served)
        if kept is not None and kept.sign == sign and (sign or _is_fresh(kept)):
            return kept
        try:
            read = KeptManifest(self._read(served), sign)
        except FetchError as error:
            if kept is None:
                raise
            lgr.warning("the manifest %s stays as it was: %s", served.name, error)
            read = KeptManifest(kept.selection, sign)
        self._kept[served.name] = read
        return read

    def _read(self, served: Served) -> Selection:
        assert served.place is not None  # noqa: S101 - it is a manifest
        return Listed(served.place, credentials=self._logins(served.name)).select(way=SIGNED)


def _sign(served: Served) -> tuple[int, int] | None:
    if served.place is None or served.place.file is None:
        return None
    try:
        found = served.place.file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def _is_fresh(kept: KeptManifest) -> bool:
    return time.monotonic() - kept.read_on < _FRESH
