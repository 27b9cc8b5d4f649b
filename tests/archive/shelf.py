"""Contents of all kinds, and the archive that they make."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datalad_jsdl.archive.content import Content, MirrorsOnly
from datalad_jsdl.archive.zip.members import Kind
from datalad_jsdl.model.content import Expected
from tests.archive.making import by_the_book
from tests.archive.plain import Plain
from tests.lab import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from datalad_jsdl.fetch.engine import Engine
    from tests.lab import Lab


class Blobs(MirrorsOnly):
    """Git's objects in memory, beside an engine."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.objects: dict[str, bytes] = {}

    def put(self, data: bytes) -> str:
        oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        self.objects[oid] = data
        return oid

    def blob(self, content: Content) -> bytes:
        return self.objects[content.blob]

    def blob_chunks(self, content: Content) -> Iterator[bytes]:
        data = self.objects[content.blob]
        return (data[at : at + 100_000] for at in range(0, len(data), 100_000))


def data_of(name: str, size: int) -> bytes:
    return random.Random(name).randbytes(size)


class Shelf:
    """Contents, where they are, and the bytes of their archive."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.sources = Blobs(engine)
        self.contents: list[Content] = []
        self._folder = folder
        self._plain: list[Plain] = []

    def _put(self, content: Content, data: bytes, kind: Kind = Kind.REGULAR) -> Content:
        content = replace(content, name=content.path.encode(), mtime=1, kind=kind)
        self.contents.append(content)
        self._plain.append(Plain(content.path, data or b"0", len(data), 1, kind.value))
        return content

    def blob(self, name: str, size: int, kind: Kind = Kind.REGULAR) -> Content:
        data = data_of(name, size)
        content = Content(name, b"", size=size, expected=Expected(size))
        return self._put(replace(content, blob=self.sources.put(data)), data, kind)

    def inline(self, name: str, size: int, kind: Kind = Kind.REGULAR) -> Content:
        """A content that is in the value itself."""
        data = data_of(name, size)
        content = self._remote(name, data, (), True, {})
        return self._put(replace(content, inline=data), data, kind)

    def file(
        self,
        name: str,
        size: int,
        mirrors: Sequence[Lab] = (),
        *,
        digest: bool = True,
        damaged: bool = False,
        **faults: Any,
    ) -> Content:
        """A content that is here, and perhaps at mirrors too."""
        data = data_of(name, size)
        local = self._folder / name
        local.write_bytes(data)
        if damaged:
            with local.open("r+b") as file:
                file.seek(size // 2)
                file.write(bytes([data[size // 2] ^ 1]))
        content = replace(self._remote(name, data, mirrors, digest, faults), local=str(local))
        return self._put(content, data)

    def remote(
        self,
        name: str,
        size: int,
        mirrors: Sequence[Lab],
        *,
        digest: bool = True,
        sized: bool = True,
        **faults: Any,
    ) -> Content:
        """A content that only mirrors have; the first of them has the faults."""
        data = data_of(name, size)
        content = self._remote(name, data, mirrors, digest, faults)
        if not sized:
            content = replace(content, size=None, expected=replace(content.expected, size=None))
        return self._put(content, data)

    def _remote(
        self, name: str, data: bytes, mirrors: Sequence[Lab], digest: bool, faults: dict[str, Any]
    ) -> Content:
        size = len(data)
        urls = [
            lab.put(name, data, **(faults if number == 0 else {}))
            for number, lab in enumerate(mirrors)
        ]
        expected = Expected(size, "sha256", sha256(data)) if digest else Expected(size)
        return Content(name, b"", size=size, expected=expected, urls=tuple(urls))

    @property
    def whole(self) -> bytes:
        return by_the_book(sorted(self._plain, key=lambda plain: plain.path.encode()))
