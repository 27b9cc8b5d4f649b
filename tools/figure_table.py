"""The figures of the documentation: what each shows, and of which benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from figure_comparison import HEAD, comparison
from figure_drawing import BAD, OTHER, OURS, bars, heat_map
from figure_faults import cells_by_outcome, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from figure_data import Heat, Recorded
    from matplotlib.axes import Axes

__all__ = ["FIGURES", "Figure"]

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


@dataclass(frozen=True)
class Figure:
    """One figure, with the table of its numbers.

    Attributes:
        name: of its files in docs/figures.
        alt: what is to be seen, for those who do not see it.
        caption: what was measured.
        command: what measures it: the arguments of Python, from the project's folder.
        programs: whose versions are told.
        height: inches.
        head: of the table.
        rows: of the table.
        draw: draws it; None for a table alone.
    """

    name: str
    alt: str
    caption: str
    command: tuple[str, ...]
    programs: tuple[str, ...]
    height: float
    head: tuple[str, ...]
    rows: Callable[[Recorded], list[Sequence[str]]]
    draw: Callable[[Recorded, Axes], None] | None


def _reading(found: Recorded) -> list[tuple[str, float, float]]:
    """Format, entries a CPU second by ours and by a peer that checks nothing."""
    heats = {title: found.heat(case) for case, title in _FORMATS.items()}
    return [
        (title, *(heat.count / heat.said(name, "cpu") for name in heat.names))
        for title, heat in heats.items()
    ]


def _reading_rows(found: Recorded) -> list[Sequence[str]]:
    peers = [found.heat(case).names[1] for case in _FORMATS]
    return [
        (title, f"{ours:,.0f}", f"{peer:,.0f} (``{name}``)")
        for (title, ours, peer), name in zip(_reading(found), peers, strict=True)
    ]


def _draw_reading(found: Recorded, axes: Axes) -> None:
    values = [(title, ours) for title, ours, _ in _reading(found)]
    bars(axes, values, "entries a CPU second, checked", is_ours=lambda name: True)


def _rates(heat: Heat) -> list[Sequence[str]]:
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


_RATES_HEAD = ("program", "files a second", "time", "CPU a file", "time ÷ ours")


def _draw_rates(heat: Heat, axes: Axes) -> None:
    values = [(name, heat.rate(name)) for name in heat.names]
    bars(axes, values, "files a second", is_ours=_OURS.__eq__)


def _versions_rows(found: Recorded) -> list[Sequence[str]]:
    return [
        (name, f"{heat.rate(name):,.0f}", f"{heat.wall(name):.2f} s", f"{heat.cpu(name):.2f} s")
        for heat in found.heats("l")
        for name in heat.names
    ]


def _draw_versions(found: Recorded, axes: Axes) -> None:
    values = [(name, heat.rate(name)) for heat in found.heats("l") for name in heat.names]
    bars(axes, values, "files a second")


def _draw_failover(found: Recorded, axes: Axes) -> None:
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


def _failover_rows(found: Recorded) -> list[Sequence[str]]:
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


def _zip_rows(found: Recorded) -> list[Sequence[str]]:
    return [
        (title, name, f"{ratio:.2f}", f"{wall:.2f} s") for title, name, ratio, wall in _zips(found)
    ]


def _draw_zip(found: Recorded, axes: Axes) -> None:
    values = [(f"{name}: {title}", ratio) for title, name, ratio, _ in _zips(found)]
    bars(
        axes, values, "time ÷ that of cat", is_ours=lambda name: name.startswith("ours"),
        shown=lambda value: f"{value:.1f}",
    )  # fmt: skip


def _slow_rows(found: Recorded) -> list[Sequence[str]]:
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


def _draw_slow(found: Recorded, axes: Axes) -> None:
    values = [
        (f"{what}, {note['how']}", note[key])
        for note in found.notes("b")
        for key, what in (("alone", "alone"), ("beside", "beside 200 slow readers"))
    ]
    bars(
        axes, values, "seconds that a fast client takes", is_ours=lambda name: "beside" in name,
        shown=lambda value: f"{value:.1f}",
    )  # fmt: skip


_FETCH = ("benchmarks/fetch.py", "--runs", "3", "--case")
_FAR_PROGRAMS = ("datalad", "curl", "aria2c", "rclone", "git-annex")

FIGURES = (
    Figure(
        "reading",
        "bars: entries a CPU second for each format of manifests",
        "Reading a manifest of 60,000 entries, in each format that is read as a stream. Every "
        "entry is checked. The peers in the table parse the same bytes and check nothing.",
        ("benchmarks/reading.py", "--runs", "3"),
        (),
        2.6,
        ("format", "entries a CPU second", "its peer"),
        _reading_rows,
        _draw_reading,
    ),
    Figure(
        "small_files",
        "bars: files a second for download-content, curl, aria2c, rclone and git annex get",
        "2,000 files of 4 KiB from a server that answers after 50 ms. All programs at their "
        "defaults, but git-annex, which gets eight files at a time from its web remote instead of "
        "one. download-content and git-annex verify each file and add it to a dataset; the others "
        "only write it.",
        (*_FETCH, "i"),
        _FAR_PROGRAMS,
        2.1,
        _RATES_HEAD,
        lambda found: _rates(found.heat("i")),
        lambda found, axes: _draw_rates(found.heat("i"), axes),
    ),
    Figure(
        "lossy",
        "bars: files a second over a lossy link, for the same programs",
        "The same over a link with round trips of 20 ms that loses 1 % of the packets each way. "
        "The link is a program between two network namespaces.",
        (*_FETCH, "k"),
        (*_FAR_PROGRAMS, "nginx"),
        2.1,
        _RATES_HEAD,
        lambda found: _rates(found.heat("k")),
        lambda found, axes: _draw_rates(found.heat("k"), axes),
    ),
    Figure(
        "connections",
        "bars: files a second by HTTP/2 and HTTP/1.1, without loss and with 1 % loss",
        "2,000 files of 4 KiB from nginx with TLS, round trips of 50 ms, by curl, 50 files at a "
        "time: over HTTP/2, and over HTTP/1.1 with 50 connections.",
        ("benchmarks/fetch.py", "--runs", "5", "--case", "l"),
        ("curl", "nginx"),
        1.8,
        ("version", "files a second", "time", "CPU"),
        _versions_rows,
        _draw_versions,
    ),
    Figure(
        "failover",
        "lines: bytes a second from two mirrors; the one that dies falls to nothing, the other "
        "continues until the file is complete",
        "One file from two mirrors of 1 MB/s a connection. The process of one mirror is killed "
        "when half of the file has been sent.",
        ("benchmarks/fetch.py", "--runs", "1", "--case", "m"),
        (),
        2.5,
        ("what", "measured"),
        _failover_rows,
        _draw_failover,
    ),
    Figure(
        "zip",
        "bars: the time to make a zip, divided by the time of cat, for two ways of ours and others",
        "Making a zip of one file of 2 GiB, and of 20,000 files of 4 KiB, against ``cat`` of the "
        "same files. “ours, verified” compares each content with its key; the others check "
        "nothing.",
        ("benchmarks/zip.py", "--runs", "3", "--case", "a,b"),
        (),
        4.2,
        ("files", "way", "time ÷ cat", "time"),
        _zip_rows,
        _draw_zip,
    ),
    Figure(
        "slow_readers",
        "bars: seconds that a fast client takes, alone and beside 200 slow readers",
        "A client that downloads an archive of 1.1 GiB as fast as it can, alone, and beside 200 "
        "clients that read 50 KB a second each; directly, and through nginx.",
        ("benchmarks/portal.py", "--runs", "3", "--case", "b"),
        ("curl", "nginx"),
        1.8,
        ("how", "alone", "beside 200", "memory above idle", "the slowest reader gets"),
        _slow_rows,
        _draw_slow,
    ),
    Figure(
        "faults",
        "a table of colours: which program ends with the right file under which fault",
        "What came of each fault of the first mirror, by program: ✓ the right file, ✗ gave up, "
        "☠ a wrong file and no error, … had not ended.",
        ("tools/fault_table.py",),
        (),
        8.0,
        ("program", "right file", "gave up", "wrong file, no error", "not ended"),
        cells_by_outcome,
        lambda found, axes: heat_map(axes, *outcomes(found)),
    ),
    Figure(
        "comparison",
        "",
        "The first seven rows are of :doc:`faults`, the last two of the figures below. The rows on "
        "logins and zips are of this table alone.",
        ("tools/comparison.py",),
        ("git", "git-annex", "datalad", "curl", "wget", "aria2c", "rclone"),
        0.0,
        HEAD,
        comparison,
        None,
    ),
)
