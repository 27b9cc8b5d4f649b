"""The table of docs/comparison.rst, from what was recorded for it and for other figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import figure_data
from fault_page import Cell
from figure_data import Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HEAD", "comparison"]

#: Name in the fault table → title.
_PROGRAMS = {
    "jsdl": "datalad-jsdl",
    "annex": "git-annex",
    "datalad": "datalad download-url",
    "curl": "curl",
    "wget": "wget",
    "aria2": "aria2c",
    "rclone": "rclone",
    "pooch": "pooch",
}
HEAD = ("what", *_PROGRAMS.values())
_FAULTS = {
    "404": "the first mirror has lost the file",
    "page": "the first mirror sends a web page instead",
    "reset": "the first mirror breaks off half way",
    "hang": "the first mirror hangs half way",
    "corrupt": "the first mirror sends a corrupt byte",
    "killed": "the program is killed half way and run again",
    "changed-before-no-etag": "the file has changed between two runs",
}
#: Contestants of the benchmarks.
_RACERS = {
    "jsdl": "download-content",
    "annex": "git annex get -J8",
    "curl": "curl -Z",
    "aria2": "aria2c",
    "rclone": "rclone copyurl",
}
_PACKERS = {"jsdl": "ours", "annex": "git archive", "datalad": "datalad"}
_NONE = "not measured"


def comparison(found: Recorded) -> list[Sequence[str]]:
    """The rows."""
    cells: dict[str, Any] = figure_data.read("faults").data["cells"]
    rows: list[Sequence[str]] = [
        (title, *(_fault(cells[fault].get(name)) for name in _PROGRAMS))
        for fault, title in _FAULTS.items()
    ]
    logins, zips = found.data["logins"], found.data["zips"]
    rows.append(
        ("a login stays with its host at a redirect", *(_login(logins.get(p)) for p in _PROGRAMS))
    )
    packed = (zips.get(_PACKERS.get(name, "")) for name in _PROGRAMS)
    rows.append(("two machines make the same zip", *map(_zip, packed)))
    for name, case, title in (
        ("small_files", "i", "time for 2,000 small files at 50 ms ÷ ours"),
        ("lossy", "k", "… with 20 ms and 1 % loss ÷ ours"),
    ):
        heat = figure_data.read(name).heat(case)
        ours = _RACERS["jsdl"]
        racers = (_RACERS.get(program, "") for program in _PROGRAMS)
        shown = (f"{heat.ratio(r, ours):.2f}" if r in heat.names else _NONE for r in racers)
        rows.append((title, *shown))
    return rows


def _fault(cell: dict[str, Any] | None) -> str:
    return str(Cell(**cell)) if cell else _NONE


def _login(cell: dict[str, bool] | None) -> str:
    if cell is None:
        return _NONE
    if not cell["fetched"]:
        return "✗"
    return "no: passed on" if cell["passed on"] else "yes"


def _zip(cell: dict[str, bool] | None) -> str:
    if cell is None:
        return _NONE
    same = "yes" if cell["same"] else "no"
    return same if cell["content"] else f"{same}, and without annexed content"
