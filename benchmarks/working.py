"""What the benchmarks of several cases share: their options, and a folder to work in."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from annexes import make_home
from measuring import Bench
from recording import machine, record
from servers import nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Cases = Mapping[str, tuple[Callable[[Bench], None], ...]]

__all__ = ["parse", "run_beside_nginx", "run_cases", "work_folder"]

_ROOM = 10 << 30  # bytes; of the largest case, with some to spare


def parse(description: str, cases: Cases, runs: int) -> argparse.Namespace:
    """What was asked for: cases (a list), runs, folder, scale, json.

    Args:
        description: of the program.
        cases: that there are.
        runs: of every program, if nothing else is said.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", default=",".join(cases), help="which, by their letters")
    parser.add_argument("--runs", type=int, default=runs, help="of every program (%(default)s)")
    parser.add_argument("--folder", type=Path, help="to work in (/dev/shm, or the temporary one)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor for sizes and counts")
    parser.add_argument("--json", type=Path, help="file to record what was measured in")
    options = parser.parse_args()
    options.cases = [name.strip() for name in options.case.split(",")]
    if unknown := [name for name in options.cases if name not in cases]:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(cases)}")
    return options


@contextmanager
def work_folder(parent: Path | None) -> Iterator[Path]:
    """A new folder in *parent*, or where it is best; deleted in the end."""
    folder = Path(tempfile.mkdtemp(prefix="jsdl-benchmark-", dir=parent or _default_folder()))
    _prepare_environment(folder)
    try:
        yield folder
    finally:
        _make_writable(folder)
        shutil.rmtree(folder, ignore_errors=True)


def run_cases(cases: Cases, options: argparse.Namespace, bench: Bench) -> None:
    """Run those that were chosen, each under its name; see `parse`."""
    state = machine() if options.json else {}
    for name in options.cases:
        bench.found.case = name
        for case in cases[name]:
            print(f"({name}) {(case.__doc__ or '').partition(chr(10))[0]}", flush=True)
            case(bench)
    if options.json:
        record(options.json, bench, state, options.cases)


def run_beside_nginx(description: str, cases: Cases, runs: int) -> None:
    """The program of a benchmark whose files nginx serves; see `parse`."""
    options = parse(description, cases, runs)
    with work_folder(options.folder) as folder, nginx(folder) as (base, root):
        run_cases(cases, options, Bench(folder, options.runs, options.scale, base, root))


def _default_folder() -> Path:
    """Memory if there is enough of it: disks are too noisy to tell programs apart."""
    memory_disk = Path("/dev/shm")
    if memory_disk.is_dir() and shutil.disk_usage(memory_disk).free >= _ROOM:
        return memory_disk
    return Path(tempfile.gettempdir())


def _prepare_environment(folder: Path) -> None:
    """Programs of this Python first; a home of its own; no proxies on the way to this machine.

    Bytecode is kept, as it is where pip has installed us: else the special remote would be
    compiled at each start of git-annex.
    """
    here = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", "")])
    os.environ["HOME"] = str(make_home(folder))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in ("GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME", "http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)


def _make_writable(folder: Path) -> None:
    """The annex write-protects its content and the folders that it lies in."""
    for place, _, _ in os.walk(folder):
        os.chmod(place, 0o755)
