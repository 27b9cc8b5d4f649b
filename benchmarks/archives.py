"""Cases that make archives of files, and the layout of one, without a dataset."""

from __future__ import annotations

import sys
import zipfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import compete, ratio, table, timed, versus
from servers import make_files

if TYPE_CHECKING:
    from collections.abc import Callable

    from measuring import Bench, Measured

__all__ = ["layout_alone", "many_members", "one_member"]

_CHILD = Path(__file__).with_name("zip_child.py")
_LAYOUT = Path(__file__).with_name("layout_child.py")
_LOOKUPS = 1000
_MIB = 1 << 20
_OURS = ("ours, bytes", "ours, verified")
_BASES = ("cat", "one pass of SHA-256")
_PEERS = {  # its name, the package, and ways of `zip_child.py`
    "zipstream-ng": ("zipstream", "zipstream_ng"),
    "stream-zip, stored": ("stream_zip", "stream_zip_stored"),
    "stream-zip, level 0": ("stream_zip", "stream_zip_blocks"),
    "Python zipfile": ("zipfile", "python_zipfile"),
}


def one_member(bench: Bench) -> None:
    """One member of 2 GiB."""
    _contest(bench, 1, bench.scaled(2048 << 20), 1.3, _BASES)


def many_members(bench: Bench) -> None:
    """20,000 members of 4 KiB."""
    _contest(bench, bench.scaled(20_000), 4096, 5, _BASES[:1])


def layout_alone(bench: Bench) -> None:
    """The layout of 1,000,000 members: seconds, memory, and finding a place in it."""
    count = str(bench.scaled(1_000_000))

    def child(place: Path) -> Measured:
        took = timed(sys.executable, _LAYOUT, count, str(_LOOKUPS), cwd=place)
        return replace(took, wall=took.said["wall"], cpu=took.said["cpu"])

    def more(took: Measured) -> str:
        said = took.said
        return (
            f"(making the members alone {said['made']:.2f} s)   peak memory "
            f"{said['peak'] / _MIB:.1f} MiB ({said['before'] / _MIB:.1f} before)   "
            f"look-up {said['lookup']:.1f} us"
        )

    compete(bench, {f"{count} members": child}, more)


def _contest(
    bench: Bench, count: int, size: int, target: float, slower_of: tuple[str, ...]
) -> None:
    """Have all make an archive of the same files, and print how they compare.

    Args:
        bench: how many times, and where.
        count: of files.
        size: of each, in bytes.
        target: times as long as the slower of some others the verified archive may take.
        slower_of: those others.
    """
    place = bench.place()
    files = make_files(place, "files", count, size)
    listing = place / "listing.tsv"
    with listing.open("w") as out:
        for file in files:
            out.write(f"{file.size}\t{file.sha256}\t{place / file.path}\n")
    ways = {"cat": "cat", _BASES[1]: "digest", _OURS[0]: "ours_bytes", _OURS[1]: "ours_verified"}
    for name, (package, way) in _PEERS.items():
        if find_spec(package):
            ways[name] = way
        else:
            print(f"  {name}: not installed")
    contestants = {name: _making(way, listing) for name, way in ways.items()}
    for name, way in ways.items():  # whoever has a memory disk's pages first pays for them
        _making(way, listing, members=0 if name in _BASES else count)(bench.place())
    runs = compete(bench, contestants)
    table(runs, "cat")
    ratio(
        f"{_OURS[1]} / {' or '.join(slower_of)}, whichever is slower",
        runs,
        lambda r: r[_OURS[1]].wall / max(r[name].wall for name in slower_of),
        target=target,
    )
    for name in _OURS:
        for peer in filter(_PEERS.__contains__, ways):
            versus(runs, name, peer)


def _making(way: str, listing: Path, members: int = 0) -> Callable[[Path], Measured]:
    """A contestant of which only the work itself counts; its archive is deleted at once.

    Args:
        way: of `zip_child.py`.
        listing: of the files.
        members: number of them that the archive has to have; 0 if nobody looks into it.
    """

    def make(place: Path) -> Measured:
        output = place / "archive.zip"
        took = timed(sys.executable, _CHILD, way, listing, output, cwd=place)
        if members:
            with zipfile.ZipFile(output) as archive:
                assert len(archive.namelist()) == members
        output.unlink()
        return replace(took, wall=took.said["wall"], cpu=took.said["cpu"])

    return make
