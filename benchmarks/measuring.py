"""Programs are run and timed, several in turn, and compared by the median of ratios."""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Bench",
    "Found",
    "Measured",
    "Run",
    "compete",
    "ratio",
    "run",
    "table",
    "timed",
    "versus",
    "warm",
]

# As an installation has it. From a source tree, where PYTHONDONTWRITEBYTECODE is set, each
# run of a program would compile it again.
compileall.compile_dir(Path(__file__).parents[1] / "datalad_jsdl", quiet=2)

_TAIL = 2000  # characters of a failed program's output that are shown


@dataclass(frozen=True)
class Measured:
    """What a program took.

    Attributes:
        wall: seconds.
        cpu: seconds, user and system, of the process and of all it has waited for.
        said: the JSON object that it printed, if it is one of ours.
    """

    wall: float
    cpu: float
    said: Mapping[str, Any] = field(default_factory=dict)


Run = dict[str, Measured]  # by name of the contestant


@dataclass
class Found:
    """What the cases have measured so far; `recording` writes it.

    Attributes:
        case: the one that runs, by its letter.
        heats: case → its competitions.
        notes: case → what it has measured in its own way.
    """

    case: str = ""
    heats: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    notes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def heat(self, count: int, runs: list[Run]) -> None:
        """Keep a competition; see `compete`."""
        plain = [{name: asdict(took) for name, took in run.items()} for run in runs]
        self.heats.setdefault(self.case, []).append({"count": count, "runs": plain})

    def note(self, **measured: Any) -> None:
        """Keep what no competition has."""
        self.notes.setdefault(self.case, []).append(measured)

    def as_json(self) -> dict[str, Any]:
        """The part of a recorded file that says what was measured."""
        return {"cases": self.heats, "notes": self.notes}


@dataclass(frozen=True)
class Bench:
    """What all cases share.

    Attributes:
        folder: for everything that is written.
        runs: how many times each contestant is run.
        scale: factor for sizes and counts.
        base: URL of the fast server.
        root: the folder that it serves.
        found: what was measured.
        through: the words before each command line, if clients are to run elsewhere.
    """

    folder: Path
    runs: int
    scale: float
    base: str
    root: Path
    found: Found = field(default_factory=Found)
    through: tuple[str | Path, ...] = ()

    def scaled(self, number: int) -> int:
        """A size or count."""
        return max(1, round(number * self.scale))

    def place(self) -> Path:
        """A new folder; what is in it stays until the end, unless a case is sure that it may go.

        ext4 on a disk with discard makes files ten times as slowly for a while after many
        were deleted.
        """
        return Path(tempfile.mkdtemp(dir=self.folder))


def timed(
    *command: str | Path, cwd: Path, environment: Mapping[str, str] | None = None
) -> Measured:
    """Run a program; it has to succeed.

    Args:
        command: and its arguments.
        cwd: folder to run it in.
        environment: variables that are added to our own.

    Raises:
        SystemExit: it did not.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        printed = out.read().decode("utf-8", "replace")
        if child.returncode:
            err.seek(0)
            said = printed[-_TAIL:] + err.read().decode("utf-8", "replace")[-_TAIL:]
            raise SystemExit(f"{' '.join(map(str, command))} failed ({child.returncode}):\n{said}")
    ours = json.loads(printed) if printed.startswith("{") and printed.count("\n") == 1 else {}
    return Measured(wall, usage.ru_utime + usage.ru_stime, ours)


def warm(folder: Path, size: int) -> None:
    """Have the system get hold of so much memory, and give it back.

    Where files are kept in memory, or a disk's cache is, a virtual machine may have to ask
    its host for every page that it has not had of late: whoever comes first would pay for
    that, several times what the copying costs.
    """
    block = bytes(1 << 20)
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(size >> 20):
            file.write(block)


def run(*command: str | Path, cwd: Path) -> str:
    """Run a program that is not measured; its standard output."""
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stdout[-_TAIL:] + done.stderr[-_TAIL:]
        raise SystemExit(f"{' '.join(map(str, command))} failed ({done.returncode}):\n{said}")
    return done.stdout


def compete(
    bench: Bench,
    contestants: Mapping[str, Callable[[Path], Measured]],
    more: Callable[[Measured], str] | None = None,
    *,
    count: int = 0,
) -> list[Run]:
    """Run all in turn, several times, and print what each took.

    Every other time in the reverse order, so that nobody always comes after the same one.

    Args:
        bench: how many times, and where.
        contestants: by name.
        more: what else there is to say of a run.
        count: of the files or entries that each handles; 0 where that says nothing.
    """
    runs: list[Run] = []
    names = list(contestants)
    width = max(map(len, names))
    for number in range(1, bench.runs + 1):
        found: Run = {}
        for name in names if number % 2 else reversed(names):
            found[name] = took = contestants[name](bench.place())
            shown = f"  run {number}  {name:{width}}  wall {took.wall:7.2f} s"
            shown += f"   CPU {took.cpu:7.2f} s   {more(took) if more else ''}"
            print(shown.rstrip(), flush=True)
        runs.append(found)
    bench.found.heat(count, runs)
    return runs


def ratio(
    what: str, runs: list[Run], of: Callable[[Run], float], *, target: float | None = None
) -> None:
    """Print the median over the runs of a ratio.

    Args:
        what: is divided by what.
        runs: of `compete`.
        of: the ratio in one run.
        target: it should be no more than this.
    """
    value = statistics.median(map(of, runs))
    aim = "" if target is None else f"   (target <= {target:g}: {_met(value, target)})"
    print(f"  = {what}: {value:.2f}{aim}", flush=True)


def table(runs: list[Run], base: str) -> None:
    """Print what each contestant took, next to what *base* did.

    Wall and CPU seconds are medians; "ratio" is the median over the runs of the wall seconds
    divided by those of *base* in the same run, "best" the ratio of the shortest ones.
    """
    width = max(map(len, runs[0]))
    print(f"  {'':{width}}  wall s  ratio   best   CPU s   (ratio, best: to {base})")
    fastest = min(run[base].wall for run in runs)
    for name in runs[0]:
        wall = statistics.median(run[name].wall for run in runs)
        to_base = statistics.median(run[name].wall / run[base].wall for run in runs)
        best = min(run[name].wall for run in runs) / fastest
        cpu = statistics.median(run[name].cpu for run in runs)
        print(f"  {name:{width}} {wall:7.3f} {to_base:6.2f} {best:6.2f} {cpu:7.3f}", flush=True)


def versus(runs: list[Run], ours: str, peer: str) -> None:
    """Print who is faster, by the median over the runs of the ratio of wall seconds."""
    value = statistics.median(run[ours].wall / run[peer].wall for run in runs)
    said = f"{1 / value:.2f} times as fast" if value <= 1 else f"SLOWER, {value:.2f} times the time"
    print(f"  = {ours}: {said}, compared with {peer}", flush=True)


def _met(value: float, target: float) -> str:
    return "met" if value <= target else "MISSED"
