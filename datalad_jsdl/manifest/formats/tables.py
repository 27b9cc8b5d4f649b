"""What formats share that are tables: a header, and rows of delimited text (RFC 4180).

Lines before the header that begin with # are comments, but for the last of them where it is the
header itself (``#CRAM`` in the indexes of the 1000 Genomes). Behind such lines, rows that begin
with # are comments, too; rows that begin with ### always are (4DN). A first line that is a row
already is none of the header: see `headless`.
"""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.manifest.formats.cells import is_url
from datalad_jsdl.manifest.lines import lines
from datalad_jsdl.model.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["DELIMITERS", "Row", "Table", "has_columns"]

DELIMITERS = ",\t;|"

Found = TypeVar("Found")

# Characters; quotation marks may hold many lines together, but not a whole document.
_MAX_ROW = 16 << 20
# Characters of the rows that are held to tell what the columns have
_MAX_FIRST = 4 << 20


class Row(NamedTuple):
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
        unnamed: gives the columns' names if the first line, in its cells, is a row, else None.

    Raises:
        ManifestError: there is no header.
    """

    def __init__(
        self,
        text: Iterator[str],
        delimiters: str = DELIMITERS,
        score: Callable[[Sequence[str]], int] = len,
        unnamed: Callable[[Sequence[str]], list[str] | None] = lambda cells: None,
    ) -> None:
        numbered = lines(text)
        comment = first = behind = ""
        self._comments = "###"
        pending: list[tuple[int, str]] = []
        for number, line in numbered:
            if line.startswith("#"):
                comment, self._comments = line, "#"
            elif line.strip():
                first, behind = line, comment
                pending.append((number, line))
                break
        names = _named(behind, first, delimiters) if behind else ""
        header = names or first
        splits = [(_split(header, delimiter), delimiter) for delimiter in delimiters]
        found, self._delimiter = max(splits, key=lambda s: (score(s[0]), len(s[0])))
        if not any(found):
            raise ManifestError("the table has no header")
        made = None if names else unnamed(found)
        if not names and made is None:
            pending.clear()
        self._widest = "the header" if made is None else "the first row"
        self.header = _distinct(found if made is None else made)
        self._found = self._read(chain(pending, numbered))
        self._first: list[Row] = []
        self._held = 0  # characters of the cells of these

    def first_rows(self, number: int) -> list[Row]:
        """The first rows, which `rows` gives nevertheless; fewer if they are very long.

        Raises:
            ManifestError: a quotation mark is not closed.
        """
        while len(self._first) < number and self._held < _MAX_FIRST:
            if (found := next(self._found, None)) is None:
                break
            self._first.append(self._row(found))
            self._held += sum(map(len, found[1]))
        return self._first

    def rows(self) -> Iterator[Row]:
        """The rows that are not blank.

        Raises:
            ManifestError: a quotation mark is not closed.
        """
        return chain(self._first, map(self._row, self._found))

    def read(self, plain: Callable[[list[str], str], Found | None]) -> Iterator[Found | Row]:
        """The same, or what *plain* makes of a row's cells, in their order, and its place.

        Raises:
            ManifestError: a quotation mark is not closed.
        """
        for row in self._first:
            made = None if row.fault else plain(list(row.cells.values()), row.where)
            yield row if made is None else made
        for found in self._found:
            where, cells, fault = found
            made = None if fault else plain(cells, where)
            yield self._row(found) if made is None else made

    def _read(self, numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[str, list[str], str]]:
        """Place, cells and fault of each row; cells are as many as the header has without one."""
        feed = _Feed(numbered)
        # spaces before a cell come from hands; before a tab they would be part of a name
        space = self._delimiter != "\t"
        given = feed.lines()
        reader = csv.reader(given, delimiter=self._delimiter, skipinitialspace=space, strict=True)
        width = len(self.header)
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
                yield f"line {feed.first}", [], str(error)
                continue
            if len(cells) == width and cells[0][:1].isalnum():  # as most rows are
                yield f"line {feed.first}", cells, ""
                continue
            if not cells or cells[0].startswith(self._comments):
                continue
            if not cells[0].strip() and not any(cell.strip() for cell in cells):
                continue
            fault = ""
            if len(cells) != width:
                fault = f"{counted(len(cells), 'cell')}, but {self._widest} has {width}"
            yield f"line {feed.first}", cells, fault

    def _row(self, found: tuple[str, list[str], str]) -> Row:
        where, cells, fault = found
        if fault:
            return Row(where, {}, fault)
        return Row(where, dict(zip(self.header, cells, strict=True)))


def has_columns(head: str, delimiters: str, *names: str) -> bool:
    """Whether the document begins with a header that has these columns."""
    if not all(name in head for name in names):  # what is no table is known at once
        return False
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


def _named(comment: str, first: str, delimiters: str) -> str:
    """The header in a comment, if the line behind it is a row that has as many cells; or ""."""
    comment = comment.lstrip("#").strip(" ")
    for delimiter in delimiters:
        names, cells = _split(comment, delimiter), _split(first, delimiter)
        if len(names) == len(cells) > 1 and not any("://" in name for name in names):
            return comment if any(map(is_url, cells)) else ""
    return ""


def _distinct(header: list[str]) -> list[str]:
    """The names; those that come again get a number behind them that makes a name of their own."""
    taken = set(header)
    numbers: dict[str, int] = {}
    names = []
    for name in header:
        number = numbers.get(name, 0) + 1
        unique = name
        if number > 1:
            while (unique := f"{name} ({number})") in taken:
                number += 1
            taken.add(unique)
        numbers[name] = number
        names.append(unique)
    return names


class _Feed:
    """Lines for `csv.reader`, with an eye on how many it takes for a row."""

    def __init__(self, numbered: Iterator[tuple[int, str]]) -> None:
        self._lines = numbered
        self._taken = 0
        self.first = self.last = 0

    def begin_row(self) -> None:
        self._taken = 0

    def lines(self) -> Iterator[str]:
        for number, line in self._lines:
            if not self._taken:
                self.first = number
            self.last = number
            self._taken += len(line)
            if self._taken > _MAX_ROW:
                text = f"the row at line {self.first} is longer than {_MAX_ROW} characters"
                raise ManifestError(text, where=f"line {self.first}")
            yield line
