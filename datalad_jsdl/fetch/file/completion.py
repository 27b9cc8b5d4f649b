"""All bytes of a file are there: are they the expected content?"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.faults import Checksum, Fault, FaultKind
from datalad_jsdl.fetch.file.verification import wrong_pieces
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.model.content import Fetched

if TYPE_CHECKING:
    from datalad_jsdl.fetch.file.state import TransferState

__all__ = ["complete"]

lgr = logging.getLogger(f"{LOGGER}.file.completion")


def complete(state: TransferState) -> Fetched | Fault:
    """Verify the content by all that is known of it; no connection is under way."""
    if state.window:
        givers = state.candidates.givers(state.ledger.sources())
        return Fetched(state.window[1] - state.window[0], urls=givers, version=state.version)
    state.frontier.catch_up(state.ledger.prefix)
    wrong, expected = state.verifier.fault(), state.expected
    if wrong is None and expected.pieces and not expected.algorithm:
        wrong = _wrong_piece(state)
    if wrong is not None:
        lgr.debug("verification failed (%s)", Said(wrong))
        return wrong
    for suspect in state.candidates.suspects:
        state.candidates.exclude(suspect, Fault(FaultKind.SUPPLANTED))
    _tell(state)
    digest = "" if expected.algorithm else state.verifier.hexdigest()
    fetched = Fetched(state.verifier.size, digest, final=state.final, version=state.version)
    if not expected.document:
        return fetched
    return replace(fetched, codings=state.codings, content_type=state.content_type)


def _wrong_piece(state: TransferState) -> Fault | None:
    pieces, size = state.expected.pieces, state.verifier.size
    if pieces is None or state.store.in_order or not wrong_pieces(pieces, state.store, size):
        return None
    return Fault(FaultKind.CONTENT, checksum=Checksum(pieces.algorithm))


def _tell(state: TransferState) -> None:
    if not lgr.isEnabledFor(logging.DEBUG):
        return
    expected = state.expected
    checked = ["size"] if expected.size is not None else []
    checked += [expected.algorithm] if expected.algorithm else []
    checked += ["pieces"] if expected.pieces and not expected.algorithm else []
    givers = state.candidates.givers(state.ledger.sources())
    lgr.debug(
        "content verified: %d bytes (%s); from %s",
        state.verifier.size,
        ", ".join(checked) or "neither size nor digest is known",
        ", ".join(str(Shown(url)) for url in givers) or "an earlier run",
    )
