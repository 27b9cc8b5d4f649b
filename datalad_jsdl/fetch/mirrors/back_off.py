"""When a mirror is not asked for a while, and how long its answers may take.

Three faults in a row, and it has a back-off of half a minute; each that follows is twice as
long. Then one request finds out whether it is back. The numbers are in `fetch.retries`.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.fetch import retries
from datalad_jsdl.fetch.log_words import Said
from datalad_jsdl.fetch.mirrors import levelling

if TYPE_CHECKING:
    from datalad_jsdl.faults import Fault
    from datalad_jsdl.fetch.mirrors.origin import Origin
    from datalad_jsdl.fetch.settings import Settings

__all__ = [
    "end_back_off",
    "learn_fault",
    "learn_good",
    "learn_recovery",
    "most_patience",
    "patience",
]

lgr = logging.getLogger(f"{LOGGER}.mirrors.back_off")


def most_patience(settings: Settings) -> float:
    """Seconds that no first byte may take: step by step, as patience grows."""
    return retries.PATIENCE_FACTOR * (retries.PATIENCE_FACTOR * settings.read_timeout)


def patience(origin: Origin, settings: Settings, *, longer: bool) -> float:
    """Seconds that the first byte of an answer may take.

    An archive that fetches a file from tape, or packs it when it is asked for, is alive. What
    a mirror has taken before, it is given again, three times over. And *longer* than it was
    waited for in vain it is waited where there is nobody else to ask.
    """
    known = max(origin.slowest, origin.score.latency)
    if longer:
        known = max(known, origin.silent)
    seconds = max(settings.read_timeout, retries.PATIENCE_FACTOR * known)
    return min(seconds, most_patience(settings))


def learn_good(origin: Origin) -> None:
    """A request came to an end without a fault of the mirror."""
    origin.failures = origin.back_offs = 0
    origin.down_since = None


def learn_recovery(origin: Origin) -> None:
    """It gives what is asked for: whoever waits for that to show may ask, too."""
    learn_good(origin)
    origin.back_off_until, origin.probing = 0.0, False


def end_back_off(origin: Origin) -> None:
    """Let it show once more whether it is in order."""
    origin.back_off_until, origin.back_offs = 0.0, 0
    origin.down_since = None


def learn_fault(origin: Origin, fault: Fault, gained: int, now: float, settings: Settings) -> None:
    """A request has failed, and the mirror is to blame.

    Args:
        origin: the mirror.
        fault: what went wrong.
        gained: bytes that came.
        now: monotonic seconds.
        settings: limits.
    """
    if fault.busy:
        levelling.refused(origin, now)
        asked = min(fault.wait or retries.BUSY_PAUSE, settings.max_wait)
        # many at once are refused for one reason
        origin.failures += now >= origin.busy_until
        origin.busy_until = max(origin.busy_until, now + asked)
        _tell(origin, origin.busy_until - now, "as it asks", fault)
    elif not gained and not fault.answered:
        origin.silent = max(origin.silent, fault.silent)
        origin.failures += not fault.more_patience
        if origin.down_since is None:
            origin.down_since = now
    exhausted = fault.silent >= most_patience(settings)
    if exhausted:  # nobody else need try as long
        origin.failures = max(origin.failures, retries.FAILURES)
    if origin.failures >= retries.FAILURES:
        _back_off(origin, fault, now, exhausted=exhausted)


def _back_off(origin: Origin, fault: Fault, now: float, *, exhausted: bool) -> None:
    """It has failed too often: for a while, or for good as far as is known."""
    down = now - (now if origin.down_since is None else origin.down_since)
    if exhausted or (now < origin.back_off_until and down >= retries.LINE_DOWN):
        # waited for, or asked out of turn for a file that has waited, long enough
        origin.back_offs = max(origin.back_offs, 2)
    elif now >= origin.back_off_until:
        origin.back_offs += 2 if fault.refused and not origin.back_offs else 1
    else:
        return
    pause = min(retries.BACK_OFF * 2 ** (origin.back_offs - 1), retries.LONGEST_BACK_OFF)
    origin.back_off_until = max(origin.back_off_until, now + pause)
    why = "considered dead" if origin.back_offs > 1 else f"{origin.failures} faults in a row"
    _tell(origin, origin.back_off_until - now, why, fault)


def _tell(origin: Origin, seconds: float, why: str, fault: Fault) -> None:
    if lgr.isEnabledFor(logging.DEBUG):
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))
        text = "%s: back-off for %.0f s, until %s (%s; %s); connections allowed: %d"
        lgr.debug(text, origin.name, seconds, until, why, Said(fault), origin.room)
