"""Choosing by a dataset's table of subjects: what is asked for, what fits, what can be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import JsdlError, QueryError
from datalad_jsdl.orders.choosing.any_source import choose
from datalad_jsdl.orders.choosing.choice import Choice, statistics_of
from datalad_jsdl.orders.choosing.datasets import subject_columns
from datalad_jsdl.portal.pages.names import unpacked
from datalad_jsdl.portal.rows import Page, Row
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.orders.model import ListedFile, Statistics
    from datalad_jsdl.portal.pages.forms import Fields
    from datalad_jsdl.portal.pages.turn import Turn
    from datalad_jsdl.portal.served import Served
    from datalad_jsdl.portal.site import Site

__all__ = ["Asked", "Matching", "asked", "matching", "offered", "page_of"]

_MOST_CHOICES = 12  # values of a column in a menu
_MOST_COLUMNS = 6  # with a field of their own
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MISSING = frozenset({"", "n/a", "N/A"})


@dataclass(frozen=True)
class Asked:
    """A filter that a visitor has put together.

    Attributes:
        where: all of it, see `TableFilter`; "" for none.
        expression: the part that was typed.
        chosen: column → value.
        least: column → the least number.
        most: column → the greatest number.
        problem: what is wrong with it, or "".
    """

    where: str
    expression: str
    chosen: Mapping[str, str]
    least: Mapping[str, str]
    most: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True)
class Matching:
    """The files that fit a filter.

    Attributes:
        files: in the order of their paths.
        statistics: of them.
    """

    files: Sequence[ListedFile]
    statistics: Statistics


@dataclass(frozen=True)
class _Column:
    name: str
    choices: Sequence[str] = ()
    chosen: str = ""
    lowest: str = ""
    highest: str = ""
    least: str = ""
    most: str = ""


def asked(query: Fields) -> Asked:
    """The filter of an address."""
    chosen, least, most = (_of(query, kind) for kind in ("is.", "from.", "to."))
    expression = query.one("where").strip()
    wrong = [value for value in (*least.values(), *most.values()) if not _is_number(value)]
    parts = [f"{_quoted(column)} == {value!r}" for column, value in chosen.items()]
    parts += [f"{_quoted(column)} >= {value}" for column, value in least.items()]
    parts += [f"{_quoted(column)} <= {value}" for column, value in most.items()]
    if expression:
        parts.append(f"({expression})" if parts else expression)
    where = "" if wrong else " and ".join(parts)
    problem = f"expected a number, got {wrong[0]}" if wrong else ""
    return Asked(where, expression, chosen, least, most, problem)


def matching(site: Site, served: Served, where: str) -> Matching:
    """The files that fit.

    Raises:
        QueryError: it cannot be read, or there is no table.
        JsdlError: the dataset cannot be read.
    """
    if served.root is None:
        raise QueryError("Only a dataset has tables to filter by, a manifest has not.")
    found = choose(site.desk.places(), served.name, Choice(where=where))
    return Matching(found.files, statistics_of(found.files))


def page_of(whole: Row, found: Matching, number: int, size: int) -> Page:
    """A page of the files that fit."""
    rows = tuple(
        Row(file.ref.path.rpartition("/")[2], file.ref.path, size=file.size)
        for file in found.files[(number - 1) * size : number * size]
    )
    total = len(found.files)
    return Page(whole, rows, number, max(1, -(-total // size)), total)


async def offered(turn: Turn, served: Served, given: Asked) -> dict[str, Any]:
    """The fields of a filter, for the template; none where there is no table."""
    columns: list[_Column] = []
    if served.root is not None and not turn.query.one("folder"):
        columns = await turn.site.run(_columns, turn.site, served, given)
    numeric = next((column.name for column in columns if not column.choices), "")
    named = next((column for column in columns if column.choices), None)
    parts = [f"{_quoted(numeric)} > 30"] if numeric else []
    parts += [f"{_quoted(named.name)} == {named.choices[0]!r}"] if named else []
    return {
        "filters": columns, "expression": given.expression, "example": " and ".join(parts),
    }  # fmt: skip


def _columns(site: Site, served: Served, given: Asked) -> list[_Column]:
    assert served.root is not None  # noqa: S101 - it is a dataset
    commit = Repository(served.root).git.commit("HEAD")
    logins = site.desk.places().logins(served.name)
    cells = _cells(served.root, commit, logins) if commit else {}
    found = [_column(name, values, given) for name, values in list(cells.items())[1:]]
    return [column for column in found if column is not None][:_MOST_COLUMNS]


@lru_cache(64)
def _cells(root: Path, commit: str, logins: tuple[str, ...]) -> dict[str, list[str]]:
    try:
        return subject_columns(root, commit, logins)
    except JsdlError:
        return {}  # kept as well: nobody waits for it again and again


def _column(name: str, values: Sequence[str], given: Asked) -> _Column | None:
    known = {value.strip() for value in values} - _MISSING
    if "`" in name or len(known) < 2:
        return None
    try:
        numbers = sorted(known, key=float)
    except ValueError:
        choices = sorted(value for value in known if "`" not in value)
        if len(known) > _MOST_CHOICES:
            return None
        return _Column(name, choices, given.chosen.get(name, ""))
    return _Column(
        name, lowest=numbers[0], highest=numbers[-1],
        least=given.least.get(name, ""), most=given.most.get(name, ""),
    )  # fmt: skip


def _of(query: Fields, kind: str) -> dict[str, str]:
    return {
        unpacked(name.removeprefix(kind)): unpacked(value)
        for name in query.values
        if name.startswith(kind) and (value := query.one(name).strip())
    }


def _quoted(column: str) -> str:
    return column if column.isidentifier() and not iskeyword(column) else f"`{column}`"


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None
