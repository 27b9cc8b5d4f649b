"""Where every structure of the canonical zip lies: arithmetic, no content needed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "BLOCK",
    "MAX32",
    "Kind",
    "Layout",
    "Member",
    "member_name",
    "needs_zip64",
    "size_warning",
    "stored_size",
]

BLOCK = 65535  # content bytes in one stored deflate block (RFC 1951, 3.2.4)
MAX32 = 0xFFFFFFFF


class Kind(Enum):
    """What a member is once unpacked."""

    REGULAR = "regular"
    EXECUTABLE = "executable"
    SYMLINK = "symlink"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the archive.

    Attributes:
        name: UTF-8, as `member_name` makes it.
        size: of the content in bytes (of the target, for a symlink).
        mtime: whole seconds since 1970 UTC, or None if unknown.
        kind: what it is.
    """

    name: bytes
    size: int
    mtime: int | None = None
    kind: Kind = Kind.REGULAR

    @property
    def has_time_extra(self) -> bool:
        """The extended timestamp holds 31 bits of seconds."""
        return self.mtime is not None and 0 <= self.mtime < 1 << 31


def member_name(path: str) -> bytes:
    """The name of a member.

    Raises:
        ArchiveError: *path* has no place in an archive.
    """
    try:
        name = path.encode()
    except UnicodeEncodeError:
        raise ArchiveError(f"{path!r} is not UTF-8 and cannot be named in a zip") from None
    parts = path.split("/")
    if "" in parts or ".." in parts or "." in parts or "\\" in path or "\0" in path:
        raise ArchiveError(f"{path!r} cannot be named in a zip")
    if len(name) > 0xFFFF:
        raise ArchiveError(f"{path[:80]!r}… is too long a name for a zip")
    return name


def stored_size(member: Member) -> int:
    """Bytes of the member's data: its content, and five more for each block."""
    if member.kind is Kind.SYMLINK:
        return member.size
    return member.size + 5 * -(-member.size // BLOCK)


def needs_zip64(member: Member) -> bool:
    """Whether its sizes take 64 bits."""
    return stored_size(member) >= MAX32


def local_length(member: Member) -> int:
    """Bytes of the local header."""
    extra = 9 if member.has_time_extra else 0
    return 30 + len(member.name) + extra + (20 if needs_zip64(member) else 0)


def descriptor_length(member: Member) -> int:
    """Bytes of the data descriptor; nothing follows what is stored as it is."""
    if member.size == 0 or member.kind is Kind.SYMLINK:
        return 0
    return 24 if needs_zip64(member) else 16


def central_length(member: Member, offset: int) -> int:
    """Bytes of the central directory header of a member at *offset*."""
    large = (16 if needs_zip64(member) else 0) + (8 if offset >= MAX32 else 0)
    extra = (9 if member.has_time_extra else 0) + (4 + large if large else 0)
    return 46 + len(member.name) + extra


class Layout:
    """An archive's geometry, built member by member.

    Attributes:
        count: number of members.
        central_offset: where the central directory begins: after the last member.
        central_size: bytes of the central directory.
    """

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self.count = 0
        self.central_offset = 0
        self.central_size = 0
        for member in members:
            self.add(member)

    def add(self, member: Member) -> int:
        """Append a member; returns the offset of its local header in bytes."""
        offset = self.central_offset
        self.count += 1
        self.central_size += central_length(member, offset)
        self.central_offset += (
            local_length(member) + stored_size(member) + descriptor_length(member)
        )
        return offset

    @property
    def zip64_end(self) -> bool:
        """Whether the end of central directory needs its zip64 form."""
        return self.count >= 0xFFFF or max(self.central_offset, self.central_size) >= MAX32

    @property
    def total(self) -> int:
        """Bytes of the whole archive."""
        return self.central_offset + self.central_size + (98 if self.zip64_end else 22)


# Sizes whose stored size or own size is exactly 0xFFFFFFFF, which is also the mark of
# a zip64 field; measured.
_TROUBLED = {
    4_294_639_630: "unzip and Java's ZipInputStream",
    4_294_967_295: "unzip",
}


def size_warning(size: int) -> str | None:
    """Which common programs cannot unpack a member of *size* bytes, or None."""
    return _TROUBLED.get(size)
