"""Readers that unpack an archive into a folder."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.archive.readers.found import Found, ReaderError, in_chunks, in_folder, sized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.archive.readers.kit import Kit


@dataclass(frozen=True)
class Unpacker:
    """A program's command to unpack an archive; see `table.Read`.

    Attributes:
        command: with {archive}, unless that comes through a pipe, and with {folder}.
        pipe: whether the archive comes through standard input, which is a pipe.
        show: command that prints all contents; with it, large ones need no place.
    """

    command: str
    pipe: bool = False
    show: str = ""

    def __call__(self, kit: Kit, archive: Path, sizes: Mapping[str, int]) -> dict[str, Found]:
        """What is in the archive; if *sizes* are given, only contents are looked at."""
        if sizes and self.show:
            return self._shown(kit, archive, sizes)
        with tempfile.TemporaryDirectory(dir=archive.parent) as place:
            kit.run(
                *_words(self.command, archive=str(archive), folder=place),
                pipe=archive if self.pipe else None,
                cwd=Path(place),
            )
            return in_folder(Path(place))

    def _shown(self, kit: Kit, archive: Path, sizes: Mapping[str, int]) -> dict[str, Found]:
        """All contents come one after the other, without a sign between them."""
        pipe = archive if self.pipe else None
        with kit.printed(*_words(self.show, archive=str(archive)), pipe=pipe) as shown:
            found = {name: Found(*sized(in_chunks(shown, size))) for name, size in sizes.items()}
            if more := sized(in_chunks(shown))[0]:
                raise ReaderError(f"{more} bytes more than there should be")
            return found


def _words(command: str, **values: str) -> list[str]:
    return [word.format(**values) for word in command.split()]
