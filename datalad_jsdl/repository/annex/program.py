"""Whether git-annex is there, and new enough."""

from __future__ import annotations

import re
import shutil
import subprocess

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.git.calling import environment, failed, started

__all__ = ["INSTALL", "OLDEST", "require_git_annex"]

# the oldest release that the tests were run with
OLDEST = "10.20250605"
INSTALL = "datalad-installer git-annex -m pip"


def require_git_annex() -> None:
    """Make sure of a git-annex that can do what we ask of it.

    Raises:
        DatasetError: it is missing or too old (the text says how to install it), or git
            cannot run it.
    """
    args = ("annex", "version", "--raw")
    with started(
        ["git", *args],
        None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        out, said = process.communicate()
    if process.returncode:
        if shutil.which("git-annex", path=environment()["PATH"]) is None:
            raise DatasetError(f"git-annex is not installed; to install it, run: {INSTALL}")
        raise failed(args, None, process.returncode, said)
    found = out.decode("utf-8", "replace").strip()
    if _numbers(found) < _numbers(OLDEST):
        raise DatasetError(
            f"git-annex {found} is too old: {OLDEST} or newer is required; "
            f"to install one, run: {INSTALL}"
        )


def _numbers(version: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", version.partition("-")[0])]
