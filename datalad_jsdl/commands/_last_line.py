"""What came, in one line: ``31 files, 70.3 MB in 3 s (23.4 MB/s), all verified``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.model.amounts import counted, rate_text, size_text, time_text

if TYPE_CHECKING:
    from datalad_jsdl.operations.transfers import Came

__all__ = ["came_text"]

_LEAST = 0.1  # seconds


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
    return (
        f"{text}{note}, {size_text(came.size)} in {time_text(seconds)} "
        f"({rate_text(came.moved / seconds)}), {verified}"
        + (f"; {short} not downloaded" if short > 0 else "")
    )
