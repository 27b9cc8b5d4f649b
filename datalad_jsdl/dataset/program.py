"""Whether git-annex is there, and new enough."""

from __future__ import annotations

import re
import subprocess

from datalad_jsdl.dataset.git import environment
from datalad_jsdl.errors import DatasetError

__all__ = ["INSTALL", "OLDEST", "require_git_annex"]

# the oldest release that the tests were run with
OLDEST = "10.20250605"
INSTALL = "datalad-installer git-annex -m pip"


def require_git_annex() -> None:
    """Make sure of a git-annex that can do what we ask of it.

    Raises:
        DatasetError: it is missing or too old; the text says how to install it.
    """
    try:
        done = subprocess.run(
            ["git", "annex", "version", "--raw"],
            env=environment(),
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        raise DatasetError(f"git-annex is not installed; to install it, run: {INSTALL}") from None
    found = done.stdout.decode("utf-8", "replace").strip()
    if _numbers(found) < _numbers(OLDEST):
        raise DatasetError(
            f"git-annex {found} is too old, {OLDEST} or newer is needed; "
            f"to install one, run: {INSTALL}"
        )


def _numbers(version: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", version.partition("-")[0])]
