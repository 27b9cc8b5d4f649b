"""A small content, all of it, in memory: from git, from a file here, or from its mirrors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import content_of
from datalad_jsdl.archive.reading import Reading
from datalad_jsdl.archive.spool import ways
from datalad_jsdl.errors import ArchiveError, DatasetError, FetchError
from datalad_jsdl.model.amounts import size_text

if TYPE_CHECKING:
    from datalad_jsdl.archive.content import Content, Sources

__all__ = ["whole_content"]


def whole_content(content: Content, sources: Sources, most: int) -> bytes:
    """The bytes of a content, verified as far as there is a digest.

    Args:
        content: which one.
        sources: opens git's objects and asks mirrors.
        most: bytes; a larger content is refused.

    Raises:
        ArchiveError: it is larger, or is nowhere.
        DatasetError: git cannot read it.
        FetchError: no mirror has it.
    """
    error: ArchiveError | DatasetError | FetchError
    error = ArchiveError(f"{content.path} is not present locally and has no URL")
    with Reading([content], sources, None).session() as session:
        for way in ways(session, 0, None):
            try:
                reader, size = way()
                try:
                    if size > most:
                        raise ArchiveError(
                            f"{content.path} has {size_text(size)}, the most is {size_text(most)}"
                        )
                    found = b"".join(map(bytes, content_of(reader, size)))
                    reader.finish()
                finally:
                    reader.close()
            except (ArchiveError, DatasetError, FetchError) as problem:
                error = problem
            else:
                return found
    raise error
