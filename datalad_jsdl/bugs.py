"""Errors that nobody has foreseen: their trace is logged, and they are called by their name."""

from __future__ import annotations

import logging
import traceback

from datalad_jsdl.model.urls import redact_text

__all__ = ["LOGGER", "VERBOSE", "bug", "log_trace"]

#: A child of DataLad's own logger: ``datalad -l debug`` shows what it is told.
LOGGER = "datalad.jsdl"

#: Environment variable by which our part of DataLad tells the special remote its level.
VERBOSE = "DATALAD_JSDL_LOG_LEVEL"

lgr = logging.getLogger(LOGGER)


def bug(error: BaseException) -> str:
    """A phrase for an error that can only be a fault of this package; its trace is logged."""
    text = redact_text(" ".join(str(error).split()))
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    log_trace(f"a bug in datalad-jsdl: {said}", error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
    return (
        f"a bug in datalad-jsdl ({said}{place}); please report it with the trace from the debug log"
    )


def log_trace(what: str, error: BaseException) -> None:
    """Log where an error is from, without its own text, which may quote a secret."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    lgr.debug("%s (%s)\n%s", what, type(error).__name__, redact_text(trace))
