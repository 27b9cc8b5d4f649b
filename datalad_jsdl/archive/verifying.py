"""Whether a file is the archive of some contents, told by their digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.archive.resume import good_prefix
from datalad_jsdl.archive.zip.ranges import Ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.readers import Reader

__all__ = ["is_archive_of"]


def is_archive_of(
    file: IO[bytes],
    contents: Sequence[Content],
    *,
    progress: Callable[[int], object] = lambda position: None,
) -> bool:
    """Compare a file with the canonical zip of contents, byte by byte.

    Of a content without a digest only the size, and the CRC-32 that the file itself has, are
    looked at.

    Args:
        file: to be read.
        contents: in the order of their members.
        progress: told the number of bytes looked at.
    """
    prefix = good_prefix(file, contents, progress=progress)
    if prefix.begun or prefix.next != len(contents):
        return False
    file.seek(prefix.length)
    for chunk in Ranges(prefix.layout, _NoSource(), prefix.crcs).range(prefix.length):
        if file.read(len(chunk)) != chunk:
            return False
    return not file.read(1)


class _NoSource:
    """What follows the members is made without any content."""

    def open(self, index: int, start: int, stop: int) -> Reader:
        """See `ranges.MemberSource`."""
        raise AssertionError(f"member {index} was verified, and is not read")
