"""How much memory programs have had at most."""

from __future__ import annotations

import os
import resource
import sys
import threading
from pathlib import Path

__all__ = ["TreePeaks", "peak_memory"]

_INTERVAL = 0.1  # seconds


def peak_memory() -> int:
    """Bytes, of this program alone."""
    # what getrusage tells includes the parent's before exec
    if peak := _high_water_mark("self"):
        return peak
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


class TreePeaks:
    """Watches the processes below this one: a context manager; Linux only.

    Attributes:
        peaks: what a process was started as (its first words) → the most memory that one of
            these had for itself and in mapped files, in bytes (VmHWM).
    """

    def __init__(self) -> None:
        self.peaks: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> TreePeaks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_INTERVAL):
            for pid in _descendants(os.getpid()):
                if (name := _name(pid)) and (peak := _high_water_mark(pid)):
                    self.peaks[name] = max(peak, self.peaks.get(name, 0))


def _high_water_mark(pid: int | str) -> int:
    """VmHWM in bytes; 0 where that cannot be told."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = (line.split() for line in status.splitlines())
    return next((int(fields[1]) * 1024 for fields in lines if fields[0] == "VmHWM:"), 0)


def _descendants(root: int) -> list[int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue  # it has just ended
        # the second field, a name in parentheses, may have anything in it
        parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])
    found = []
    for pid in parents:
        above = parents[pid]
        while above in parents and above != root:
            above = parents[above]
        if above == root:
            found.append(pid)
    return found


def _name(pid: int) -> str:
    """``git index-pack``: the program and its first word that is no option."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return ""
    if Path(words[0]).name.startswith("python"):
        words = words[1:]
    plain = [Path(word).name for word in words if word and not word.startswith("-")]
    plain = [word for word in plain if "=" not in word]  # the value of git's -c
    return " ".join(plain[:2])
