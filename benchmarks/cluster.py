"""Ways to download one study on several nodes of a cluster, against one node.

::

    python benchmarks/cluster.py [--nodes 4] [--parts 8] [--files 25] [--size 200000]
        [--rate 200000] [--runs 1] [--folder DIR]

The nodes are network namespaces on this machine, with real Slurm (Debian: slurmctld, slurmd,
slurm-client); this needs root. Each connection gets ``--rate`` bytes a second, and each node has
four, so that more nodes are worth it. The ways are those of the page "On a cluster" in the
documentation, with its scripts. Making the dataset is not counted. The times are medians of the
runs; the ratio is that of one node's time to the way's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from working import work_folder

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tests.cluster import LOGIN, Cluster, cluster  # noqa: E402 - found by the path above

if TYPE_CHECKING:
    from collections.abc import Callable

_CONNECTIONS = 4  # of a node


def main() -> None:
    options = _options()
    with work_folder(options.folder) as folder, cluster(options.nodes) as made:
        made.portal.rate = options.rate
        _publish(made, options)
        for script in (ROOT / "docs/examples/cluster").iterdir():
            shutil.copy(script, folder)
        (folder / "logs").mkdir()
        made.run("git", "config", "--global", "datalad.jsdl.jobs", str(_CONNECTIONS), cwd=folder)
        seconds: dict[str, list[float]] = {title: [] for title in _WAYS}
        for _ in range(options.runs):
            for title, way in _WAYS.items():
                seconds[title].append(way(made, folder))
    one, *_ = (statistics.median(times) for times in seconds.values())
    print(f"{options.parts * options.files} files, {options.nodes} nodes")
    for title, times in seconds.items():
        median = statistics.median(times)
        print(f"{title:45}{median:8.1f} s {one / median:6.2f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--parts", type=int, default=8)
    parser.add_argument("--files", type=int, default=25, help="of each part (%(default)s)")
    parser.add_argument("--size", type=int, default=200_000, help="bytes of a file (%(default)s)")
    parser.add_argument("--rate", type=int, default=200_000, help="bytes a second (%(default)s)")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="to work in")
    return parser.parse_args()


def _publish(made: Cluster, options: argparse.Namespace) -> None:
    members = {}
    for part in range(options.parts):
        for number in range(options.files):
            path = f"sub-{part:03}/{number:05}.dat"
            content = random.Random(path).randbytes(options.size)
            members[path] = {
                "urls": [made.portal.put(path, content)],
                "size": len(content),
                "digests": {"sha256": hashlib.sha256(content).hexdigest()},
            }
    made.portal.put("study.json", json.dumps(members).encode())


def _import(made: Cluster, folder: Path, *options: str) -> str:
    """Make a dataset of its own; its name."""
    name = f"study{time.monotonic_ns()}"
    manifest = f"{made.portal.url}/study.json"
    made.run("datalad", "download-manifest", *options, manifest, name, cwd=folder)
    return name


def _folders(study: Path) -> list[str]:
    return sorted(file.name for file in study.iterdir() if file.name.startswith("sub-"))


def _one_node(made: Cluster, folder: Path) -> float:
    study = _import(made, folder)
    began = time.monotonic()
    made.run("datalad", "download-content", "-d", study, cwd=folder, node=made.nodes[0])
    return time.monotonic() - began


def _parts(made: Cluster, folder: Path) -> float:
    study = _import(made, folder, "--split", "1")
    parts = _folders(folder / study)
    (folder / f"{study}.parts").write_text("".join(f"{part}\n" for part in parts))
    return _array(made, folder, len(parts), "part.sh", study)


def _clones(made: Cluster, folder: Path) -> float:
    study = _import(made, folder)
    parts = _folders(folder / study)
    (folder / f"{study}.folders").write_text("".join(f"{part}\n" for part in parts))
    return _array(made, folder, len(parts), "folder.sh", study)


def _array(made: Cluster, folder: Path, tasks: int, *command: str) -> float:
    began = time.monotonic()
    made.run("sbatch", "--wait", f"--array=1-{tasks}", *command, cwd=folder, node=LOGIN)
    return time.monotonic() - began


def _in_one_dataset(*command: str) -> Callable[[Cluster, Path], float]:
    """All nodes run a command in one dataset, each for folders of its own."""

    def way(made: Cluster, folder: Path) -> float:
        study = folder / _import(made, folder)
        folders, count = _folders(study), len(made.nodes)
        began = time.monotonic()
        running = []
        for number, node in enumerate(made.nodes):
            here = made.command(node, *command, *folders[number::count])
            # what it says is that it waits, or how far it is
            null = subprocess.DEVNULL
            running.append(
                subprocess.Popen(here, cwd=study, env=made.environment, stdout=null, stderr=null)
            )
        codes = [process.wait() for process in running]
        if any(codes):
            sys.exit(f"{' '.join(command)}: exit codes {codes}")
        return time.monotonic() - began

    return way


_WAYS = {
    "one node": _one_node,
    "a task for each subdataset (part.sh)": _parts,
    "a task for each folder, in clones (folder.sh)": _clones,
    "download-content on all nodes, in one dataset": _in_one_dataset("datalad", "download-content"),
    "git annex get on all nodes, in one dataset": _in_one_dataset(
        "git", "annex", "get", "--quiet", f"-J{_CONNECTIONS}"
    ),
}

if __name__ == "__main__":
    main()
