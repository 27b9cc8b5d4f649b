"""What benchmarks have recorded (docs/figures/recorded), as the figures and tables need it."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["FIGURES", "RECORDED", "Heat", "Recorded", "read"]

FIGURES = Path(__file__).resolve().parent.parent / "docs/figures"
RECORDED = FIGURES / "recorded"


@dataclass(frozen=True)
class Heat:
    """A competition: some contestants, each run several times.

    Attributes:
        count: of the files or entries that each has handled.
        runs: for each run, contestant → what it took (see benchmarks/recording.py).
    """

    count: int
    runs: list[dict[str, dict[str, Any]]]

    @property
    def names(self) -> list[str]:
        """The contestants; the first is ours."""
        return list(self.runs[0])

    def wall(self, name: str) -> float:
        """Median of the wall seconds."""
        return statistics.median(run[name]["wall"] for run in self.runs)

    def cpu(self, name: str) -> float:
        """Median of the CPU seconds."""
        return statistics.median(run[name]["cpu"] for run in self.runs)

    def said(self, name: str, what: str) -> float:
        """Median of a number that the contestant itself has told."""
        return statistics.median(run[name]["said"][what] for run in self.runs)

    def ratio(self, name: str, base: str) -> float:
        """Median over the runs of wall seconds divided by those of *base*."""
        return statistics.median(run[name]["wall"] / run[base]["wall"] for run in self.runs)

    def rate(self, name: str) -> float:
        """Files or entries a second."""
        return self.count / self.wall(name)


@dataclass(frozen=True)
class Recorded:
    """One recorded file."""

    data: dict[str, Any]

    def heats(self, case: str) -> list[Heat]:
        """The competitions of a case."""
        return [Heat(heat["count"], heat["runs"]) for heat in self.data["cases"][case]]

    def heat(self, case: str) -> Heat:
        """The first competition of a case."""
        return self.heats(case)[0]

    def notes(self, case: str) -> list[dict[str, Any]]:
        """What a case has measured in its own way."""
        notes: list[dict[str, Any]] = self.data["notes"][case]
        return notes

    @property
    def machine(self) -> str:
        """A sentence on when and where it was measured."""
        machine = self.data["machine"]
        return (
            f"Measured on {machine['date']}: {machine['cores']} cores, {machine['kernel']}, "
            f"Python {machine['python']}, load average {machine['load']} at the start."
        )

    def versions(self, *names: str) -> str:
        """``curl 8.1, wget 1.21``, of the programs that were there."""
        known = self.data["machine"]["versions"]
        return ", ".join(f"{name} {known[name]}" for name in names if name in known)


def read(name: str) -> Recorded:
    """The recorded file of a figure."""
    return Recorded(json.loads((RECORDED / f"{name}.json").read_text("utf-8")))
