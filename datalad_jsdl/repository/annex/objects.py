"""Content of keys in the local annex: where it lies, and how it gets in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.keys import branch_folder, key_file, link_target
from datalad_jsdl.repository.git.running import batches

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.repository.git.running import Git

__all__ = ["inject", "is_here", "object_file", "object_path"]

_ANNEX = ".git/annex/"


def object_path(annex_dir: Path, key: str) -> Path | None:
    """The file with the key's content, or None if it is not here.

    Args:
        annex_dir: the ``annex`` folder in the ``.git`` folder.
        key: which content.
    """
    found = object_file(str(annex_dir), key)
    return Path(found) if found else None


def is_here(annex_dir: Path, key: str) -> bool:
    """Whether the key's content is here; see `object_path`."""
    return bool(object_file(str(annex_dir), key))


def object_file(annex_dir: str, key: str) -> str:
    """As `object_path`, for many; "" if it is not here."""
    # link_target names .git/annex/objects/…
    mixed = f"{annex_dir}/{link_target('', key).removeprefix(_ANNEX)}"
    if os.path.isfile(mixed):
        return mixed
    # bare and crippled repositories hash otherwise
    name = key_file(key)
    lower = f"{annex_dir}/objects/{branch_folder(key)}{name}/{name}"
    return lower if os.path.isfile(lower) else ""


def inject(git: Git, files: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Move files named by their key (`keys.key_file`) into the annex, verified by it.

    Yields:
        Each file that was *not* taken, and what git-annex said of it.
    """
    for batch in batches(str(file) for file in files):
        done = git.attempt(
            # the journal is committed once, by `importer.catch_up` or git-annex's next command
            "-c", "annex.alwayscommit=false",
            "annex", "reinject", "--quiet", "--guesskeys", *batch,
        )  # fmt: skip
        # what it takes it moves away; a word on each that it took would cost it more
        left = [file for file in batch if os.path.lexists(file)]
        for file in left:
            yield Path(file), _said(done, Path(file).name)


def _said(done: subprocess.CompletedProcess[bytes], name: str) -> str:
    """What git-annex said of one file."""
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    own = [line.strip() for line in lines if name in line]
    return " ".join(own or [line.strip() for line in lines[-3:]]) or "git-annex rejected it"
