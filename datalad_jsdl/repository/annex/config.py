"""Settings of git-annex's that say how files and records are written (git-annex(1))."""

from __future__ import annotations

import os
import re
import subprocess
import time
from typing import TYPE_CHECKING

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.notes import say_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.repository.annex.branch import AnnexBranch
    from datalad_jsdl.repository.git.running import Git

__all__ = [
    "COMMIT_NOW",
    "adds_unlocked",
    "branch_message",
    "is_true",
    "share",
    "vector_clock",
]

#: For git-annex commands whose records are looked for in its branch right after.
COMMIT_NOW = ("-c", "annex.alwayscommit=true")

_TRUE = ("true", "yes", "on")
_FALSE = ("false", "no", "off", "")


def is_true(value: str) -> bool | None:
    """A boolean of git's (git-config(1)); None for what is none."""
    text = value.strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    return int(text) != 0 if re.fullmatch(r"[-+]?[0-9]+", text) else None


def adds_unlocked(annex: AnnexBranch, config: Mapping[str, str]) -> bool:
    """Whether git-annex would add files unlocked: ``annex.addunlocked``, ``core.symlinks``.

    Args:
        annex: what the repository has recorded.
        config: git config, names in lower case.
    """
    if is_true(config.get("core.symlinks", "true")) is False:
        return True
    value = config.get("annex.addunlocked")
    if value is None:
        value = annex.config().get("annex.addunlocked", "")
    found = is_true(value)
    if found is None:  # a matching expression, which only git-annex understands
        say_once(
            "annex.addunlocked is an expression, which only git-annex itself can apply, so files "
            "are added locked; to unlock one, run: git annex unlock FILE"
        )
    return bool(found)


def branch_message(git: Git, config: Mapping[str, str]) -> str:
    """The message of a commit on the git-annex branch.

    ``annex.commitmessage-command``, run by a shell as git-annex does, or
    ``annex.commitmessage``, or git-annex's own.

    Raises:
        DatasetError: the command fails.
    """
    if command := config.get("annex.commitmessage-command"):
        done = subprocess.run(
            ["sh", "-c", command], cwd=git.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        if done.returncode:
            raise DatasetError(
                f"annex.commitmessage-command failed with exit code {done.returncode}; nothing "
                "was recorded"
            )
        return done.stdout.decode("utf-8", "surrogateescape").strip("\n")
    return config.get("annex.commitmessage") or "update"


def vector_clock() -> float:
    """Seconds since 1970 for a line of git-annex's logs; ``GIT_ANNEX_VECTOR_CLOCK`` sets them."""
    try:
        return float(os.environ.get("GIT_ANNEX_VECTOR_CLOCK", ""))
    except ValueError:
        return time.time()


def share(path: str | os.PathLike[str], setting: str) -> None:
    """Let others write to a file or folder of ours, as ``core.sharedRepository`` says.

    A file of somebody else's, who has seen to that himself, stays as it is.

    Args:
        path: of what is there.
        setting: the value; "" for none.
    """
    text = setting.strip().lower()
    if text in ("group", "1") or is_true(text):
        more = 0o660
    elif text in ("all", "world", "everybody", "2"):
        more = 0o664
    elif text.startswith("0") and text.strip("01234567") == "" and len(text) > 1:
        more = int(text, 8)
    else:
        return
    status = os.stat(path)
    if status.st_uid != os.geteuid():
        return
    if os.path.isdir(path):
        more |= (more & 0o444) >> 2 | 0o2000  # who may read may enter; the group stays
    os.chmod(path, status.st_mode & 0o7777 | more)
