"""Digests that an interrupted run has found already, in a file beside the one it was to write.

The first line tells the format and the folder; each further one is an array of path, size, mtime in
nanoseconds, SHA-256, and the length and digests of pieces. Lines that break off say nothing.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from datalad_jsdl.model.digests import digest_fault
from datalad_jsdl.model.pieces import Pieces
from datalad_jsdl.operations.hashing import Hashed, has_pieces

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import TextIO

    from datalad_jsdl.operations.folder_files import FolderFile

__all__ = ["JUST_CHANGED", "HashCache", "cache_file"]

#: Nanoseconds: a file that was changed so shortly before it was read may be changed once more
#: without its mtime telling so.
JUST_CHANGED = 2_000_000_000

_FORMAT = 1


def cache_file(target: Path) -> Path:
    """Where digests are kept until *target* is written."""
    return target.with_name(target.name + ".jsdl-hashes")


class HashCache:
    """Reads and adds digests; a context manager.

    Args:
        file: where they are.
        folder: whose files they are of; those of another one are forgotten.

    Attributes:
        error: why no more digests can be kept, or None.
    """

    def __init__(self, file: Path, folder: Path) -> None:
        self.error: OSError | None = None
        self._file = file
        self._found: dict[str, tuple[int, int, str, Pieces | None]] = {}
        self._stream: TextIO | None = None
        self._header = json.dumps({"format": _FORMAT, "folder": str(folder)})
        self._is_ours = False  # what is there can be added to
        try:
            self._is_ours = self._read()
        except OSError as error:
            self.error = error

    def __enter__(self) -> HashCache:
        return self

    def __exit__(self, *_: object) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with suppress(OSError):
                stream.close()

    def find(self, file: FolderFile, *, pieces: bool) -> Hashed | None:
        """What an earlier run has found, if the file has its size and mtime of then."""
        size, mtime_ns, sha256, parts = self._found.get(file.path, (-1, 0, "", None))
        if (size, mtime_ns) != (file.size, file.mtime_ns):
            return None
        if not pieces:
            parts = None
        elif parts is None and has_pieces(size):
            return None
        return Hashed(size, mtime_ns, file.executable, sha256, parts)

    def add(self, found: Iterable[tuple[FolderFile, Hashed | str]]) -> None:
        """Keep what was found; what changed a moment ago is better read again."""
        latest = time.time_ns() - JUST_CHANGED
        lines = [
            _line(file.path, hashed)
            for file, hashed in found
            if isinstance(hashed, Hashed) and hashed.mtime_ns < latest
        ]
        if not lines or self.error is not None:
            return
        try:
            if self._stream is None:
                self._stream = self._file.open("a" if self._is_ours else "w", encoding="utf-8")
                # the last line may have broken off
                self._stream.write("\n" if self._is_ours else f"{self._header}\n")
            self._stream.writelines(lines)
            self._stream.flush()
        except OSError as error:
            self.error = error
            self.__exit__()

    def remove(self) -> None:
        """They are of no more use."""
        self.__exit__()
        with suppress(OSError):
            self._file.unlink()

    def _read(self) -> bool:
        """Take in what is there; whether it is of the same folder."""
        try:
            with self._file.open(encoding="utf-8", errors="replace") as lines:
                if next(lines, "").rstrip("\n") != self._header:
                    return False
                for line in lines:
                    with suppress(ValueError, TypeError, RecursionError):
                        self._take(json.loads(line))
        except FileNotFoundError:
            return False
        return True

    def _take(self, line: Any) -> None:
        path, size, mtime_ns, sha256, length, digests = line
        if digest_fault("sha256", sha256) is None:
            pieces = Pieces("sha256", length, tuple(digests)) if length else None
            self._found[path] = size, mtime_ns, sha256, pieces


def _line(path: str, hashed: Hashed) -> str:
    pieces = hashed.pieces
    parts = (pieces.length, pieces.hexdigests) if pieces else (0, ())
    return json.dumps([path, hashed.size, hashed.mtime_ns, hashed.sha256, *parts]) + "\n"
