"""Which files the rows of a dataset's tables are about.

The tables are those of BIDS (Brain Imaging Data Structure 1.10, "Participant file", "Sessions
file" and "Scans file"): ``participants.tsv`` has a row for each subject,
``sub-X/sub-X_sessions.tsv`` one for each session, ``…_scans.tsv`` one for each file. Other
datasets have such a ``participants.tsv`` (or ``.csv``), too, whose subjects are folders or
beginnings of file names.
"""

from __future__ import annotations

import csv
import io
import re
from functools import cached_property
from typing import TYPE_CHECKING

from datalad_jsdl.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from datalad_jsdl.orders.table_filter import TableFilter

__all__ = ["PARTICIPANTS", "Tables", "parsed_table"]

#: Names of the table of subjects.
PARTICIPANTS = ("participants.tsv", "participants.csv")
_SUBJECT = ("participant_id", "subject_id", "subject")  # names of its first column
_SESSION = re.compile(r"(?:^|[/_])(ses-[^/_]+)")

_Row = dict[str, str]


class Tables:
    """The tables of a dataset.

    Args:
        paths: of all its files.
        read: gives a file's content; raises a JsdlError where that is unavailable.

    Raises:
        QueryError: there is no table of subjects, or it cannot be read.
    """

    def __init__(self, paths: Iterable[str], read: Callable[[str], bytes]) -> None:
        self._read = read
        self._paths = list(paths)
        known = set(self._paths)
        name = next((name for name in PARTICIPANTS if name in known), None)
        if name is None:
            raise QueryError(
                f"a filter on a table: expected {' or '.join(PARTICIPANTS)} at the top of the "
                f"dataset, found {_others(self._paths)}"
            )
        self._name = name
        self._columns, rows = parsed_table(name, read(name))
        key = next((column for column in _SUBJECT if column in self._columns), self._columns[0])
        self._subjects = _by_subject(name, key, rows)

    def chosen(self, wanted: TableFilter, paths: Iterable[str]) -> set[str]:
        """Those of *paths* whose row fits.

        Raises:
            QueryError: no table has a column of the filter.
        """
        columns = set(self._columns)
        if wanted.columns - columns:
            columns |= self._more_columns
        if unknown := sorted(wanted.columns - columns):
            raise QueryError(
                f"no table has the column {unknown[0]}; there are: {', '.join(sorted(columns))}"
            )
        needs_more = bool(wanted.columns - set(self._columns))
        found = set()
        for path in paths:
            row = self._row(path) if needs_more else self._subject(path)
            if row is not None and wanted.columns <= row.keys() and wanted.matches(row):
                found.add(path)
        return found

    def _subject(self, path: str) -> _Row | None:
        """The row of the subject that a path names: as a folder, or before a file's first ``_``."""
        for part in path.split("/"):
            for name in (part, part.partition("_")[0]):
                if (row := self._subjects.get(name)) is not None:
                    return row
        return None

    def _row(self, path: str) -> _Row | None:
        """All that is said of a file; where several tables have a column, the first one's."""
        row = dict(self._scans.get(path, {}))
        if match := _SESSION.search(path):
            subject = path.partition("/")[0]
            row = {**self._sessions.get((subject, match[1]), {}), **row}
        subject_row = self._subject(path)
        return {**row, **subject_row} if subject_row is not None else row or None

    @cached_property
    def _sessions(self) -> Mapping[tuple[str, str], _Row]:
        found = {}
        for path in self._named("_sessions.tsv"):
            columns, rows = parsed_table(path, self._read(path))
            if "session_id" in columns:
                for row in rows:
                    found[path.partition("/")[0], row["session_id"].strip()] = row
        return found

    @cached_property
    def _scans(self) -> Mapping[str, _Row]:
        found = {}
        for path in self._named("_scans.tsv"):
            columns, rows = parsed_table(path, self._read(path))
            folder = path.rpartition("/")[0]
            if "filename" in columns:
                for row in rows:
                    name = row["filename"].strip()
                    found[f"{folder}/{name}" if folder else name] = row
        return found

    def _named(self, end: str) -> list[str]:
        return [path for path in self._paths if path.endswith(end)]

    @cached_property
    def _more_columns(self) -> set[str]:
        rows = [*self._sessions.values(), *self._scans.values()]
        return set().union(*(row.keys() for row in rows))


def _others(paths: Iterable[str]) -> str:
    """The tables that there are instead."""
    ends = (".tsv", ".csv")
    found = sorted(path for path in paths if path.lower().endswith(ends))
    few = ", ".join(map(repr, found[:3]))
    return f"only {few}{', …' if len(found) > 3 else ''}" if found else "no table in all of it"


def _by_subject(name: str, key: str, rows: Iterable[_Row]) -> dict[str, _Row]:
    """Rows by subject, which may be written without the ``sub-`` that folders have."""
    found: dict[str, _Row] = {}
    for row in rows:
        subject = row[key].strip()
        if found.setdefault(subject, row) != row:
            raise QueryError(f"{name} has two rows of {subject}, which differ")
    found.pop("", None)  # a row of nobody
    return {**{f"sub-{subject}": row for subject, row in found.items()}, **found}


def parsed_table(name: str, content: bytes) -> tuple[list[str], list[_Row]]:
    """Columns and rows of a table; a short row has empty cells at its end.

    Args:
        name: of the file; it tells the form.
        content: of the file.

    Raises:
        QueryError: it cannot be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QueryError(f"{name} is not UTF-8: {error.reason} at byte {error.start}") from None
    is_csv = name.endswith(".csv")
    # only what ends a line in a file does: text has more that str.splitlines() would split at
    lines = io.StringIO(text, newline="" if is_csv else None)
    try:
        reader = (
            csv.reader(lines)
            if is_csv
            else csv.reader(lines, "excel-tab", quotechar=None, quoting=csv.QUOTE_NONE)
        )
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise QueryError(f"{name} cannot be read: {error}") from None
    if not rows:
        raise QueryError(f"{name} is empty")
    columns = [cell.strip() for cell in rows[0]]
    if twice := [column for column in columns if column and columns.count(column) > 1]:
        raise QueryError(f"{name} has the column {twice[0]} twice; rename one of them")
    width = len(columns)
    padded = ([*row, *[""] * (width - len(row))][:width] for row in rows[1:])
    return columns, [dict(zip(columns, row, strict=True)) for row in padded]
