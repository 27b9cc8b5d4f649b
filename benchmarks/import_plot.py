"""The figure of docs/scale.rst: time and memory of an import by number of entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from import_manifest import extrapolated
from matplotlib import pyplot

pyplot.switch_backend("svg")
mpl.rcParams.update({"svg.hashsalt": "scale", "svg.fonttype": "none", "font.size": 9})

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from import_manifest import Point

__all__ = ["plot"]


def plot(points: Sequence[Point], peers: Sequence[Point], file: Path) -> None:
    """Draw what `import_manifest` has measured.

    Args:
        points: ours.
        peers: git-annex's own commands.
        file: to write; its suffix says in which format.
    """
    figure, (time, memory) = pyplot.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    sizes = [point.entries for point in points]
    time.loglog(sizes, [point.wall for point in points], "o-", label="download-manifest")
    known = [point.entries for point in peers]
    line = time.loglog(known, [p.wall for p in peers], "s-", label="fromkey + registerurl")[0]
    beyond = [known[-1], *(size for size in sizes if size > known[-1])]
    if len(beyond) > 1:
        time.loglog(
            beyond,
            [extrapolated(peers, size) for size in beyond],
            "--",
            color=line.get_color(),
            label="extrapolated",
        )
    time.set_ylabel("wall time, seconds")
    memory.loglog(sizes, [p.memory / 1e6 for p in points], "o-", label="download-manifest")
    memory.loglog(
        sizes, [p.largest / 1e6 for p in points], "^:", label="the largest process it starts"
    )
    memory.set_ylabel("most memory, MB")
    for axes in (time, memory):
        axes.set_xlabel("entries")
        axes.grid(visible=True, which="major", linewidth=0.4)
        axes.legend(frameon=False)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
