"""Readers that are libraries: Python's here, those of other languages in small programs."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.archive.readers.found import Found, ReaderError, in_chunks, in_lines, sized

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.archive.readers.kit import Kit


@dataclass(frozen=True)
class Program:
    """A program of ours that prints what a library finds; see `table.Read`.

    Attributes:
        command: its beginning, once all is installed.
        pipe: whether it reads a pipe.
    """

    command: Callable[[Kit], Sequence[str | Path]]
    pipe: bool = False

    def __call__(self, kit: Kit, archive: Path, sizes: Mapping[str, int]) -> dict[str, Found]:
        """What is in the archive."""
        command = self.command(kit)
        printed = kit.run(*command, pipe=archive) if self.pipe else kit.run(*command, archive)
        return in_lines(printed.decode().splitlines())


def read_zipfile(kit: Kit, archive: Path, sizes: Mapping[str, int]) -> dict[str, Found]:
    """Python's zipfile."""
    found = {}
    try:
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                with opened.open(info) as content:
                    read = sized(in_chunks(content))
                found[info.filename] = Found(*read, mode=info.external_attr >> 16)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise ReaderError(f"{type(error).__name__}: {error}") from None
    return found


def read_stream_unzip(kit: Kit, archive: Path, sizes: Mapping[str, int]) -> dict[str, Found]:
    """stream-unzip, which is given chunks."""
    from stream_unzip import UnzipError, stream_unzip

    found = {}
    try:
        with archive.open("rb") as file:
            for name, _, chunks in stream_unzip(in_chunks(file)):
                found[name.decode()] = Found(*sized(chunks))
    except UnzipError as error:
        raise ReaderError(f"{type(error).__name__}: {error}") from None
    return found
