"""Readers that unpack an archive into a folder."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.archive.readers.found import Found, in_chunks, in_folder, sized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.archive.readers.kit import Kit


@dataclass(frozen=True)
class Unpacker:
    """A program's command to unpack an archive; see `table.Read`.

    Attributes:
        command: with {archive}, unless it comes through standard input, and with {folder}.
        given: how the archive is given: as an argument, or as standard input, which is the
            "file" or a "pipe".
        show: command that prints the content of the member {name} alone; with it, large
            contents need no place.
    """

    command: str
    given: str = "argument"
    show: str = ""

    def __call__(self, kit: Kit, archive: Path, names: Sequence[str]) -> dict[str, Found]:
        """What is in the archive; if *names* are given, those of it, and content only."""
        if names and self.show:
            return {name: self._shown(kit, archive, name) for name in names}
        with tempfile.TemporaryDirectory(dir=archive.parent) as place:
            kit.run(
                *_words(self.command, archive=str(archive), folder=place),
                stdin=archive if self.given == "file" else None,
                pipe=archive if self.given == "pipe" else None,
                cwd=Path(place),
            )
            return in_folder(Path(place))

    def _shown(self, kit: Kit, archive: Path, name: str) -> Found:
        words = _words(self.show, archive=str(archive), name=name)
        pipe = archive if self.given == "pipe" else None
        with kit.printed(*words, pipe=pipe) as content:
            return Found(*sized(in_chunks(content)))


def _words(command: str, **values: str) -> list[str]:
    return [word.format(**values) for word in command.split()]
