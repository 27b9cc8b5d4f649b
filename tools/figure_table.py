"""The figures of the documentation: what each shows, and of which benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from figure_comparison import HEAD, comparison
from figure_drawing import heat_map
from figure_faults import cells_by_outcome, outcomes
from figure_numbers import (
    RATES_HEAD,
    draw_failover,
    draw_rates,
    draw_reading,
    draw_slow,
    draw_versions,
    draw_zip,
    failover_rows,
    rates,
    reading_rows,
    slow_rows,
    versions_rows,
    zip_rows,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from figure_data import Recorded
    from matplotlib.axes import Axes

__all__ = ["FIGURES", "Figure"]


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


_FETCH = ("benchmarks/fetch.py", "--runs", "3", "--case")
_FAR_PROGRAMS = ("datalad", "curl", "aria2c", "rclone", "git-annex")

FIGURES = (
    Figure(
        "reading",
        "bars: entries a CPU second for each format of manifests",
        "Reading a manifest of 60,000 entries, in each format that is read as a stream. Every "
        "entry is checked. The peers in the table parse the same bytes and check nothing.",
        ("benchmarks/reading.py", "--case", "a,b,c,d,e,f,g", "--runs", "3"),
        (),
        2.6,
        ("format", "entries a CPU second", "its peer"),
        reading_rows,
        draw_reading,
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
        RATES_HEAD,
        lambda found: rates(found.heat("i")),
        lambda found, axes: draw_rates(found.heat("i"), axes),
    ),
    Figure(
        "lossy",
        "bars: files a second over a lossy link, for the same programs",
        "The same over a link with round trips of 20 ms that loses 1 % of the packets each way. "
        "The link is a program between two network namespaces.",
        (*_FETCH, "k"),
        (*_FAR_PROGRAMS, "nginx"),
        2.1,
        RATES_HEAD,
        lambda found: rates(found.heat("k")),
        lambda found, axes: draw_rates(found.heat("k"), axes),
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
        versions_rows,
        draw_versions,
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
        failover_rows,
        draw_failover,
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
        zip_rows,
        draw_zip,
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
        slow_rows,
        draw_slow,
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
