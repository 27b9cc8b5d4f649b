"""What the answer to one question before a download means: values, and no request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.phrases import phrase

__all__ = ["MEANINGS", "STATES", "Answer", "Ranges", "State"]


class State(str, Enum):
    """What an answer means for a download; of a mirror, what its answers come to."""

    OK = "ok"
    LOGIN = "login"
    TERMS = "terms"
    GONE = "gone"
    SIZE = "size"
    BUSY = "busy"
    DEAD = "dead"
    REFUSED = "refused"
    UNFIT = "unfit"
    UNASKED = "unasked"


#: For the documentation.
MEANINGS = {
    State.OK: "it delivers files",
    State.LOGIN: "401, 403 with a challenge (``WWW-Authenticate``), or an object store says so",
    State.TERMS: "403 without a challenge, or a web page with status 200 instead of a file",
    State.GONE: "404 or 410, or an object store says so",
    State.SIZE: "a file of another size than the manifest says",
    State.BUSY: "it asks to back off, or is still preparing the file (202), even after the pause "
    "it asked for",
    State.DEAD: "no response, an unknown host name, a TLS failure, or 5xx",
    State.REFUSED: "the address policy forbids the connection",
    State.UNFIT: "any other response that is not a file",
    State.UNASKED: "none of its files was requested",
}

_DEAD = (
    *(FaultKind.UNABLE, FaultKind.OVERLOADED, FaultKind.DOWN, FaultKind.SILENT),
    *(FaultKind.SILENT_GET, FaultKind.UNRESPONSIVE, FaultKind.NO_ANSWER, FaultKind.CLOSED),
    *(FaultKind.UNCONNECTED, FaultKind.CONNECT_TIMEOUT, FaultKind.TLS, FaultKind.UNTRUSTED),
    FaultKind.NO_TLS,
)
#: What the kinds of faults come to that an answer may have; any other is `State.UNFIT`.
STATES = {
    FaultKind.LOGIN: State.LOGIN,
    **dict.fromkeys((FaultKind.TERMS, FaultKind.WEB_PAGE), State.TERMS),
    FaultKind.GONE: State.GONE,
    **dict.fromkeys((FaultKind.SIZE, FaultKind.LONGER), State.SIZE),
    **dict.fromkeys((FaultKind.BUSY, FaultKind.PREPARING), State.BUSY),
    **dict.fromkeys(_DEAD, State.DEAD),
    FaultKind.FORBIDDEN: State.REFUSED,
}


class Ranges(IntEnum):
    """What answers tell of parts of files; of several, the greatest holds, whatever the order.

    What came of asking for a part is worth more than what is announced (Accept-Ranges), and
    one file that is given in parts more than one that is not: that may be made on the fly.
    """

    UNTOLD = 0
    DISCLAIMED = 1
    ANNOUNCED = 2
    IGNORED = 3
    GIVEN = 4

    @property
    def known(self) -> bool | None:
        """Whether parts are given; None if that is not known."""
        return self in (Ranges.ANNOUNCED, Ranges.GIVEN) if self else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it.

    Attributes:
        fault: what the engine would make of it; None if all is well.
        size: of the whole file in bytes, as announced, or None.
        ranges: what it tells of parts of files.
        latency: seconds from the request to the first byte; 0 if there was none, or if it was
            only asked by HEAD, which tells nothing of it: a file may have to be made first.
        received: bytes of a sample.
        seconds: that they took, after the answer had begun.
        head: False if HEAD was refused, or told too little, where GET told enough.
        modified: seconds since 1970, as Last-Modified says (RFC 9110, 8.8.2), or None.
    """

    fault: Fault | None = None
    size: int | None = None
    ranges: Ranges = Ranges.UNTOLD
    latency: float = 0.0
    received: int = 0
    seconds: float = 0.0
    head: bool = True
    modified: int | None = None

    @property
    def state(self) -> State:
        """What it means for a download."""
        return STATES.get(self.fault.kind, State.UNFIT) if self.fault else State.OK

    @property
    def what(self) -> str:
        """In words, free of secrets; "" if all is well."""
        return phrase(self.fault) if self.fault else ""

    @property
    def wait(self) -> float | None:
        """Seconds that the mirror asks to wait, or None."""
        return self.fault.wait if self.fault else None

    @property
    def passing(self) -> bool:
        """Whether the same question may be answered otherwise in a moment."""
        return self.fault is not None and not self.fault.lasting and not self.fault.refused
