#!/usr/bin/env python3
"""Draw the figures of the documentation, with their tables, from what was recorded.

::

    python3 tools/run.py figures                       draw all again
    python3 tools/run.py figures --record [NAME ...]   measure first, all or those

Numbers are in docs/figures/recorded, one JSON for each figure; docs/figures gets an SVG and an
include file with caption, command and table. Measuring all takes half an hour, and needs what
benchmarks/README.md says. Two more are pictures: ``terminal``, which is recorded and drawn like the
others, and ``portal``, pages as Chromium shows them, which are made only with ``--record``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

import figure_data  # noqa: E402 - found by the path above
from fault_page import write_page  # noqa: E402 - likewise
from figure_drawing import canvas  # noqa: E402 - likewise
from figure_portal import picture  # noqa: E402 - likewise
from figure_table import FIGURES, Figure  # noqa: E402 - likewise
from figure_terminal import draw_terminal, record_terminal  # noqa: E402 - likewise
from list_table import table  # noqa: E402 - likewise


def measure(figure: Figure) -> None:
    """Run the benchmark of a figure, and keep what it has measured."""
    target = figure_data.RECORDED / f"{figure.name}.json"
    subprocess.run([sys.executable, *figure.command, "--json", target], cwd=ROOT, check=True)


def record(name: str, known: Mapping[str, Figure]) -> None:
    """Measure a figure, or take a picture."""
    if name in known:
        measure(known[name])
    elif name == "terminal":
        record_terminal(figure_data.RECORDED / "terminal.json")
    else:
        picture(figure_data.FIGURES)


def text(figure: Figure, found: figure_data.Recorded) -> str:
    """The include file: figure, command, table."""
    programs = found.versions(*figure.programs)
    said = " ".join(filter(None, [figure.caption, found.machine, programs and f"{programs}."]))
    shown = f".. figure:: figures/{figure.name}.svg\n   :alt: {figure.alt}\n\n   "
    return (
        f"{shown if figure.draw else ''}{said}\n\n"
        f"To measure it again: ``python3 tools/run.py figures --record {figure.name}``, which runs "
        f"``python {' '.join(figure.command)}``.\n\n"
        f"{table(figure.head, figure.rows(found))}"
    )


def draw(figure: Figure, folder: Path) -> None:
    """Write the files of a figure into a folder."""
    found = figure_data.read(figure.name)
    if figure.draw:
        canvas(folder / f"{figure.name}.svg", figure.height, partial(figure.draw, found))
    (folder / f"{figure.name}.inc").write_text(text(figure, found), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    known = {figure.name: figure for figure in FIGURES}
    names = [*known, "terminal", "portal"]
    parser.add_argument("--record", action="store_true", help="measure first")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(names)}; all")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"no figure {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    for name in options.names or names:
        if options.record:
            record(name, known)
        if name in known:
            draw(known[name], figure_data.FIGURES)
    draw_terminal(figure_data.FIGURES)
    write_page(ROOT / "docs/faults.rst", figure_data.read("faults").data)


if __name__ == "__main__":
    main()
