"""Drawing of the figures: the same bytes each time, readable on light and on dark pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.colors import ListedColormap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

__all__ = ["BAD", "OTHER", "OURS", "bars", "canvas", "heat_map"]

pyplot.switch_backend("svg")

# each has a contrast of 3 or more with white and with the dark pages' background
OURS = "#2f81b7"
OTHER = "#8a8a8a"
BAD = "#c8553d"
_TEXT = "#7a7a7a"
_COLOURED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
_FAINT = "#c9c9c9"
_SIGNS = ("✓", "✗", "…", "☠")  # the font has no ⌛
_ON = ("#ffffff", "#444444", "#ffffff", "#ffffff")

mpl.rcParams.update(
    {
        "svg.hashsalt": "datalad-jsdl",
        "svg.fonttype": "none",
        "font.size": 9,
        "savefig.transparent": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        **dict.fromkeys(_COLOURED, _TEXT),
    }
)


def canvas(file: Path, height: float, draw: Callable[[Axes], None]) -> None:
    """Write a figure of 7 inches' width.

    Args:
        file: an SVG file to write.
        height: inches.
        draw: draws on the axes.
    """
    figure, axes = pyplot.subplots(figsize=(7, height), layout="constrained")
    draw(axes)
    figure.savefig(file, metadata={"Date": None})
    pyplot.close(figure)


def bars(
    axes: Axes,
    values: Sequence[tuple[str, float]],
    unit: str,
    *,
    is_ours: Callable[[str], bool] = lambda name: False,
    shown: Callable[[float], str] = lambda value: f"{value:,.0f}",
) -> None:
    """Horizontal bars, the first on top, each with its number.

    Args:
        axes: to draw on.
        values: name and value of each.
        unit: of the values.
        is_ours: whether a name is that of one of ours.
        shown: a value as text.
    """
    names = [name for name, _ in values]
    colours = [OURS if is_ours(name) else OTHER for name in names]
    places = range(len(values))
    drawn = axes.barh(places, [value for _, value in values], 0.7, color=colours)
    axes.bar_label(drawn, [shown(value) for _, value in values], padding=3)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel(unit)
    axes.margins(x=0.12)


def heat_map(
    axes: Axes, columns: Sequence[str], lines: Sequence[str], cells: Sequence[Sequence[int]]
) -> None:
    """Squares whose colour and sign say what came of each, 0 being good and 3 the worst."""
    colours = [OURS, _FAINT, OTHER, BAD]
    axes.imshow(cells, cmap=ListedColormap(colours), vmin=0, vmax=len(colours) - 1, aspect="auto")
    for y, line in enumerate(cells):
        for x, cell in enumerate(line):
            axes.text(x, y, _SIGNS[cell], ha="center", va="center", color=_ON[cell])
    axes.set_xticks(range(len(columns)), columns, rotation=35, ha="left")
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(lines)), lines)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
