"""How long a download will take: arithmetic on what is known of mirrors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.mirrors.ranking import likely_first

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from datalad_jsdl.fetch.mirrors.scores import Score
    from datalad_jsdl.fetch.mirrors.survey import Survey

__all__ = ["Load", "Span", "estimate", "share_out"]

_SMALL = 64 << 10  # bytes; such files take as long as their requests


@dataclass
class Load:
    """What one mirror would be asked for.

    Attributes:
        rate: bytes per second of one connection; 0 while unknown.
        latency: seconds from request to answer.
        files: their number.
        size: bytes.
        largest: bytes of the largest of them.
    """

    rate: float
    latency: float
    files: int = 0
    size: int = 0
    largest: int = 0

    def add(self, size: int) -> None:
        """Take on a file of *size* bytes."""
        self.files += 1
        self.size += size
        self.largest = max(self.largest, size)

    def seconds(self) -> float | None:
        """How long it takes over one connection; None while nothing tells."""
        if self.rate:
            return self.files * self.latency + self.size / self.rate
        return self.files * self.latency if self.latency and self.largest < _SMALL else None


@dataclass(frozen=True, slots=True)
class Span:
    """A time between two, in seconds.

    Attributes:
        least: if all connections together are as much faster as there are of them.
        most: if they are no faster than one.
    """

    least: float
    most: float


def estimate(
    loads: Iterable[Load], *, connections: int, segments: int, bandwidth: int
) -> Span | None:
    """How long all mirrors take, which work side by side; None while nothing tells.

    Args:
        loads: of the mirrors.
        connections: to one mirror, at most.
        segments: connections for one large file, at most.
        bandwidth: bytes per second in all; 0 is no limit.
    """
    loads = [load for load in loads if load.files]
    limit = sum(load.size for load in loads) / bandwidth if bandwidth else 0.0
    least = most = limit
    for load in loads:
        seconds = load.seconds()
        if seconds is None:
            return None
        width = min(connections, load.files * (segments if load.largest >= _SMALL else 1))
        least, most = max(least, seconds / width), max(most, seconds)
    return Span(least, most) if loads else None


def share_out(found: Survey, scores: Mapping[str, Score]) -> tuple[list[int], dict[str, Load]]:
    """Which files are unavailable, and what each mirror would be asked for.

    Args:
        found: what the mirrors were found to be.
        scores: what is known of them, by name.

    Returns:
        Numbers of unavailable files; mirrors' loads, without files of unknown size.
    """
    lost: list[int] = []
    loads = {name: Load(score.rate, score.latency) for name, score in scores.items()}
    for number in range(len(found.wanted)):
        sources = [mirror.name for mirror in found.sources(number)]
        if not sources:
            lost.append(number)
        elif (size := found.size(number)) is not None:
            loads[likely_first(sources, lambda name: loads[name].rate)].add(size)
    return lost, loads
