"""One file to be archived, as a value; and the seam to whoever can read it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from datalad_jsdl.archive.zip.members import Kind, Member
from datalad_jsdl.errors import ArchiveError
from datalad_jsdl.model.content import Expected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.restriction import Restriction

__all__ = ["Content", "MirrorsOnly", "Sources"]

_UNKNOWN = Expected()


@dataclass(frozen=True, slots=True)
class Content:
    """One file to be archived, and where its content is.

    Attributes:
        path: as the user knows it.
        name: of the member.
        kind: what the member is to be.
        size: bytes, or None if only a mirror, or the local file, can tell; it is always known
            of one in git.
        mtime: whole seconds since 1970 UTC, or None if unknown.
        expected: what is known of the content; of one in git only the size.
        blob: git's object name, for a file kept in git; else "".
        local: a file with the content, or None.
        urls: candidates, in order.
        key: what a repository calls the content, or "".
        dataset: folder of the dataset or subdataset that it is from; for `Sources`.
        restriction: that it is not for everybody, and where to ask; or None.
        is_prepared: its pieces were found out together with its digest.
        inline: the content itself, or None; *size* and *expected* are then known to be right, and
            have a digest.
        archives: zips that may have it, by *path*.
    """

    path: str
    name: bytes
    kind: Kind = Kind.REGULAR
    size: int | None = None
    mtime: int | None = None
    expected: Expected = _UNKNOWN
    blob: str = ""
    local: str | None = None
    urls: tuple[str, ...] = field(default=(), repr=False)
    key: str = ""
    dataset: str = ""
    restriction: Restriction | None = None
    is_prepared: bool = False
    inline: bytes | None = field(default=None, repr=False)
    archives: tuple[NamedArchive, ...] = field(default=(), repr=False)

    @property
    def is_remote(self) -> bool:
        """Whether only its URLs can give it."""
        return not self.blob and self.local is None and self.inline is None

    @property
    def has_digest(self) -> bool:
        """Whether a digest tells right content from wrong."""
        return bool(self.blob or self.expected.algorithm)

    @property
    def identity(self) -> str:
        """Stands for the bytes, wherever they are; the same for the same digest.

        Without a digest it stands for the key, or the first URL, and the size: what is there may
        change.
        No URL can be read from it.
        """
        if self.blob:
            return f"git:{self.blob}"
        if self.expected.algorithm:
            return f"{self.expected.algorithm}:{self.expected.hexdigest}"
        where = f"{self.size} {self.key or (self.urls[0] if self.urls else self.path)}"
        return "at:" + hashlib.sha256(where.encode("utf-8", "surrogateescape")).hexdigest()

    def member(self, size: int) -> Member:
        """The member that it becomes with a content of *size* bytes."""
        return Member(self.name, size, self.mtime, self.kind)


class Sources(Protocol):
    """Opens git's objects, and knows the engine that asks mirrors; for any thread."""

    def engine(self, content: Content, /) -> Engine:
        """For what has to come from the content's URLs."""

    def blob(self, content: Content, /) -> bytes:
        """The git object of a content that fits into memory.

        Raises:
            DatasetError: there is none.
        """

    def blob_chunks(self, content: Content, /) -> Iterator[bytes]:
        """The git object of a content of any size, in chunks.

        Raises:
            DatasetError: there is none.
        """


class MirrorsOnly:
    """`Sources` of contents that are in no repository.

    Args:
        engine: for all of them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def engine(self, content: Content) -> Engine:
        """See `Sources`."""
        return self._engine

    def blob(self, content: Content) -> bytes:
        """See `Sources`."""
        raise ArchiveError(f"no repository has the object {content.blob}")

    def blob_chunks(self, content: Content) -> Iterator[bytes]:
        """See `Sources`."""
        yield self.blob(content)
