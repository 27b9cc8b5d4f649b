"""What has to be said, but is no reason to fail."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["say_once"]


@lru_cache(maxsize=100)
def say_once(text: str) -> None:
    """Warn, once in a process, however many datasets and documents it has to do with.

    The special remote has no other logger: there it goes to standard error, which git-annex
    shows.
    """
    import logging  # nearly always there is nothing to say

    logging.getLogger("datalad.jsdl").warning("%s", text)
