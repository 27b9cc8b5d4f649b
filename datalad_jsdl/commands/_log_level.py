"""``datalad -l debug`` holds for the special remote, too, which git-annex starts."""

from __future__ import annotations

import logging
import os
import sys

from datalad_jsdl.bugs import VERBOSE

__all__ = ["hand_on_log_level"]

_DATALAD = "datalad"


class _HandOn(logging.Handler):
    """Tells the processes that are started from now on, once anything is shown at debug level.

    DataLad tells extensions nothing of ``-l``, which it follows after they are loaded.
    """

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno <= logging.DEBUG:
            os.environ[VERBOSE] = "debug"
            self.setLevel(sys.maxsize)  # it has nothing more to do


def hand_on_log_level() -> None:
    """Watch DataLad's level, once."""
    logger = logging.getLogger(_DATALAD)
    if not any(isinstance(handler, _HandOn) for handler in logger.handlers):
        logger.addHandler(_HandOn())
