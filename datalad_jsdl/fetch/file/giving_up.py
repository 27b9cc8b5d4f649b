"""How long a candidate is asked again, and when it is given up."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.faults import Attempts, Fault, FaultKind
from datalad_jsdl.fetch.http.answers import given_up
from datalad_jsdl.fetch.log_words import Shown
from datalad_jsdl.fetch.retries import LINE_DOWN, MORE_ATTEMPTS

if TYPE_CHECKING:
    from datalad_jsdl.fetch.file.candidates import Candidates, CandidateState

__all__ = ["count_failure", "give_up_dead", "has_moved", "pause_for", "waits_longer"]

lgr = logging.getLogger(f"{LOGGER}.file.giving_up")


def waits_longer(candidates: Candidates, asked: CandidateState, *, begun: bool) -> bool:
    """Whether a first byte may take longer than it was waited for in vain.

    Where no other mirror is left to ask, and unless this one is known to give files, and
    fell silent in the middle of this one (*begun*).
    """
    origins = candidates.engine.origins
    if asked.answered or (begun and origins.of(asked.url).slowest):
        return False
    return not any(
        other is not asked
        and other.fault is None
        and not origins.of(other.url).silent
        and not origins.is_backing_off(other.url)
        for other in candidates.live
    )


def pause_for(candidates: Candidates, asked: float) -> float:
    """Seconds to wait for mirrors that went out of order in the middle of a file.

    A line may be down for a while. Then each is asked once more, however long its back-off is,
    and those that are dead even so are given up. The while begins but once: for a mirror with
    its first fault, whichever file it was, and for a file that is fetched in pieces when
    nothing came of any of them.

    Args:
        candidates: of the file.
        asked: seconds for which they are not to be asked.

    Returns:
        0 if it was enough.
    """
    origins, live = candidates.engine.origins, candidates.live
    since = origins.down_since(candidate.url for candidate in live)
    if since is None or not all(origins.is_backing_off(candidate.url) for candidate in live):
        return asked
    now = origins.clock()
    since = min(since, candidates.operation.stalled.get(candidates.urls, now))
    if (left := since + LINE_DOWN - now) > 0:
        return min(asked, left)
    if candidates.asked_all or all(map(candidates.is_given_up, live)):
        return 0.0 if give_up_dead(candidates) else asked
    candidates.asks_all = candidates.asked_all = True
    lgr.debug("each mirror of the file was down for %.0f s: each is asked once more", LINE_DOWN)
    return 0.0


def has_moved(candidates: Candidates) -> None:
    """Something of the file has come, or is to come when its mirror says so."""
    candidates.operation.stalled.pop(candidates.urls, None)


def give_up_dead(candidates: Candidates) -> bool:
    """Give up those whose mirror is dead; whether there were any."""
    origins = candidates.engine.origins
    dead = [candidate for candidate in candidates.live if origins.is_dead(candidate.url)]
    for candidate in dead:
        origin = origins.of(candidate.url)
        candidates.operation.given_up.add(origin.name)
        if fault := candidate.fault:
            if fault.wait is not None:
                number = candidate.failures or 1
                candidate.fault = given_up(fault, number, candidates.engine.settings)
        else:
            candidate.fault = Fault(
                FaultKind.SKIPPED,
                candidate.url,
                origins.wait(candidate.url),
                cause=origin.fault,
                attempts=Attempts(origin.failures),
            )
        lgr.debug("%s is given up: its mirror is considered dead", Shown(candidate.url))
        candidate.is_live = False
    return bool(dead)


def count_failure(
    candidates: Candidates, candidate: CandidateState, fault: Fault, *, progress: bool, begun: bool
) -> None:
    """A fault that may pass; after too many of them the candidate is given up.

    Args:
        candidates: of the file.
        candidate: that failed.
        fault: what went wrong.
        progress: so much has come in between that it gets its attempts back.
        begun: a part of the file is there: what has come so far is worth some patience,
            since a line may be down for half a minute.
    """
    origins, settings = candidates.engine.origins, candidates.engine.settings
    if progress:
        candidates.asked_all = False
    candidate.failures = 1 if progress else candidate.failures + 1
    if fault.busy and fault.wait is not None:
        has_moved(candidates)
    attempts = settings.retries
    if begun:
        now = origins.clock()
        since = candidates.operation.stalled.setdefault(candidates.urls, now)
        attempts = 1 if now - since >= LINE_DOWN else attempts + MORE_ATTEMPTS
    exhausted = fault.silent >= origins.most_patience
    if candidate.failures < attempts and not exhausted:
        return
    if origins.is_dead(candidate.url):
        candidates.operation.given_up.add(origins.of(candidate.url).name)
    if exhausted:
        fault = replace(fault, kind=FaultKind.UNRESPONSIVE)
    candidate.fault = given_up(fault, candidate.failures, settings)
    lgr.debug("%s is given up after %d faults", Shown(candidate.url), candidate.failures)
    candidate.is_live = False
