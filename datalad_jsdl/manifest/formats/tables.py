"""What formats share that are tables: a header, and rows of delimited text (RFC 4180)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.lines import lines
from datalad_jsdl.model.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["DELIMITERS", "Row", "Table", "has_columns"]

DELIMITERS = ",\t;|"

# Characters; quotation marks may hold many lines together, but not a whole document.
_MAX_ROW = 16 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        where: the line that it begins in.
        cells: column's name to the cell, as it stands.
        fault: why it could not be read, or None.
    """

    where: str
    cells: dict[str, str]
    fault: str | None = None


class Table:
    """A table whose header has been read.

    Args:
        text: the document.
        delimiters: those that it may have.
        score: how well a header is understood; that delimiter is taken which makes it
            the best.

    Raises:
        ManifestError: there is no header.
    """

    def __init__(
        self,
        text: Iterator[str],
        delimiters: str = DELIMITERS,
        score: Callable[[Sequence[str]], int] = len,
    ) -> None:
        self._lines = lines(text)
        first = next((line for _, line in self._lines if line.strip()), "")
        splits = [(_split(first, delimiter), delimiter) for delimiter in delimiters]
        self.header, self._delimiter = max(splits, key=lambda s: (score(s[0]), len(s[0])))
        if not any(self.header):
            raise ManifestError("the table has no header")

    def rows(self) -> Iterator[Row]:
        """The rows that are not blank.

        Raises:
            ManifestError: a quotation mark is not closed.
        """
        feed = _Feed(self._lines)
        # spaces before a cell come from hands; before a tab they would be part of a name
        space = self._delimiter != "\t"
        reader = csv.reader(feed, delimiter=self._delimiter, skipinitialspace=space, strict=True)
        while True:
            feed.begin_row()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if feed.last != feed.first:  # it may have taken any number of rows with it
                    text = f"the row at line {feed.first}: {error}"
                    raise ManifestError(text, where=f"line {feed.first}") from None
                yield Row(f"line {feed.first}", {}, str(error))
                continue
            if any(cell.strip() for cell in cells):
                yield self._row(f"line {feed.first}", cells)

    def _row(self, where: str, cells: list[str]) -> Row:
        if len(cells) != len(self.header):
            fault = f"{counted(len(cells), 'cell')}, but the header has {len(self.header)}"
            return Row(where, {}, fault)
        # of columns with the same name the first
        pairs = zip(reversed(self.header), reversed(cells), strict=True)
        return Row(where, dict(pairs))


def has_columns(head: str, delimiters: str, *names: str) -> bool:
    """Whether the document begins with a header that has these columns."""
    try:
        return set(names) <= set(Table(iter([head]), delimiters).header)
    except ManifestError:
        return False


def _split(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


class _Feed:
    """Lines for `csv.reader`, with an eye on how many it takes for a row."""

    def __init__(self, numbered: Iterator[tuple[int, str]]) -> None:
        self._lines = numbered
        self._taken = 0
        self.first = self.last = 0

    def begin_row(self) -> None:
        self._taken = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        number, line = next(self._lines)
        if not self._taken:
            self.first = number
        self.last = number
        self._taken += len(line)
        if self._taken > _MAX_ROW:
            text = f"the row at line {self.first} is longer than {_MAX_ROW} characters"
            raise ManifestError(text, where=f"line {self.first}")
        return line
