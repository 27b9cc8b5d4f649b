"""Making a manifest of a folder, against sha256sum of the same files, in one run.

::

    python benchmarks/manifests.py [--case a,b] [--runs 3] [--folder DIR] [--scale 1.0]

a  2,000 files of 2 MiB: datalad make-manifest against xargs -P2 sha256sum
b  10,000 files of 4 KiB: the same

All take turns, in the reverse order every other time, after a first time that does not count: the
files are in memory then, if that has room for them. Our time is that of the whole command, which
also starts DataLad, looks for the files, and writes URLs, times and sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from measuring import Bench, compete, ratio, table, timed
from servers import make_files
from working import parse, run_cases, work_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from measuring import Measured

_OURS = "make-manifest"
_PEER = "xargs -P2 sha256sum"
_MOST = 1.2  # times what the peer takes
_SECONDS = 5.0  # for many small files


def large_files(bench: Bench) -> None:
    """2,000 files of 2 MiB: datalad make-manifest against xargs -P2 sha256sum."""
    runs = _compete(bench, bench.scaled(2000), 2 << 20)
    ratio("wall, ours ÷ sha256sum", runs, lambda r: r[_OURS].wall / r[_PEER].wall, target=_MOST)
    ratio("CPU, ours ÷ sha256sum", runs, lambda r: r[_OURS].cpu / r[_PEER].cpu)


def small_files(bench: Bench) -> None:
    """10,000 files of 4 KiB: the same."""
    runs = _compete(bench, bench.scaled(10_000), 4 << 10)
    ratio("seconds, ours", runs, lambda r: r[_OURS].wall, target=_SECONDS)


def _compete(bench: Bench, count: int, size: int) -> list[dict[str, Measured]]:
    folder = bench.place()
    make_files(folder, "files", count, size)
    contestants = {_OURS: _making(folder / "files"), _PEER: _summing(folder / "files")}
    for contestant in contestants.values():
        contestant(bench.place())
    runs = compete(bench, contestants)
    table(runs, _PEER)
    return runs


def _making(files: Path) -> Callable[[Path], Measured]:
    def make(place: Path) -> Measured:
        target = place / "manifest.json"
        url = "https://data.example/study/"
        # as many as there are of the peer
        command = ("datalad", "make-manifest", files, "--base-url", url, "-o", target, "-J", "2")
        return timed(*command, cwd=place)

    return make


def _summing(files: Path) -> Callable[[Path], Measured]:
    def check(place: Path) -> Measured:
        script = 'find "$1" -type f -print0 | xargs -0 -P2 -n 50 sha256sum > SHA256SUMS'
        return timed("bash", "-c", script, "bash", files, cwd=place)

    return check


CASES: dict[str, tuple[Callable[[Bench], None], ...]] = {"a": (large_files,), "b": (small_files,)}


def main() -> None:
    options = parse(__doc__, CASES, 3)
    with work_folder(options.folder) as folder:
        bench = Bench(folder, options.runs, options.scale, base="", root=folder)
        run_cases(CASES, options, bench)


if __name__ == "__main__":
    main()
