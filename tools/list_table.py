"""Tables of the generated pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["table"]


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in reStructuredText."""
    text = ".. list-table::\n   :header-rows: 1\n\n"
    for line in (head, *lines):
        for number, cell in enumerate(line):
            text += f"   {'  -' if number else '* -'} {cell}\n"
    return text
