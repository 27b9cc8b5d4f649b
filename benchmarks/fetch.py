"""Fetching, against other programs that download, in one run.

::

    python benchmarks/fetch.py [--case a,b,...] [--runs 3] [--folder DIR] [--scale 1.0]

a  one file of 2 GiB: the engine against curl, and against curl and a pass of sha256 after
   it; git annex get through jsdl against web
b  10,000 files of 4 KiB: the engine against curl -Z
c  200 files of 5 MiB: the engine against curl -Z and aria2
d  1,000 small files at 50 ms latency: the engine against curl -Z and aria2
e  64 MiB over mirrors of 5 and 1 MB/s a connection: the engine against aria2 and the ideal
f  2,000 files of 4 KiB into a dataset: download-content against git annex get (web, jsdl,
   uncurl) and datalad get
g  memory: 20 MiB against 2 GiB, 1,000 files against 100,000

Ours and its peers take turns. Wall seconds, CPU seconds (user and system, with child
processes, start of the program included); each ratio is the median of the runs'. The engine
verifies all it fetches, curl and aria2 nothing. Needs nginx and curl; a peer that is not
installed is left out, and that is said. Case g makes 100,000 requests: it takes minutes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from annexes import dataset_large, dataset_small, make_home
from measuring import Bench
from memory import memory
from servers import nginx
from transfers import latency, many_small, medium, mirrors, one_large

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOM = 10 << 30  # bytes; of the largest case, with some to spare

CASES: dict[str, tuple[Callable[[Bench], None], ...]] = {
    "a": (one_large, dataset_large),
    "b": (many_small,),
    "c": (medium,),
    "d": (latency,),
    "e": (mirrors,),
    "f": (dataset_small,),
    "g": (memory,),
}


def default_folder() -> Path:
    """Memory if there is enough of it: disks are too noisy to tell programs apart."""
    memory_disk = Path("/dev/shm")
    if memory_disk.is_dir() and shutil.disk_usage(memory_disk).free >= _ROOM:
        return memory_disk
    return Path(tempfile.gettempdir())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", default=",".join(CASES), help="which, by their letters")
    parser.add_argument("--runs", type=int, default=3, help="of every program (%(default)s)")
    parser.add_argument("--folder", type=Path, help="to work in (/dev/shm, or the temporary one)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor for sizes and counts")
    options = parser.parse_args()
    chosen = [name.strip() for name in options.case.split(",")]
    if unknown := [name for name in chosen if name not in CASES]:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    folder = Path(
        tempfile.mkdtemp(prefix="jsdl-benchmark-", dir=options.folder or default_folder())
    )
    prepare_environment(folder)
    try:
        with nginx(folder) as (base, root):
            bench = Bench(folder, options.runs, options.scale, base, root)
            for name in chosen:
                for case in CASES[name]:
                    print(f"({name}) {(case.__doc__ or '').partition(chr(10))[0]}", flush=True)
                    case(bench)
    finally:
        make_writable(folder)
        shutil.rmtree(folder, ignore_errors=True)


def prepare_environment(folder: Path) -> None:
    """Programs of this Python first; a home of its own; no proxies on the way to this machine."""
    here = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", "")])
    os.environ["HOME"] = str(make_home(folder))
    for name in ("GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME", "http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)


def make_writable(folder: Path) -> None:
    """The annex write-protects its content and the folders that it lies in."""
    for place, _, _ in os.walk(folder):
        os.chmod(place, 0o755)


if __name__ == "__main__":
    main()
