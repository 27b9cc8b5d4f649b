"""Rows of the tables beside the figures, and what is drawn: from what benchmarks have recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from figure_drawing import BAD, OTHER, OURS, bars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from figure_data import Heat, Recorded
    from matplotlib.axes import Axes

__all__ = [
    "RATES_HEAD",
    "draw_failover",
    "draw_rates",
    "draw_reading",
    "draw_slow",
    "draw_versions",
    "draw_zip",
    "failover_rows",
    "rates",
    "reading_rows",
    "slow_rows",
    "versions_rows",
    "zip_rows",
]

_FORMATS = {
    "a": "the project's own form",
    "b": "JSON Lines",
    "c": "a JSON array",
    "d": "a list of URLs",
    "e": "CSV",
    "f": "BagIt's fetch.txt",
    "g": "a checksum list",
}
_OURS = "download-content"


def _reading(found: Recorded) -> list[tuple[str, float, float]]:
    """Format, entries a CPU second by ours and by a peer that checks nothing."""
    heats = {title: found.heat(case) for case, title in _FORMATS.items()}
    return [
        (title, *(heat.count / heat.said(name, "cpu") for name in heat.names))
        for title, heat in heats.items()
    ]


def reading_rows(found: Recorded) -> list[Sequence[str]]:
    peers = [found.heat(case).names[1] for case in _FORMATS]
    return [
        (title, f"{ours:,.0f}", f"{peer:,.0f} (``{name}``)")
        for (title, ours, peer), name in zip(_reading(found), peers, strict=True)
    ]


def draw_reading(found: Recorded, axes: Axes) -> None:
    values = [(title, ours) for title, ours, _ in _reading(found)]
    bars(axes, values, "entries a CPU second, checked", is_ours=lambda name: True)


def rates(heat: Heat) -> list[Sequence[str]]:
    return [
        (
            f"``{name}``",
            f"{heat.rate(name):,.0f}",
            f"{heat.wall(name):.1f} s",
            f"{1000 * heat.cpu(name) / heat.count:.2f} ms",
            f"{heat.ratio(name, _OURS):.2f}",
        )
        for name in heat.names
    ]


RATES_HEAD = ("program", "files a second", "time", "CPU a file", "time ÷ ours")


def draw_rates(heat: Heat, axes: Axes) -> None:
    values = [(name, heat.rate(name)) for name in heat.names]
    bars(axes, values, "files a second", is_ours=_OURS.__eq__)


def versions_rows(found: Recorded) -> list[Sequence[str]]:
    return [
        (name, f"{heat.rate(name):,.0f}", f"{heat.wall(name):.2f} s", f"{heat.cpu(name):.2f} s")
        for heat in found.heats("l")
        for name in heat.names
    ]


def draw_versions(found: Recorded, axes: Axes) -> None:
    values = [(name, heat.rate(name)) for heat in found.heats("l") for name in heat.names]
    bars(axes, values, "files a second")


def draw_failover(found: Recorded, axes: Axes) -> None:
    (note,) = found.notes("m")
    titles = ("the mirror that dies", "the other mirror")
    for title, rates, colour in zip(titles, note["rates"], (BAD, OURS), strict=True):
        times = [number * note["step"] for number in range(len(rates) + 1)]
        axes.stairs([rate / 1e6 for rate in rates], times, color=colour, label=title, linewidth=1.6)
    axes.axvline(note["died"], color=OTHER, linestyle=":", label="it dies")
    axes.set_xlabel("seconds since the first byte")
    axes.set_ylabel("MB/s")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))


def failover_rows(found: Recorded) -> list[Sequence[str]]:
    (note,) = found.notes("m")
    first, second = (sum(rates) * note["step"] for rates in note["rates"])
    return [
        ("size of the file", f"{note['size'] / 1e6:.1f} MB"),
        ("the mirror dies", f"after {note['died']:.1f} s"),
        ("it has sent", f"{first / 1e6:.1f} MB"),
        ("the other mirror has sent", f"{second / 1e6:.1f} MB"),
        ("all bytes sent ÷ size", f"{note['served'] / note['size']:.3f}"),
        ("the download, verified", f"{note['wall']:.1f} s"),
    ]


_ZIPS = {"a": "2 GiB", "b": "20,000 of 4 KiB"}


def _zips(found: Recorded) -> list[tuple[str, str, float, float]]:
    """Files, way, time divided by that of cat, seconds."""
    return [
        (title, name, heat.ratio(name, "cat"), heat.wall(name))
        for case, title in _ZIPS.items()
        for heat in found.heats(case)
        for name in heat.names
    ]


def zip_rows(found: Recorded) -> list[Sequence[str]]:
    return [
        (title, name, f"{ratio:.2f}", f"{wall:.2f} s") for title, name, ratio, wall in _zips(found)
    ]


def draw_zip(found: Recorded, axes: Axes) -> None:
    values = [(f"{name}: {title}", ratio) for title, name, ratio, _ in _zips(found)]
    bars(
        axes, values, "time ÷ that of cat", is_ours=lambda name: name.startswith("ours"),
        shown=lambda value: f"{value:.1f}",
    )  # fmt: skip


def slow_rows(found: Recorded) -> list[Sequence[str]]:
    return [
        (
            note["how"],
            f"{note['alone']:.2f} s",
            f"{note['beside']:.2f} s",
            f"{note['memory'] / 1e6:.0f} MB",
            f"{note['slowest'] / 1e3:.0f} KB/s",
        )
        for note in found.notes("b")
    ]


def draw_slow(found: Recorded, axes: Axes) -> None:
    values = [
        (f"{what}, {note['how']}", note[key])
        for note in found.notes("b")
        for key, what in (("alone", "alone"), ("beside", "beside 200 slow readers"))
    ]
    bars(
        axes, values, "seconds that a fast client takes", is_ours=lambda name: "beside" in name,
        shown=lambda value: f"{value:.1f}",
    )  # fmt: skip
