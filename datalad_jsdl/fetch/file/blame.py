"""Content is complete and wrong: which candidate gave the wrong bytes, and which are dropped."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.faults import Fault, FaultKind
from datalad_jsdl.fetch.file.learning import learn_fault
from datalad_jsdl.fetch.file.verification import wrong_pieces
from datalad_jsdl.fetch.log_words import Shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from datalad_jsdl.fetch.file.parallel import Helpers
    from datalad_jsdl.fetch.file.segments import Range
    from datalad_jsdl.fetch.file.state import TransferState

__all__ = ["Verdict", "blame", "cut_out", "judge"]

lgr = logging.getLogger(f"{LOGGER}.file.blame")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done.

    Attributes:
        drop: sources whose bytes are to be dropped; None for all bytes.
        faulty: the source that is proven to give wrong bytes, or "".
        again: the source that is asked for all of the file once more, in one answer, or "".
        one_source: from now on all bytes have to be of one source.
    """

    drop: frozenset[str] | None = None
    faulty: str = ""
    again: str = ""
    one_source: bool = False


def judge(
    sources: Mapping[str, int],
    *,
    live: Collection[str],
    suspects: Collection[str],
    asked_again: Collection[str],
    answers: int,
    in_order: bool,
) -> Verdict:
    """Decide, from where the wrong content's bytes came.

    Bytes of one source in one answer are its fault. If there were several answers, the file
    may have changed between two of them. Of several sources that with the fewest bytes is
    suspected first: the others fill its place. If that does not help, either, each is asked
    for the whole file.

    Args:
        sources: source to number of bytes from it; "" stands for bytes that nobody knows
            the source of.
        live: sources that can still be asked.
        suspects: those whose bytes were dropped before.
        asked_again: those that were asked for all of the file once more.
        answers: how many answers the bytes are from.
        in_order: bytes cannot be dropped one by one.
    """
    if len(sources) < 2:
        source = next(iter(sources), "")
        if source and answers > 1 and source not in asked_again:
            return Verdict(again=source)
        return Verdict(faulty=source)
    if suspects or in_order:
        return Verdict(one_source=True)
    suspect = min(sources, key=lambda source: (source in live, sources[source]))
    return Verdict(drop=frozenset({suspect}))


def cut_out(ranges: Iterable[Range], bad: Iterable[tuple[int, int]]) -> list[Range]:
    """What is left of *ranges* without the parts (start, end) that are *bad*."""
    parts = sorted(bad)
    kept: list[Range] = []
    for start, end, source in ranges:
        at = start
        for first, last in parts:
            if first < end and last > at:
                if first > at:
                    kept.append((at, first, source))
                at = max(at, last)
        if at < end:
            kept.append((at, end, source))
    return kept


def blame(state: TransferState, helpers: Helpers, wrong: Fault) -> None:
    """Find out whose bytes are wrong, and drop them; no connection is under way.

    Args:
        state: of the file, which is complete.
        helpers: its other connections.
        wrong: what is wrong with the content.
    """
    wrong = replace(wrong, codings=state.packed_as)
    if _blame_pieces(state, wrong):
        return
    candidates, guessed = state.candidates, state.guessed
    verdict = judge(
        state.ledger.sources() or {state.last.source if state.last else "": 0},
        live={candidate.source for candidate in candidates.live},
        suspects=[candidate.source for candidate in candidates.suspects],
        asked_again=candidates.asked_again,
        answers=state.answers,
        in_order=state.store.in_order,
    )
    if verdict.drop is not None:
        _suspect(state, verdict.drop)
        return
    state.restart()
    if verdict.one_source:
        lgr.debug("from now on all bytes must come from one mirror")
        state.one_source = True
        candidates.clear_suspects()
    elif verdict.again:
        _ask_again(state, verdict.again)
    else:
        faulty = candidates.of_source(verdict.faulty)
        if guessed and faulty.is_live:
            fault = Fault(FaultKind.TRUNCATED, faulty.url, cause=wrong)
            learn_fault(state, helpers, faulty, fault)
        else:
            candidates.exclude(faulty, wrong)


def _suspect(state: TransferState, sources: frozenset[str]) -> None:
    """Drop the bytes of some sources: others fill their place."""
    for source in sources:
        suspect = state.candidates.of_source(source)
        suspect.suspected = True
        lgr.debug("dropped the bytes from %s: they may be the wrong ones", Shown(suspect.url))
    state.drop(lambda found: found[2] in sources)


def _ask_again(state: TransferState, source: str) -> None:
    """Have one candidate give all of the file in one answer."""
    candidate = state.candidates.of_source(source)
    lgr.debug("%s is asked for the whole file once more, in one answer", Shown(candidate.url))
    candidate.asked_again = True
    # it was the last that was not suspected: the others first, now
    last = bool(state.candidates.suspects)
    state.candidates.clear_suspects()
    candidate.suspected = last
    state.one_source = state.one_source or last


def _blame_pieces(state: TransferState, wrong: Fault) -> bool:
    """Drop the pieces that are wrong, if only some are."""
    pieces, size = state.expected.pieces, state.ledger.size
    if pieces is None or state.store.in_order or size is None:
        return False
    bad = wrong_pieces(pieces, state.store, size)
    if not bad or len(bad) == len(pieces.hexdigests):
        return False
    ranges = state.ledger.ranges()
    lgr.debug("wrong pieces: %d of %d", len(bad), len(pieces.hexdigests))
    for source in {r[2] for r in ranges if any(r[0] < e and r[1] > s for s, e in bad)}:
        state.candidates.exclude(state.candidates.of_source(source), wrong)
    state.replace(cut_out(ranges, bad))
    return True
