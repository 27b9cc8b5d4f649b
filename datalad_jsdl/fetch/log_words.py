"""Words of the debug log: made only if somebody listens, and never with a secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.phrases import phrase
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from datalad_jsdl.faults import Fault

__all__ = ["Said", "Shown"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A URL as it may be shown: as `redact` shows it, which takes its time."""

    url: str

    def __str__(self) -> str:
        return redact(self.url)


@dataclass(frozen=True, slots=True)
class Said:
    """What a fault is called, and what is wrong; in one line, without the URL."""

    fault: Fault

    def __str__(self) -> str:
        return " ".join(f"{self.fault.kind.value}: {phrase(self.fault)}".split())
