"""What changes while one file is fetched: one value, which all its connections share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.retries import FIRST_PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.fetch.file.candidates import Candidates, CandidateState
    from datalad_jsdl.fetch.file.segments import Ledger, Range
    from datalad_jsdl.fetch.file.verification import Frontier, Verifier
    from datalad_jsdl.fetch.operation import Operation
    from datalad_jsdl.model.content import ByteProgress, Expected, Store, Version

__all__ = ["TransferState"]


@dataclass(slots=True, eq=False)
class TransferState:
    """The fetch of one file.

    These stay as they are, and know for themselves what changes:

    Attributes:
        engine: connections and limits.
        operation: that it is a part of.
        expected: what is known of the content.
        candidates: where bytes can come from.
        ledger: which bytes are there.
        store: where bytes go.
        verifier: hashes them.
        frontier: told of every byte, for the verifier.
        progress: told the number of bytes there.
        window: the bytes that are fetched (first, and after the last); None for all.

    And these change:

    Attributes:
        one_source: all bytes have to be of one candidate.
        giver: that one, once bytes of it are there; or None.
        last: the candidate that was asked last by the thread that decides, or None.
        most: most bytes there so far; only what goes beyond it is progress.
        beyond: those that are outside the window: they count as there.
        held: bytes there.
        answers: number of answers that the bytes are from.
        pause: seconds of the next pause between two rounds.
        guessed: the size is where an answer without a length ended.
        codings: by which the last answer says that it is compressed.
        content_type: that it says.
        packed_as: those of the codings that the file itself does not have by its name.
        final: URL of the answer that the first bytes are from, after redirects.
        version: that all bytes are of, if they have to be of one and the server names it.
    """

    engine: Engine
    operation: Operation
    expected: Expected
    candidates: Candidates
    ledger: Ledger
    store: Store
    verifier: Verifier
    frontier: Frontier
    progress: ByteProgress
    window: tuple[int, int] | None = None
    one_source: bool = False
    giver: CandidateState | None = None
    last: CandidateState | None = None
    most: int = 0
    beyond: int = 0
    held: int = 0
    answers: int = 0
    pause: float = FIRST_PAUSE
    guessed: bool = False
    codings: tuple[str, ...] = ()
    content_type: str = ""
    packed_as: tuple[str, ...] = ()
    final: str = ""
    version: Version | None = None

    def continues(self, candidate: CandidateState) -> bool:
        """Whether bytes of a candidate can be added to what is there of it."""
        return self.expected.verifiable or bool(candidate.etag)

    def restart(self) -> None:
        """Begin at the first byte again; no connection is under way."""
        self.ledger.keep(lambda _: False)
        self.ledger.add(self.outside)
        self.ledger.size = self.expected.size
        self.ledger.ended = False
        self.candidates.forget_versions()
        self.guessed = False
        self.giver = None
        self.version = None
        self.store.begin("", "")
        self._keep([])

    def drop(self, unwanted: Callable[[Range], bool]) -> None:
        """Forget the ranges that *unwanted* is true for; no connection is under way."""
        left = [found for found in self.ledger.ranges() if not unwanted(found)]
        if self.store.in_order or not left or not self.expected.verifiable:
            self.restart()
            return
        self._keep(self.ledger.keep(lambda found: not unwanted(found)))

    def replace(self, ranges: list[Range]) -> None:
        """Forget all bytes but those of these ranges; no connection is under way."""
        self.ledger.keep(lambda _: False)
        self.ledger.add(ranges)
        self._keep(ranges)

    @property
    def outside(self) -> list[Range]:
        """What is outside the window counts as there."""
        if self.window is None:
            return []
        start, stop = self.window
        return [(0, start, ""), (stop, self.expected.size or 0, "")]

    def _keep(self, ranges: list[Range]) -> None:
        self.store.keep(ranges)
        self.frontier.restart()
        self.held = self.ledger.held()
        self.answers = len({source for _, _, source in ranges})
