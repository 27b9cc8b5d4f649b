"""Where a manifest comes from: a file, a URL, or standard input."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from datalad_jsdl.annex.engine import open_engine
from datalad_jsdl.errors import FetchError, ManifestError
from datalad_jsdl.fetch.bulk import Job, fetch_file
from datalad_jsdl.fetch.values import Expected, Failed
from datalad_jsdl.manifest.urls import is_signed, normalise_url, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Source", "is_url", "open_source"]


def is_url(manifest: str) -> bool:
    """Whether a MANIFEST argument is a URL and not a file's name."""
    return urlsplit(manifest).scheme.lower() in ("http", "https")


@dataclass
class Source:
    """A manifest that is open for reading.

    Attributes:
        name: for messages, free of secrets.
        url: if it is one that may be recorded, else "".
        base: what relative URLs in it are resolved against, or None.
    """

    name: str
    url: str
    base: str | None
    _stream: BinaryIO

    def __post_init__(self) -> None:
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk = self._stream.read(size)
        self._hash.update(chunk)
        return chunk

    def sha256(self) -> str:
        """Hex digest of what was read."""
        return self._hash.hexdigest()


@contextmanager
def open_source(
    manifest: str, path: Path | None, git_dir: Path | None = None, credentials: Sequence[str] = ()
) -> Iterator[Source]:
    """Open a MANIFEST argument.

    Args:
        manifest: as the user gave it.
        path: the file, where it is neither a URL nor ``-``.
        git_dir: of the dataset, whose settings hold; None where there is none yet.
        credentials: where logins for it are; see `open_engine`.

    Raises:
        ManifestError: it cannot be opened.
        FetchError: it cannot be fetched.
    """
    if manifest == "-":
        yield Source("standard input", "", None, sys.stdin.buffer)
    elif "://" in manifest and not is_url(manifest):
        scheme = manifest.partition(":")[0]
        raise ManifestError(f"a manifest can be fetched by http and https, not by {scheme}")
    elif path is None:
        with _fetched(manifest, git_dir, credentials) as source:
            yield source
    else:
        try:
            stream = path.open("rb")
        except OSError as error:
            raise ManifestError(f"cannot read the manifest {path}: {error.strerror}") from None
        with stream:
            yield Source(str(path), "", None, stream)


@contextmanager
def _fetched(manifest: str, git_dir: Path | None, credentials: Sequence[str]) -> Iterator[Source]:
    try:
        url = normalise_url(manifest)
    except ValueError as error:
        raise ManifestError(f"cannot fetch the manifest: {error}") from None
    with tempfile.TemporaryDirectory(prefix="jsdl-") as folder:
        target = Path(folder, "manifest")
        # an address that a user has typed needs no further leave; where it redirects to does
        with open_engine(git_dir, credentials=credentials, typed=url) as engine:
            outcome = fetch_file(Job("manifest", (url,), Expected(), target), engine)
        if isinstance(outcome, Failed):
            raise FetchError(f"cannot fetch the manifest {outcome}")
        with target.open("rb") as stream:
            yield Source(redact(url), "" if is_signed(url) else url, url, stream)
