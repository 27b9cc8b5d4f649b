"""Importing a manifest, against git-annex's own batch commands, by number of entries.

::

    python benchmarks/import_manifest.py [--sizes 1000,10000] [--peer 1000,10000] [--runs 3]
        [--folder DIR] [--updates] [--plot docs/scale.svg]

Peer: ``git annex fromkey --batch`` and ``git annex registerurl --batch`` (two URLs an
entry, location logs left uncompacted, its fastest setting) and ``git commit``; git's
housekeeping, which goes on when that has ended, is switched off. Ours is
``datalad download-manifest`` as a user runs it, creation of the dataset and start of the
program included. Wall and CPU seconds (of all processes) are medians of the runs; memory is
the most that a process had (VmHWM, mapped files included): that of our own program, and the
largest of all that it has started.

The peer is run with the sizes of ``--peer`` only. For others its time is extrapolated from
the two largest of those, as a power of the number of entries through both points (at least
the first power): t(n) = t2 * (n / n2) ** p, with p = log(t2 / t1) / log(n2 / n1).

With ``--updates``, each dataset is imported into twice more: the same manifest, and one in
which every hundredth file has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import timed
from peak import TreePeaks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Point", "extrapolated"]

_MIB = 1 << 20


@dataclass(frozen=True)
class Point:
    """One import.

    Attributes:
        entries: their number.
        wall: seconds.
        cpu: seconds, user and system, of all processes.
        memory: bytes, our own program's.
        largest: bytes, of the largest process of all.
        name: of that process.
    """

    entries: int
    wall: float
    cpu: float
    memory: int = 0
    largest: int = 0
    name: str = ""


def entries(count: int, changed: int = 0) -> Iterator[tuple[str, str, int, list[str]]]:
    """Path, SHA-256, size and URLs of made-up files; every *changed*-th has other content."""
    for number in range(count):
        path = f"sub-{number // 100:05d}/sub-{number:07d}_bold.nii.gz"
        salt = "changed" if changed and number % changed == 0 else ""
        digest = hashlib.sha256((path + salt).encode()).hexdigest()
        yield path, digest, number, [f"https://{host}.example/{path}" for host in ("a", "b")]


def write_manifest(file: Path, count: int, changed: int = 0) -> None:
    with file.open("w") as lines:
        for path, digest, size, urls in entries(count, changed):
            fields = {"path": path, "urls": urls, "size": size, "digests": {"sha256": digest}}
            lines.write(json.dumps(fields) + "\n")


def ours(folder: Path, count: int, changed: int = 0) -> Point:
    """Import into the dataset in *folder*, which is made if there is none."""
    write_manifest(folder / "manifest.jsonl", count, changed)
    command = ("datalad", "download-manifest", "manifest.jsonl", "dataset")
    with TreePeaks() as watched:
        took = timed(*command, cwd=folder)
    own = watched.peaks.get("datalad download-manifest", 0)
    name, largest = max(watched.peaks.items(), key=lambda item: item[1])
    return Point(count, took.wall, took.cpu, own, largest, name)


_PEER = """
set -e
git init -q .
git config gc.auto 0
git annex init -q
fast="-c annex.alwayscompact=false"
git annex fromkey $fast --force --batch < ../keys > ../said
git annex registerurl $fast --batch < ../urls > ../said
git commit -q -m import
"""


def peer(folder: Path, count: int) -> Point:
    """The same by git-annex's own commands."""
    dataset = folder / "peer"
    dataset.mkdir()
    with (folder / "keys").open("w") as keys, (folder / "urls").open("w") as listed:
        for path, digest, size, urls in entries(count):
            key = f"SHA256E-s{size}--{digest}.nii.gz"
            keys.write(f"{key} {path}\n")
            listed.writelines(f"{key} {url}\n" for url in urls)
    took = timed("sh", "-c", _PEER, cwd=dataset)
    return Point(count, took.wall, took.cpu)


def extrapolated(points: Sequence[Point], count: int) -> float:
    """The peer's wall seconds for *count* entries, measured or extrapolated."""
    known = {point.entries: point.wall for point in points}
    if count in known:
        return known[count]
    sizes = sorted(known)
    power = 1.0
    if len(sizes) > 1:
        n1, n2 = sizes[-2:]
        power = max(1.0, math.log(known[n2] / known[n1]) / math.log(n2 / n1))
    return known[sizes[-1]] * (count / sizes[-1]) ** power


def median(points: Sequence[Point]) -> Point:
    """The one in the middle by wall time, with the most memory that any has had."""
    middle = sorted(points, key=lambda point: point.wall)[(len(points) - 1) // 2]
    largest = max(points, key=lambda point: point.largest)
    return Point(
        middle.entries,
        statistics.median(point.wall for point in points),
        statistics.median(point.cpu for point in points),
        max(point.memory for point in points),
        largest.largest,
        largest.name,
    )


def show(what: str, point: Point) -> None:
    memory = ""
    if point.memory:
        memory = (
            f"   memory {point.memory / _MIB:5.0f} MiB,"
            f" largest {point.largest / _MIB:5.0f} MiB ({point.name})"
        )
    print(
        f"{point.entries:8} entries  {what:22} wall {point.wall:7.1f} s"
        f"   CPU {point.cpu:7.1f} s{memory}",
        flush=True,
    )


def measure(folder: Path, sizes: Sequence[int], runs: int, updates: bool) -> list[Point]:
    found = []
    for count in sizes:
        points = []
        for _ in range(runs):
            place = Path(tempfile.mkdtemp(dir=folder))
            points.append(ours(place, count))
            show("download-manifest", points[-1])
        found.append(median(points))
        if updates:
            show("  again", ours(place, count))
            show("  1 % changed", ours(place, count, changed=100))
    return found


def numbers(text: str) -> list[int]:
    return sorted({int(number) for number in text.split(",")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=numbers, default=[1000, 10_000], metavar="N,N")
    parser.add_argument("--peer", type=numbers, default=[1000, 10_000], metavar="N,N")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="to work in")
    parser.add_argument("--updates", action="store_true", help="two more imports each")
    parser.add_argument("--plot", type=Path, default=None, metavar="FILE", help="SVG or PNG")
    options = parser.parse_args()
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    )
    folder = Path(tempfile.mkdtemp(prefix="jsdl-benchmark-", dir=options.folder))
    try:
        peers = []
        for count in options.peer:
            peers.append(peer(Path(tempfile.mkdtemp(dir=folder)), count))
            show("fromkey + registerurl", peers[-1])
        points = measure(folder, options.sizes, options.runs, options.updates)
    finally:
        # only now: ext4 on a disk with discard makes files ten times as slowly for a
        # while after many were deleted
        subprocess.run(["chmod", "-R", "u+w", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    for point in points:
        theirs = extrapolated(peers, point.entries)
        how = "measured" if point.entries in options.peer else "extrapolated"
        print(
            f"{point.entries:8} entries: download-manifest is {theirs / point.wall:5.1f} times "
            f"as fast as fromkey + registerurl ({point.wall:.1f} s, {theirs:.1f} s {how})"
        )
    if options.plot is not None:
        from import_plot import plot  # needs matplotlib, of the extra "benchmarks"

        plot(points, peers, options.plot)


if __name__ == "__main__":
    main()
