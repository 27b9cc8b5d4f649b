"""Starting git, and what it says when it fails.

A git that says no and a git that could not be asked are two things: the first is an answer,
the second has a reason that the user has to see.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.model.urls import redact_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

__all__ = ["environment", "failed", "in_no_hook", "started"]

# What names another repository than that of the folder git runs in: ``git rev-parse
# --local-env-vars``, without what ``git -c`` hands on. Hooks and git-annex run us with them.
_OF_A_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
    # what is said of paths would mean something else
    "GIT_GLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_LITERAL_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
)


def environment() -> dict[str, str]:
    """The environment to run git and git-annex in.

    What they print must not depend on the user's language; they must work in the repository
    that was named, not in that of a hook that we are run by; and where this package is
    installed in an environment that is not active, git-annex and our special remote,
    installed beside it, are still to be found.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), os.path.dirname(sys.executable)])
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
    return {**kept, "PATH": path, "LC_ALL": "C.UTF-8", "LANGUAGE": ""}


@contextmanager
def in_no_hook() -> Iterator[None]:
    """Have the process, and with it DataLad, know nothing of the repository of a hook.

    The variables are those of the process: nothing is changed where none of them is set.
    """
    held = {name: os.environ.pop(name) for name in _OF_A_REPOSITORY if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(held)


def started(
    command: Sequence[str], root: Path | None, env: dict[str, str] | None = None, **streams: Any
) -> subprocess.Popen[bytes]:
    """Start git in a folder (None: the current one), with *streams* as of `subprocess.Popen`.

    Raises:
        DatasetError: it cannot be started; the text says why.
    """
    try:
        return subprocess.Popen(
            command, cwd=root, env=environment() if env is None else env, **streams
        )
    except OSError as error:
        if root is not None and str(error.filename) == str(root):
            text = f"cannot enter the folder {root}: {error.strerror}"
        else:
            text = f"cannot run git: {error.strerror}; install git, or add it to PATH"
        raise DatasetError(text) from None


def failed(
    args: Sequence[str], root: Path | None, status: int, said: bytes | str = b""
) -> DatasetError:
    """What to raise when git could not do, or could not say, what it was asked.

    Args:
        args: of git.
        root: where it ran.
        status: its exit code; negative for the signal that ended it.
        said: its own words.
    """
    text = said if isinstance(said, str) else said.decode("utf-8", "replace")
    how = f"ended by signal {-status}" if status < 0 else f"exit code {status}"
    where = f" in {root}" if root is not None else ""
    why = redact_text(text.strip()) or how
    return DatasetError(f"git {_name(args)} failed{where}: {why}", path=root)


def _name(args: Sequence[str]) -> str:
    """Which of git's commands that is."""
    rest = list(args)
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] in ("-c", "--git-dir") else 1]
    return " ".join(rest[: 2 if rest[:1] == ["annex"] else 1])
