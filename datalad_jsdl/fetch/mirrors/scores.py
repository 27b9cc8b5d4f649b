"""What is known of each mirror, from one run to the next.

The file is JSON, ``{"version": 1, "origins": {"https://a.example": {…}}}``: rates and
counts by origin (RFC 6454: scheme, host, port), and never a URL.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Score", "load_scores", "save_scores"]

_VERSION = 1
_MOST = 200  # origins to remember; the longest unused are forgotten first
_WEIGHT = 0.3  # of the newest measurement in the averages


@dataclass(slots=True)
class Score:
    """Averages over the requests made of one origin; newer ones weigh more.

    Attributes:
        rate: bytes per second of one connection; 0 while unknown.
        latency: seconds from request to answer; 0 while unknown.
        success: share of requests without a fault of the mirror, 0 to 1; smoothed, from 1 on.
        requests: number of requests.
        ranges: whether it gives parts of a file; None while unknown.
        used: seconds since 1970, of the last request.
        fault: the last fault of the mirror, in words without a URL.
        level: connections at a time that were found to pay; 0 while unknown.
    """

    rate: float = 0.0
    latency: float = 0.0
    success: float = 1.0
    requests: int = 0
    ranges: bool | None = None
    used: float = 0.0
    fault: str = ""
    level: int = 0

    def add_rate(self, rate: float) -> None:
        """Take one more measurement of the rate into account."""
        self.rate += (rate - self.rate) * (_WEIGHT if self.rate else 1.0)

    def add_latency(self, seconds: float) -> None:
        """Take one more measurement of the latency into account."""
        self.latency += (seconds - self.latency) * (_WEIGHT if self.latency else 1.0)

    def add_request(self, *, good: bool) -> None:
        """Count a request; it was *good* if the mirror is not to blame for a fault."""
        self.requests += 1
        self.used = time.time()
        self.success += ((1.0 if good else 0.0) - self.success) * 0.1

    def seconds(self, size: int) -> float | None:
        """How long *size* bytes would take, or None while nothing is known."""
        if not self.rate:
            return None
        return self.latency + size / self.rate

    def __str__(self) -> str:
        parts = [f"{self.rate / 1e6:.1f} MB/s per connection"] if self.rate else []
        parts += [f"responds in {self.latency * 1000:.0f} ms"] if self.latency else []
        parts.append(f"{self.success:.0%} of recent requests succeeded ({self.requests} in total)")
        if self.ranges is False:
            parts.append("no ranges (cannot resume)")
        if self.fault and self.success < 0.99:
            parts.append(f"last fault: {self.fault}")
        return ", ".join(parts)


def load_scores(file: Path) -> dict[str, Score]:
    """Read the file; what cannot be read is forgotten."""
    try:
        document = json.loads(file.read_bytes())
        if document["version"] != _VERSION:
            return {}
        items = document["origins"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {name: score for name, value in items if (score := _score(value)) is not None}


def _score(value: Any) -> Score | None:
    try:
        score = Score(**value)
        numbers = (score.rate, score.latency, score.success, score.requests, score.used)
        whole = isinstance(score.level, int) and score.level >= 0
        good = all(isinstance(n, (int, float)) and n >= 0 for n in numbers)
    except TypeError:
        return None
    return score if good and whole and isinstance(score.fault, str) else None


def save_scores(file: Path, scores: dict[str, Score]) -> None:
    """Merge *scores* into the file: another process may have learned of other origins.

    A disk that does not take it is no reason to fail: then tomorrow starts from scratch.
    """
    known = load_scores(file)
    for name, score in scores.items():
        if score.requests and (name not in known or known[name].used <= score.used):
            known[name] = score
    newest = sorted(known.items(), key=lambda item: -item[1].used)[:_MOST]
    document = {"version": _VERSION, "origins": {name: asdict(s) for name, s in newest}}
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(json.dumps(document, indent=1))
            os.replace(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)
