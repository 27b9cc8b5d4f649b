"""One mirror in this run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.mirrors.level import Level

if TYPE_CHECKING:
    from datalad_jsdl.faults import Fault
    from datalad_jsdl.fetch.mirrors.scores import Score

__all__ = ["Origin"]


@dataclass(slots=True)
class Origin:
    """A mirror (RFC 6454: scheme, host, port), and what is known of it.

    Moments are monotonic seconds.

    Attributes:
        name: scheme, host and port.
        score: what is remembered of it from run to run.
        room: connections that it may have at a time.
        active: connections that it has.
        received: bytes from it in this run.
        again: of them, those that were here before: it sends whole files only.
        failures: faults of the mirror in a row.
        back_off_until: it is not asked until then, for its failures.
        busy_until: it is not asked until then, since it has asked for that (429, 503).
        back_offs: how many there were in a row; after more than one it is considered dead.
        probing: one request finds out whether it is back, after a back-off.
        down_since: when it failed first, if it has given nothing since.
        slowest: the longest that a first byte has taken in this run (seconds).
        silent: the longest that one was waited for in vain since the last that came (seconds).
        fault: the last in this run that it is to blame for, or None.
        level: what shows how many connections pay.
    """

    name: str
    score: Score
    room: int
    active: int = 0
    received: int = 0
    again: int = 0
    failures: int = 0
    back_off_until: float = 0.0
    busy_until: float = 0.0
    back_offs: int = 0
    probing: bool = False
    down_since: float | None = None
    slowest: float = 0.0
    silent: float = 0.0
    fault: Fault | None = None
    level: Level = field(default_factory=Level)

    def count(self, fault: Fault | None) -> None:
        """Count a request, and its fault if the mirror is to blame."""
        self.score.add_request(good=fault is None)
        self.fault = fault or self.fault

    def wait(self, now: float) -> float:
        """Seconds for which it is not to be asked; 0 for now."""
        return max(0.0, max(self.back_off_until, self.busy_until) - now)

    def is_backing_off(self, now: float) -> bool:
        """Whether it is not asked for its failures, and not for its own asking."""
        return self.back_off_until > now and self.busy_until <= now

    def is_dead(self, now: float) -> bool:
        """Whether it failed again after a back-off, and has another one now."""
        return self.back_offs > 1 and self.back_off_until > now
