"""What an older manifest of a folder says, so that only what has changed is read again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.options import Options
from datalad_jsdl.manifest.reading import read_manifest
from datalad_jsdl.model.entry import Entry
from datalad_jsdl.operations.hash_cache import JUST_CHANGED
from datalad_jsdl.operations.hashing import Hashed, has_pieces

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.operations.folder_files import FolderFile

__all__ = ["Changes", "OldEntries", "mtime_of", "read_old"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Changes:
    """How the files differ from those of the older manifest.

    Attributes:
        new: number of files that it does not have.
        changed: number of files with other content.
        gone: number of its files that are no longer there.
    """

    new: int
    changed: int
    gone: int


@dataclass(frozen=True)
class OldEntries:
    """The entries of an older manifest.

    Attributes:
        entries: by path.
        written_ns: when it was written, in nanoseconds since 1970.
        archives: zips of its files that it names.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    written_ns: int = 0
    archives: tuple[NamedArchive, ...] = ()

    def find(self, file: FolderFile, *, pieces: bool) -> Hashed | None:
        """What it says of a file that has its size and mtime of then, and did not change since."""
        entry = self.entries.get(file.path)
        if entry is None or file.mtime_ns >= self.written_ns - JUST_CHANGED:
            return None
        mtime = mtime_of(file.mtime_ns)
        sha256 = entry.digests.get("sha256")
        if sha256 is None or mtime is None or (entry.size, entry.mtime) != (file.size, mtime):
            return None
        if pieces and has_pieces(file.size) and entry.pieces is None:
            return None
        parts = entry.pieces if pieces else None
        return Hashed(file.size, file.mtime_ns, file.executable, sha256, parts)

    def changes(self, entries: Mapping[str, str]) -> Changes:
        """What has become of it.

        Args:
            entries: path → SHA-256, of all that is there now.
        """
        old = self.entries
        changed = sum(
            path in old and old[path].digests.get("sha256") != sha256
            for path, sha256 in entries.items()
        )
        return Changes(
            sum(path not in old for path in entries),
            changed,
            sum(path not in entries for path in old),
        )


def read_old(file: Path, base_url: str) -> OldEntries:
    """Read an older manifest, in any format.

    Args:
        file: where it is.
        base_url: what relative URLs in it are relative to.

    Raises:
        ManifestError: it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            written = file.stat().st_mtime_ns
            archives: list[NamedArchive] = []
            items = read_manifest(stream, base_url, options=Options(archives=archives.extend))
            entries = {item.path: item for item in items if isinstance(item, Entry)}
    except OSError as error:
        raise ManifestError(f"cannot read the manifest {file}: {error.strerror}") from None
    except ManifestError as error:
        raise ManifestError(f"{file}: {error}") from None
    return OldEntries(entries, written, tuple(archives))


def mtime_of(mtime_ns: int) -> datetime | None:
    """A file's time as a manifest has it, in microseconds; None outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(microseconds=mtime_ns // 1000)
    except OverflowError:
        return None
