"""Content from the mirrors that is held in memory, a piece at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.archive.readers import ChunkReader
from datalad_jsdl.errors import ArchiveError, FetchError
from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.file.verification import Verifier
from datalad_jsdl.fetch.phrases import in_full

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.readers import Begun
    from datalad_jsdl.fetch.engine import Engine

__all__ = ["Memory", "Pieced", "Portion", "TooLargeError"]

Portion = tuple["bytes | bytearray | memoryview", "tuple[str, ...]"]  # and who gave it


class TooLargeError(FetchError):
    """There is more content than is to be held in memory."""


class Memory:
    """A sink that keeps what comes.

    Args:
        room: bytes; of more than that TooLargeError is raised.
    """

    def __init__(self, room: int) -> None:
        # one buffer: a server may send crumbs
        self._content = bytearray()
        self._room = room

    def take(self) -> bytearray:
        """What came; it is the caller's from now on.

        A transfer that is over may still hold its sink for a while.
        """
        content, self._content = self._content, bytearray()
        return content

    def __len__(self) -> int:
        return len(self._content)

    def chunks(self) -> Iterator[memoryview]:
        """See `pieces.Kept`."""
        yield memoryview(self._content)

    def position(self) -> int:
        """See `model.content.Sink`."""
        return len(self._content)

    def write(self, chunk: bytes) -> None:
        """See `model.content.Sink`."""
        if len(self._content) + len(chunk) > self._room:
            raise TooLargeError(f"the content is larger than {self._room} bytes")
        self._content += chunk

    def restart(self) -> None:
        """See `model.content.Sink`."""
        self._content = bytearray()


class Pieced(ChunkReader):
    """Bytes of a content of which each piece may be from another mirror.

    Args:
        content: which one.
        engine: that asks its mirrors.
        portions: of the bytes, and the URLs that gave each.
        start: first byte.
        stop: after the last.
        begun: what was read of the content before *start*.
        mixed: called where the content is wrong and several mirrors gave it: nobody knows which
            of them is to blame.
    """

    def __init__(
        self,
        content: Content,
        engine: Engine,
        portions: Generator[Portion],
        start: int,
        stop: int,
        begun: Begun | None,
        mixed: Callable[[], object],
    ) -> None:
        self._content = content
        self._engine = engine
        self._whole = (start, stop) == (0, content.size)  # else others may be to blame
        self._portions = portions
        self._mixed = mixed
        self._givers: set[str] = set()
        first = next(portions, None)  # a content that nobody has shows now
        check = begun.check if begun else Verifier(content.expected) if self._whole else None
        crc = begun.crc if begun else None if start else 0
        super().__init__(self._counted(first), crc, check)

    def _counted(self, portion: Portion | None) -> Iterator[bytes | bytearray | memoryview]:
        while portion is not None:
            self._givers.update(portion[1])
            chunk, portion = portion[0], None
            yield chunk
            del chunk
            portion = next(self._portions, None)

    def finish(self) -> None:
        """See `Reader`; wrong content is put down to the mirror that gave all of it.

        Of several, nobody knows here who it was.
        """
        try:
            super().finish()
        except ArchiveError as error:
            if not self._whole:
                raise
            if len(self._givers) != 1:
                self._mixed()
                raise
            (url,) = self._givers
            origins = self._engine.origins
            wrong = Fault(FaultKind.CONTENT, url, detail=str(error))
            origins.quarantine.add(wrong, self._content.expected.hexdigest)
            raise ArchiveError(in_full(wrong)) from None

    def close(self) -> None:
        """See `Reader`."""
        self._portions.close()
