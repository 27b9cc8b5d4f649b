"""What git config says of the headers that git-annex sends, and which origins a dataset has."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.fetch.credentials.annex_headers import (
    COMMAND,
    CURL,
    SETTING,
    AnnexHeaders,
    HeaderSettings,
)
from datalad_jsdl.model.urls import SCHEMES, origin_of
from datalad_jsdl.repository.annex.logs import present_values
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["annex_headers", "registered_origins"]

_PATTERN = rf"^({SETTING}|{COMMAND}|{CURL})$".replace(".", r"\.")
_ENOUGH = 3  # origins; which others there are makes no difference


def annex_headers(
    config: Mapping[str, Sequence[str]], git_dir: str | os.PathLike[str] | None
) -> AnnexHeaders:
    """The headers as git config has them.

    Args:
        config: name (lower case) to all its values.
        git_dir: the repository's ``.git`` folder, or None where there is none yet.
    """
    # git-annex gives its options to curl only where curl may connect to any address
    any_address = config.get("annex.security.allowed-ip-addresses", [""])[-1].split() == ["all"]
    settings = HeaderSettings(
        lines=config.get(SETTING, ()),
        command=config.get(COMMAND, [""])[-1],
        options=config.get(CURL, [""])[-1].split() if any_address else (),
    )
    if not settings:
        return AnnexHeaders()
    own = {"command"} if git_dir is None else {"command", "local", "worktree"}
    settings = HeaderSettings(
        settings.lines,
        settings.command,
        settings.options,
        own=_scopes(git_dir) <= own,
        folder=_work_tree(git_dir),
    )
    return AnnexHeaders(settings, partial(registered_origins, git_dir) if git_dir else None)


def _scopes(git_dir: str | os.PathLike[str] | None) -> set[str]:
    """Where the settings stand: local, global, system, … (git-config(1), --show-scope)."""
    where = [] if git_dir is None else ["--git-dir", os.fspath(git_dir)]
    done = subprocess.run(
        ["git", *where, "config", "-z", "--show-scope", "--get-regexp", _PATTERN],
        capture_output=True,
    )
    return set(done.stdout.decode("utf-8", "replace").split("\0")[:-1:2])


def _work_tree(git_dir: str | os.PathLike[str] | None) -> Path | None:
    if git_dir is None:
        return None
    place = Path(git_dir).absolute()
    if place.name == ".git":
        return place.parent
    git = Git(place)
    if (place / "gitdir").is_file():  # of a further work tree (gitrepository-layout(5))
        return Path((place / "gitdir").read_text().rstrip("\n")).parent
    named = git.text("--git-dir", str(place), "config", "core.worktree", no=(1,))
    return (place / named).resolve() if named else None


def registered_origins(git_dir: str | os.PathLike[str]) -> set[str]:
    """The origins of all URLs that git-annex has for the dataset; of many, the first few."""
    found: set[str] = set()
    for log in _url_logs(Path(git_dir)):
        for url in present_values(log):
            if url.partition(":")[0].lower() in SCHEMES:
                found.add(origin_of(url))
        if len(found) >= _ENOUGH:
            break
    return found


def _url_logs(git_dir: Path) -> Iterator[bytes | None]:
    # git-annex runs special remotes with a GIT_DIR in their environment
    repository = Repository(Path(), git_dir)
    git = repository.git
    listed = (
        item
        for commit in repository.annex.commits
        for item in git.items("ls-tree", "-r", "-z", "--full-tree", commit)
    )
    pairs = (item.partition(b"\t") for item in listed)
    names = [head.rpartition(b" ")[2].decode() for head, _, p in pairs if p.endswith(b".log.web")]
    for journal in ("journal", "journal-private"):  # what is not in the branch yet
        for file in (git_dir / "annex" / journal).glob("*.log.web"):
            yield file.read_bytes()
    yield from git.objects(names)
