"""Every way to read a whole content, the last of them by a file that is verified before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from datalad_jsdl.archive.readers import Begun, Reader
    from datalad_jsdl.archive.reading import Session

__all__ = ["Opened", "ways"]

Opened = tuple["Reader", int]  # and the content's size in bytes


def ways(
    session: Session, number: int, spool: Path | None, begun: Begun | None = None
) -> Iterator[Callable[[], Opened]]:
    """How to get at a content, one way after the other; for those that can take bytes back.

    Args:
        session: reads it.
        number: of the content.
        spool: folder to make for what has to be on a disk for a while; None for one of the
            system's own.
        begun: what was read of it.
    """
    content = session.contents[number]
    if content.is_remote and not content.urls:
        return
    if begun:
        start = begun.position
        yield lambda: session.open_sized(number, start, None, begun)
    if not begun or not content.is_remote:
        yield lambda: session.open_sized(number)
    if not content.urls:
        return
    if not content.is_remote:
        yield lambda: session.open_sized(number)  # now it is known to be damaged
    # wrong bytes were written: with all of them in a file, it will show whose they are
    yield lambda: session.from_disk(number, spool)
