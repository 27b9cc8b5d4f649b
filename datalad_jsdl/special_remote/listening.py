"""Whether git-annex shows what is for debugging: if it does not, it need not be told."""

from __future__ import annotations

import os
from pathlib import Path

from datalad_jsdl.repository.git.settings import git_config

__all__ = ["may_be_heard"]


def may_be_heard(git_dir: str | os.PathLike[str]) -> bool:
    """False only if it is certain that git-annex would throw away what it is told.

    It tells no remote whether it was called with ``--debug``. On Linux its command line does; the
    setting ``annex.debug`` has the same effect. With many small files, messages that nobody sees
    would be a good part of our processor time.
    """
    return _may_be_asked_to() or bool(git_config(r"^annex\.debug$", git_dir))


def _may_be_asked_to() -> bool:
    try:
        words = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().split(b"\0")
    except OSError:  # another system
        return True
    if os.path.basename(words[0]) != b"git-annex" or b"transferrer" in words:
        return True  # something in between, which may or may not hand it on
    return any(map(_means_debug, words))


def _means_debug(word: bytes) -> bool:
    """Whether a word of a command line is, or has in it, ``--debug`` or ``-d``."""
    if word.startswith(b"--"):
        return word.startswith(b"--deb")
    return word.startswith(b"-") and b"d" in word
