"""What goes into the canonical zip, and how many bytes each of its structures takes."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from datalad_jsdl.errors import ArchiveError

__all__ = [
    "BLOCK",
    "FRAME",
    "MAX32",
    "Kind",
    "Member",
    "central_length",
    "extents",
    "lengths",
    "member_name",
    "needs_zip64",
    "size_warning",
    "stored_size",
]

BLOCK = 65535  # content bytes in one stored deflate block (RFC 1951, 3.2.4)
FRAME = BLOCK + 5  # such a block with its header
MAX32 = 0xFFFFFFFF
_SURELY_PLAIN = 0xFFF00000  # bytes; what is added to so many is less than what is missing


class Kind(Enum):
    """What a member is once unpacked; its value is its mode in Unix.

    Attributes:
        attributes: external ones of the central header (APPNOTE.TXT 4.4.15).
        code: a number from 0 on.
    """

    REGULAR = 0o100644
    EXECUTABLE = 0o100755
    SYMLINK = 0o120777

    def __init__(self, mode: int) -> None:
        # attributes of their own: a look-up in a dict by an Enum is slow
        self.attributes = mode << 16
        self.code = len(type(self).__members__)


class Member(NamedTuple):  # made twice as fast as a dataclass, for each member several times
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
        raise ArchiveError(f"{path!r} is not valid UTF-8, as a name in a zip must be") from None
    parts = path.split("/")
    if "" in parts or ".." in parts or "." in parts or "\\" in path or "\0" in path:
        raise ArchiveError(f"{path!r} is not a valid name in a zip")
    if len(name) > 0xFFFF:
        raise ArchiveError(f"the name {path[:80]!r}… is too long for a zip")
    return name


def stored_size(member: Member) -> int:
    """Bytes of the member's data: its content, and five more for each block."""
    if member.kind is Kind.SYMLINK:
        return member.size
    return member.size + 5 * -(-member.size // BLOCK)


def needs_zip64(member: Member) -> bool:
    """Whether its sizes take 64 bits."""
    # asked for each member several times: the first comparison nearly always has the answer
    return member.size > _SURELY_PLAIN and stored_size(member) >= MAX32


def lengths(member: Member) -> tuple[int, int, int]:
    """Bytes of the local header, of the data, and of the data descriptor."""
    stored = stored_size(member)
    head = (39 if member.has_time_extra else 30) + len(member.name)
    if stored >= MAX32:
        return head + 20, stored, 24
    # nothing follows what is stored as it is
    return head, stored, 16 if member.size and member.kind is not Kind.SYMLINK else 0


def extents(member: Member, offset: int) -> tuple[int, int]:
    """Bytes of a member at *offset*, with its headers, and of its central header."""
    size = member.size
    if 0 < size <= BLOCK and offset < MAX32 and member.kind is not Kind.SYMLINK:
        # most members are: what follows below, in one step
        both = len(member.name) + (9 if member.has_time_extra else 0)
        return 30 + 16 + 5 + size + both, 46 + both
    return sum(lengths(member)), central_length(member, offset)


def central_length(member: Member, offset: int) -> int:
    """Bytes of the central header of a member at *offset*."""
    large = (16 if needs_zip64(member) else 0) + (8 if offset >= MAX32 else 0)
    extra = (9 if member.has_time_extra else 0) + (4 + large if large else 0)
    return 46 + len(member.name) + extra


# Sizes whose stored size or own size is exactly 0xFFFFFFFF, which is also the mark of
# a zip64 field; measured.
_TROUBLED = {
    4_294_639_630: "unzip and Java's ZipInputStream",
    4_294_967_295: "unzip",
}


def size_warning(size: int) -> str | None:
    """Which common programs cannot unpack a member of *size* bytes, or None."""
    return _TROUBLED.get(size)
