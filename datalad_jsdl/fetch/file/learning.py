"""What a fault of a candidate means for the file: what is dropped, and is it asked again?"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.faults import FaultKind
from datalad_jsdl.fetch.file.giving_up import count_failure
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.fetch.retries import FIRST_PAUSE, PROGRESS

if TYPE_CHECKING:
    from datalad_jsdl.faults import Fault
    from datalad_jsdl.fetch.file.candidates import CandidateState
    from datalad_jsdl.fetch.file.parallel import Helpers
    from datalad_jsdl.fetch.file.state import TransferState

__all__ = ["learn_fault"]

lgr = logging.getLogger(f"{LOGGER}.file.learning")


def learn_fault(
    state: TransferState, helpers: Helpers, candidate: CandidateState, fault: Fault
) -> None:
    """A request has failed.

    Args:
        state: of the file.
        helpers: its other connections; they end where bytes are dropped.
        candidate: that was asked.
        fault: what went wrong.
    """
    _note(state, candidate, fault)
    if fault.wrong:
        helpers.end()
        state.drop(lambda found: found[2] == candidate.source)
    elif fault.kind is FaultKind.DISPUTED and not candidate.told_size:
        # one of the two is wrong: now this one may say how large the file is
        candidate.told_size = True
        helpers.end()
        state.restart()
        candidate.tried = False
        return
    elif state.one_source and not state.continues(candidate):
        helpers.end()
        state.restart()
    demanded = fault.kind is FaultKind.CHANGED and candidate.demanded
    if fault.lasting or demanded:
        candidate.is_live = False
        return
    held = state.ledger.held()
    gained, state.most = held - state.most, max(held, state.most)
    progress = gained >= PROGRESS
    if progress:
        state.pause = FIRST_PAUSE
    came = state.operation.came
    if state.most - state.beyond >= PROGRESS:
        came.add(state.candidates.urls)
    begun = state.candidates.urls in came  # perhaps in another piece of it
    count_failure(state.candidates, candidate, fault, progress=progress, begun=begun)
    if candidate.is_live and gained > 0 and state.one_source and state.continues(candidate):
        candidate.tried = False  # another mirror could not continue what has come


def _note(state: TransferState, candidate: CandidateState, fault: Fault) -> None:
    candidate.fault, candidate.tried = fault, True
    lasting = "for good" if fault.lasting else "for now"
    lgr.debug("%s has failed %s (%s)", Shown(candidate.url), lasting, Said(fault))
    if fault.wait:
        pause = min(fault.wait, state.engine.settings.max_wait)
        candidate.due = state.engine.origins.clock() + pause
    if fault.kind is FaultKind.CHANGED:
        candidate.etag = ""
