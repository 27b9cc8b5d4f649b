"""The values of lists and orders. Times are in UTC, sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from datalad_jsdl.operations.availability import Access

__all__ = [
    "BLOCKED",
    "FileRef",
    "FileState",
    "ListedFile",
    "Order",
    "OrderSummary",
    "Source",
    "SourceKind",
    "Statistics",
]


class SourceKind(Enum):
    """What files are from."""

    DATASET = "dataset"
    MANIFEST = "manifest"
    ORTHANC = "orthanc"  # a server of DICOM files, whose paths are those of its own archives
    POSTED = "posted"  # by a page of somebody who has a key of the portal


@dataclass(frozen=True, slots=True)
class Source:
    """Where files are from.

    Attributes:
        name: for people, and the folder in an archive of several sources; one of each.
        kind: what it is.
        location: path of a dataset; file, URL or address of a manifest; URL of a server; all
            without a secret. Of what was posted, the name of the key, a slash, and what its page
            calls it.
    """

    name: str
    kind: SourceKind
    location: str


@dataclass(frozen=True, slots=True, order=True)
class FileRef:
    """One file, for ever the same.

    Attributes:
        source: name of its source.
        path: in the source.
        version: commit of a dataset, or SHA-256 of a manifest's entry.
    """

    source: str
    path: str
    version: str


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file on a list, or in an order.

    Attributes:
        ref: which.
        size: bytes; None if that is not known.
        mtime: seconds since 1970, as it was recorded when the file was listed: the archive has
            it, whatever is recorded later. None if nothing was.
        entry: the entry as a line of JSON Lines, where the source has no versions of its own;
            else "".
    """

    ref: FileRef
    size: int | None = None
    mtime: int | None = None
    entry: str = ""


#: Such a file stays on the list when the others are ordered.
BLOCKED = frozenset(Access) - {Access.OPEN, Access.UNKNOWN}


@dataclass(frozen=True, slots=True)
class FileState:
    """What stands between users and a file, as it was found last.

    Attributes:
        access: what it is.
        since: when that was first found, and nothing else after it.
        checked_on: when mirrors were asked; None if only the manifest says so.
        fault: name of the `FaultKind`, or "".
        mirrors: origins that it is about.
        url: where to ask for access, or "".
        text: what the manifest says of that, or what is wrong, or "".
    """

    access: Access
    since: datetime
    checked_on: datetime | None = None
    fault: str = ""
    mirrors: tuple[str, ...] = ()
    url: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much files are together.

    Attributes:
        files: their number.
        size: bytes of those whose size is known.
        unsized: number of the others.
    """

    files: int
    size: int
    unsized: int


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order, without its files.

    Attributes:
        id: nobody can guess it.
        user: whose it is.
        created_on: when it was made.
        archive_name: file name of its archive.
        statistics: of its files.
        archive_size: bytes of the archive; None until it is known.
        archive_sha256: of the archive; "" until it is known.
    """

    id: str
    user: str
    created_on: datetime
    archive_name: str
    statistics: Statistics
    archive_size: int | None = None
    archive_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order: it never changes.

    Attributes:
        summary: all but its files.
        files: in the order of source and path.
    """

    summary: OrderSummary
    files: tuple[ListedFile, ...]
