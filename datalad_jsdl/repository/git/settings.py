"""git's configuration: of a repository, or what holds in a folder without one."""

from __future__ import annotations

import os
import subprocess

from datalad_jsdl.errors import DatasetError
from datalad_jsdl.repository.git.calling import failed, started

__all__ = ["git_config", "git_config_values", "git_http_settings"]

_UNSET = 1  # the exit code that says that nothing matches (git-config(1))


def git_config(pattern: str, git_dir: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """git config: name (lower case) to its last value; see `git_config_values`."""
    return {name: values[-1] for name, values in git_config_values(pattern, git_dir).items()}


def git_config_values(
    pattern: str, git_dir: str | os.PathLike[str] | None = None
) -> dict[str, list[str]]:
    """git config: name (lower case) to all its values.

    Args:
        pattern: regular expression on the names.
        git_dir: the ``.git`` folder of the repository that is meant; None for what holds
            in the current folder.

    Raises:
        DatasetError: git cannot read its configuration.
    """
    values: dict[str, list[str]] = {}
    for name, value in _settings(("--get-regexp", pattern), git_dir):
        values.setdefault(name, []).append(value)
    return values


def git_http_settings(url: str, git_dir: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """git's ``http.*`` settings as they hold for a URL (git-config(1), http.<url>.*).

    Returns:
        The name after ``http.`` in lower case to its value; empty if there is none.

    Raises:
        DatasetError: git cannot read its configuration.
    """
    try:
        found = _settings(("--get-urlmatch", "http", url.partition("?")[0]), git_dir)
    except DatasetError:
        _settings(("--get-regexp", r"^http\."), git_dir)  # raises if it is not for the URL
        return {}  # to git that is none: it has a host name beyond ASCII, or the like
    return {name.removeprefix("http."): value for name, value in found}


def _settings(
    question: tuple[str, ...], git_dir: str | os.PathLike[str] | None
) -> list[tuple[str, str]]:
    """What ``git config *question*`` lists, each name with its value."""
    args = (*(() if git_dir is None else ("--git-dir", os.fspath(git_dir))), "config", "-z")
    with started(
        ["git", *args, *question],
        None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        out, said = process.communicate()
    if process.returncode not in (0, _UNSET):
        raise failed(args, None, process.returncode, said)
    items = out.decode("utf-8", "surrogateescape").split("\0")
    found = (item.partition("\n") for item in items if item)
    # a name alone, without "=", is a boolean that is true (git-config(1))
    return [(name, value if newline else "true") for name, newline, value in found]
