"""A filter on the rows of a table: ``age > 30 and sex == 'F'``.

The text is parsed by Python's own parser, and what comes of that is walked through: nothing in it
is evaluated as code. It may have

- column names; one that is no identifier stands between backticks: ```handedness score```;
- numbers and strings;
- ``== != < <= > >=``, also chained (``18 <= age < 65``), ``in`` and ``not in`` a list of values;
- ``and``, ``or``, ``not`` and parentheses.

A cell is compared with a number as a number, and with a string as text. A cell that is empty or
``n/a``, as BIDS has it (Brain Imaging Data Structure, "Tabular files"), and one that is compared
with a number and is none, is neither equal to anything nor unequal, as NULL is in SQL: a row is
chosen only where the filter is true.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["TableFilter"]

_LONGEST = 4000  # characters; a filter that is longer was made by a program, or to do harm
_DEEPEST = 50
_TOO_DEEP = "the filter is nested too deeply"
_CONDITION = "a comparison such as age > 30 or sex == 'F'"
_OPERAND = "a column, a number or a string"
_MISSING = ("", "n/a", "N/A")
_QUOTED = re.compile(r"`([^`]+)`")

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

_Value = str | float


@dataclass(frozen=True)
class TableFilter:
    """A filter that was parsed.

    Attributes:
        text: as given.
        columns: that it names.
    """

    text: str
    columns: frozenset[str]
    _tree: ast.expr
    _names: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> TableFilter:
        """Read a filter.

        Raises:
            QueryError: it is none; the text says where and what was expected.
        """
        if len(text) > _LONGEST:
            raise QueryError(f"the filter is too long: {len(text)} characters, of {_LONGEST}")
        names: dict[str, str] = {}

        def stand_in(match: re.Match[str]) -> str:
            return names.setdefault(match[1], f"_quoted_{len(names)}")

        plain = _QUOTED.sub(stand_in, text.strip())
        try:
            tree = ast.parse(plain, mode="eval").body
        except SyntaxError as error:
            raise QueryError(f"cannot read the filter {text!r}: {error.msg}") from None
        except (ValueError, MemoryError, RecursionError):
            raise QueryError(f"cannot read the filter {text!r}") from None
        columns = {stand: name for name, stand in names.items()}
        return cls(text, _checked(tree, columns), tree, columns)

    def matches(self, row: Mapping[str, str]) -> bool:
        """Whether a row is chosen.

        Args:
            row: column → cell; it has all `columns`.
        """
        return _truth(self._tree, row, self._names) is True


def _checked(tree: ast.expr, columns: Mapping[str, str]) -> frozenset[str]:
    """Let nothing pass but what the module's docstring names; the columns that it has."""
    found: set[str] = set()
    conditions = [(tree, 0)]
    while conditions:
        node, depth = conditions.pop()
        if depth == _DEEPEST:
            raise QueryError(_TOO_DEEP)
        if isinstance(node, ast.BoolOp):
            conditions += [(value, depth + 1) for value in node.values]
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            conditions.append((node.operand, depth + 1))
        elif isinstance(node, ast.Compare):
            for operand in _operands(node):
                if isinstance(operand, ast.Name):
                    found.add(columns.get(operand.id, operand.id))
                elif _literal(operand) is None:
                    raise QueryError(_refusal(operand, _OPERAND))
        else:
            raise QueryError(_refusal(node, _CONDITION))
    return frozenset(found)


def _operands(node: ast.Compare) -> list[ast.expr]:
    operands = [node.left]
    for comparison, right in _steps(node):
        if isinstance(comparison, (ast.In, ast.NotIn)):
            if not isinstance(right, (ast.List, ast.Tuple, ast.Set)) or not right.elts:
                raise QueryError("expected a list of values after 'in', such as site in ('A', 'B')")
            operands += right.elts
        elif type(comparison) in _COMPARISONS:
            operands.append(right)
        else:
            raise QueryError("a filter has no 'is'; to compare, use == or !=")
    return operands


def _steps(node: ast.Compare) -> Iterator[tuple[ast.cmpop, ast.expr]]:
    return zip(node.ops, node.comparators, strict=True)


def _refusal(node: ast.expr, expected: str) -> str:
    try:
        return f"expected {expected} in the filter, got {ast.unparse(node)}"
    except RecursionError:
        return _TOO_DEEP


def _literal(node: ast.expr) -> _Value | None:
    """The value of a number or a string; None for anything else."""
    sign = 1.0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        sign, node = (-1.0 if isinstance(node.op, ast.USub) else 1.0), node.operand
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return None
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return None
    if isinstance(node.value, str):
        return node.value
    if isinstance(node.value, (int, float)):
        try:
            return sign * float(node.value)
        except OverflowError:
            return sign * math.inf
    return None


def _truth(node: ast.expr, row: Mapping[str, str], names: Mapping[str, str]) -> bool | None:
    """True, false, or None for unknown, as in SQL."""
    if isinstance(node, ast.BoolOp):
        decides = isinstance(node.op, ast.Or)
        found = [_truth(value, row, names) for value in node.values]
        if decides in found:
            return decides
        return None if None in found else not decides
    if isinstance(node, ast.UnaryOp):
        inner = _truth(node.operand, row, names)
        return None if inner is None else not inner
    assert isinstance(node, ast.Compare)  # noqa: S101 - `_checked` let nothing else pass
    found = []
    left = node.left
    for comparison, right in _steps(node):
        if isinstance(comparison, (ast.In, ast.NotIn)):
            assert isinstance(right, (ast.List, ast.Tuple, ast.Set))  # noqa: S101 - see above
            is_in = _any(
                [_compared(operator.eq, left, element, row, names) for element in right.elts]
            )
            wanted = isinstance(comparison, ast.In)
            found.append(is_in if is_in is None else is_in is wanted)
        else:
            found.append(_compared(_COMPARISONS[type(comparison)], left, right, row, names))
        left = right
    return False if False in found else (None if None in found else True)


def _any(found: list[bool | None]) -> bool | None:
    return True if True in found else (None if None in found else False)


def _compared(
    comparison: Callable[[Any, Any], bool],
    left: ast.expr,
    right: ast.expr,
    row: Mapping[str, str],
    names: Mapping[str, str],
) -> bool | None:
    first, second = (_value(node, row, names) for node in (left, right))
    if first is None or second is None:
        return None
    numbers = [_number(first), _number(second)]
    # text stands against text where one of the two is a string of the filter
    literal = any(isinstance(_literal(node), str) for node in (left, right))
    if not literal and None not in numbers:
        return comparison(*numbers)
    if any(isinstance(value, float) for value in (first, second)):
        return None  # a number of the filter, and a cell that is none
    return comparison(first, second)


def _value(node: ast.expr, row: Mapping[str, str], names: Mapping[str, str]) -> _Value | None:
    """Of a literal, or of a cell; None for one that is missing."""
    if isinstance(node, ast.Name):
        cell = row[names.get(node.id, node.id)].strip()
        return None if cell in _MISSING else cell
    return _literal(node)


def _number(value: _Value) -> float | None:
    try:
        found = float(value)
    except ValueError:
        return None
    return None if math.isnan(found) else found
