"""One run of ``datalad export-manifest``: from the files that are selected to text."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.manifest.writing import WRITERS, write_entries
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.operations.kept_archives import archives_of
from datalad_jsdl.operations.secrecy import secrecy_of
from datalad_jsdl.repository.annex.lookup import KeyLookup
from datalad_jsdl.repository.entries import Unlisted, as_far_as_there_is_room, dataset_entries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.archive.output import FileOutput, PipeOutput
    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.operations.list_files import Walk
    from datalad_jsdl.operations.progress import Bar

__all__ = ["Export"]

_TICK = 1000  # entries


class Export:
    """Writes a manifest, and counts.

    Args:
        name: of a format that can be written.
        content_in_git: list files in git with their content, instead of leaving them out.

    Attributes:
        name: the same.
        entries: number of those that were written.
        size: bytes that they have together, as far as that is known.
        unlisted: files that are not in it.
        lost: number of entries by what the format has no place for.
    """

    def __init__(self, name: str, *, content_in_git: bool = False) -> None:
        self.name = name
        self._content_in_git = content_in_git
        self.entries = 0
        self.size = 0
        self.unlisted: list[Unlisted] = []
        self.lost: Counter[str] = Counter()
        self._writer = WRITERS[name]

    def run(self, walk: Walk, output: FileOutput | PipeOutput, bar: Bar) -> None:
        """Write the entries of all that is selected.

        Raises:
            DatasetError: there is none; nothing is written then.
        """
        entries = self._entries(walk, bar)
        first = next(entries, None)
        if first is None:
            number = len(self.unlisted)
            without = f": {counted(number, 'file')} without a URL" if number else ""
            raise DatasetError(f"nothing to export{without}")
        for piece in write_entries(self.name, chain([first], entries), _archives(walk)):
            output.write(piece.encode())

    def _entries(self, walk: Walk, bar: Bar) -> Iterator[Entry]:
        for item in as_far_as_there_is_room(self._items(walk, bar)):
            if isinstance(item, Unlisted):
                self.unlisted.append(item)
            elif fault := self._writer.fault(item):
                self.unlisted.append(Unlisted(item.path, f"{fault} ({self.name})"))
            else:
                self.entries += 1
                self.size += item.size or 0
                self.lost.update(self._writer.lost(item))
                yield item

    def _items(self, walk: Walk, bar: Bar) -> Iterator[Entry | Unlisted]:
        total = sum(len(part.paths) for part in walk.parts)
        done = 0
        for part in walk.parts:
            secrecy = secrecy_of(part.repository)
            with KeyLookup(part.repository) as lookup:
                items = dataset_entries(
                    part.tree,
                    part.paths,
                    lookup,
                    part.start,
                    secrecy,
                    content_in_git=self._content_in_git,
                )
                for item in items:
                    done += 1
                    if done % _TICK == 0:
                        bar.update("exporting", done, total)
                    yield item


def _archives(walk: Walk) -> list[NamedArchive]:
    """Zips of the whole dataset that it knows of: a manifest has none of a folder."""
    return [archive for archive in archives_of(walk.tree) if not archive.folder]
