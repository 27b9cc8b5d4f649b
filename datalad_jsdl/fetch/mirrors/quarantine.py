"""Which URLs gave wrong content, and are not asked for it again in this run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.fetch.log_words import Said, Shown
from datalad_jsdl.fetch.retries import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from datalad_jsdl.faults import Fault

__all__ = ["Quarantine"]

lgr = logging.getLogger(f"{LOGGER}.mirrors.quarantine")


class Quarantine:
    """URLs and the digests that their content did not have; for any thread.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._found: dict[tuple[str, str], tuple[float, Fault]] = {}

    def add(self, wrong: Fault, hexdigest: str) -> None:
        """The URL of a fault gave wrong bytes for a digest."""
        self._found[wrong.url, hexdigest] = (self._clock() + QUARANTINE, wrong)
        text = "quarantine of %s for the digest %s, for %.0f s (%s)"
        lgr.debug(text, Shown(wrong.url), hexdigest, QUARANTINE, Said(wrong))

    def of(self, url: str, hexdigest: str) -> Fault | None:
        """The fault that was added for a URL and a digest, or None."""
        until, wrong = self._found.get((url, hexdigest), (0.0, None))
        return wrong if until > self._clock() else None
