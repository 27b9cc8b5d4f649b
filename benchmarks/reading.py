"""Reading manifests of 60,000 entries, in each format that is read as it comes, in one run.

::

    python benchmarks/reading.py [--case a,b] [--runs 3] [--folder DIR] [--scale 1.0]

a  the project's own form, against json.load of the whole
b  JSON Lines, against json.loads of each line
c  a JSON array, against json.load of the whole
d  a list of URLs, against str.split
e  CSV, against csv.DictReader
f  BagIt's fetch.txt, against str.split
g  a checksum list, against str.split
h  what portals and their programs write (`reading_kinds`), against a parser of XML or JSON, or
   str.split

Entries have a path of three folders, a size, a SHA-256 and a time, and every third has two URLs.
Each contestant is a program that times its own work, without its start. The peers only parse;
ours checks every entry.
"""

from __future__ import annotations

import statistics
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import Bench, compete, ratio, timed
from reading_kinds import PORTALS
from working import parse, run_cases, work_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from measuring import Measured

_ENTRIES = 60_000
_LEAST = 50_000  # entries a CPU second
_CHILD = Path(__file__).with_name("reading_child.py")
_OURS = "ours"


def _race(bench: Bench, kind: str, peer: str) -> float:
    """Entries a CPU second."""
    count = bench.scaled(_ENTRIES)

    def run(whose: str, place: Path) -> Measured:
        return timed(sys.executable, _CHILD, kind, whose, str(count), cwd=place)

    contestants = {_OURS: partial(run, "ours"), peer: partial(run, "peer")}
    said = partial(_rate, count)
    runs = compete(bench, contestants, said, count=count)
    rate = statistics.median(count / found[_OURS].said["cpu"] for found in runs)
    met = "met" if rate >= _LEAST else "MISSED"
    print(f"  = entries a CPU second: {rate:,.0f}   (target >= {_LEAST:,}: {met})", flush=True)
    ratio(f"CPU, ours ÷ {peer}", runs, lambda r: r[_OURS].said["cpu"] / r[peer].said["cpu"])
    return rate


def _rate(count: int, took: Measured) -> str:
    return f"{count / took.said['cpu']:9,.0f} entries/CPU s"


def _portals(bench: Bench) -> None:
    """what portals and their programs write"""
    rates = {}
    for name, (_, _, peer) in PORTALS.items():
        print(f" {name}", flush=True)
        rates[name] = _race(bench, name, peer)
    least = min(rates, key=lambda name: rates[name])
    print(f"  = the slowest is {least}: {rates[least]:,.0f} entries/CPU s", flush=True)


def _case(kind: str, peer: str, title: str) -> tuple[Callable[[Bench], None], ...]:
    def case(bench: Bench) -> None:
        _race(bench, kind, peer)

    case.__doc__ = title
    return (case,)


CASES = {
    "a": _case("own", "json.load", "the project's own form"),
    "b": _case("lines", "json.loads", "JSON Lines"),
    "c": _case("array", "json.load", "a JSON array"),
    "d": _case("urls", "str.split", "a list of URLs"),
    "e": _case("csv", "csv.DictReader", "CSV"),
    "f": _case("bagit", "str.split", "BagIt's fetch.txt"),
    "g": _case("checksums", "str.split", "a checksum list"),
    "h": (_portals,),
}


def main() -> None:
    options = parse(__doc__, CASES, 3)
    with work_folder(options.folder) as folder:
        bench = Bench(folder, options.runs, options.scale, base="", root=folder)
        run_cases(CASES, options, bench)


if __name__ == "__main__":
    main()
