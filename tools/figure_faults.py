"""The figure of docs/faults.rst: what came of each fault, by program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fault_table import FAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from figure_data import Recorded

__all__ = ["OUTCOMES", "cells_by_outcome", "outcomes"]

#: What a cell of the table is, from good to bad.
OUTCOMES = ("the right file", "gave up", "had not ended", "wrong file, no error")


def _outcome(cell: dict[str, Any]) -> int:
    if cell["code"] is None:
        return 2
    if cell["right"] and not cell["code"]:
        return 0
    return 1 if cell["code"] else 3


def outcomes(found: Recorded) -> tuple[list[str], list[str], list[list[int]]]:
    """Titles of the programs, of the faults, and for each fault the outcomes by program."""
    cells, versions = found.data["cells"], found.data["versions"]
    peers = {name: title for name, title in found.data["peers"].items() if versions[name]}
    rows = [[_outcome(cells[fault][name]) for name in peers] for fault in cells]
    titles = [FAULTS[fault].title if fault in FAULTS else "killed half way" for fault in cells]
    return list(peers.values()), titles, rows


def cells_by_outcome(found: Recorded) -> list[Sequence[str]]:
    """For each program, how many faults ended in what."""
    peers, _, rows = outcomes(found)
    columns = zip(*rows, strict=True)
    return [
        (peer, *(str(column.count(outcome)) for outcome in (0, 1, 3, 2)))
        for peer, column in zip(peers, map(list, columns), strict=True)
    ]
