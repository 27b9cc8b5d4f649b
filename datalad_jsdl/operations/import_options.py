"""What an import is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ImportOptions"]


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """A manifest, the dataset that it goes into, and how.

    Attributes:
        manifest: a file's name, a URL, a portal's address, or ``-`` for standard input.
        file: the manifest's absolute path, or None if it is no file.
        target: the dataset's absolute path; it is made if there is none.
        parent: the dataset in which *target* is to be a subdataset, or None.
        prefix: folder in the dataset that the manifest's paths are put under; may be empty.
        include: patterns of paths that are imported; all if there are none.
        exclude: patterns of paths that are not.
        base_url: what relative URLs are resolved against, or None.
        format: name of the manifest's format, or None to detect it.
        columns: of a table, each ROLE=NAME.
        checksums: lists of them, as given, each with its absolute path if it is a file.
        split: folders behind which a subdataset begins, or None for where the manifest says so.
        get: fetch content as well.
        remote_times: where no time of a content is known, record what a mirror tells
            (Last-Modified); never asked again, nor in a dry run.
        jobs: files to fetch at a time; None for the user's setting.
        delete: delete what is gone from the manifest.
        restore: first put back imported files that were changed since.
        message: subject of the commits, or None for the usual one.
        credentials: where logins are; see `fetch.credentials.rules`.
        cookies: a browser or file with cookies for the manifest's origin, or None.
        failed: absolute path of a file to write what could not be imported to, or None.
        dry: plan only, and write nothing.
    """

    manifest: str
    file: Path | None
    target: Path
    parent: Path | None = None
    prefix: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    base_url: str | None = None
    format: str | None = None
    columns: tuple[str, ...] = ()
    checksums: tuple[tuple[str, Path | None], ...] = ()
    split: int | None = None
    get: bool = False
    remote_times: bool = False
    jobs: int | None = None
    delete: bool = False
    restore: bool = False
    message: str | None = None
    credentials: tuple[str, ...] = ()
    cookies: str | None = None
    failed: Path | None = None
    dry: bool = False

    @property
    def folder(self) -> str:
        """*prefix* without a slash at its end."""
        return self.prefix.rstrip("/")
