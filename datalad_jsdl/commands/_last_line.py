"""What came, in one line: ``31 files, 70.3 MB in 3 s (23.4 MB/s), all verified``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.model.amounts import counted, rate_text, size_text, time_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.operations.transfers import Came

__all__ = ["came_text", "warnings_of"]

_LEAST = 0.1  # seconds
_IN_TENTHS = 10.0
_MOST_MIRRORS = 3


def came_text(
    files: int, came: Came, unverified: int = 0, *, wanted: int = 0, note: str = ""
) -> str:
    """What came, and whether it was verified.

    Args:
        files: that are here now.
        came: their bytes, and how long it took.
        unverified: number of those that had no checksum.
        wanted: files, if those are more.
        note: on the number of files.
    """
    short = wanted - files
    text = f"{files} of {counted(wanted, 'file')}" if short > 0 else counted(files, "file")
    if not files:
        return f"{text} downloaded"
    seconds = max(came.seconds, _LEAST)
    verified = "all verified"
    if unverified:
        number = f"{unverified} of them" if unverified < files else "all"
        verified = f"{number} not verified: there is no checksum"
    kept = f"{size_text(came.kept)} kept, " if came.kept else ""
    took = f"{seconds:.1f} s" if seconds < _IN_TENTHS else time_text(seconds)
    return (
        f"{text}{note}, {kept}{size_text(came.size - came.kept)} in {took} "
        f"({rate_text(came.moved / seconds)}), {verified}"
        + (f"; {short} not downloaded" if short > 0 else "")
    )


def warnings_of(came: Came) -> Iterator[str]:
    """What somebody should know of the mirrors, although all went well."""
    mirrors = sorted(came.wrong.items(), key=lambda pair: -pair[1])
    for mirror, number in mirrors[:_MOST_MIRRORS]:
        yield (
            f"{counted(number, 'file')}: {mirror} delivered wrong content (wrong size or digest), "
            "and another mirror had the right one; tell the portal"
        )
    if more := mirrors[_MOST_MIRRORS:]:
        yield f"{counted(len(more), 'more mirror')} delivered wrong content; tell the portal"
    if came.again:
        yield (
            f"{size_text(came.again)} had to be downloaded again: a mirror cannot resume within a "
            "file, and sends the whole file"
        )
