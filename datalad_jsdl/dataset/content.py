"""Content of keys in the local annex: where it lies, and how it gets in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.dataset.git import batches
from datalad_jsdl.dataset.keys import branch_path, key_file, link_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datalad_jsdl.dataset.git import Git

__all__ = ["inject", "object_path"]


def object_path(annex_dir: Path, key: str) -> Path | None:
    """The file with the key's content, or None if it is not here.

    Args:
        annex_dir: the ``annex`` folder in the ``.git`` folder.
        key: which content.
    """
    # link_target names .git/annex/objects/…; bare and crippled repositories hash otherwise
    mixed = Path(*Path(link_target("", key)).parts[2:])
    lower = Path("objects", *Path(branch_path(key)).parts[:2], key_file(key), key_file(key))
    for relative in (mixed, lower):
        if (annex_dir / relative).is_file():
            return annex_dir / relative
    return None


def inject(git: Git, files: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Move files named by their key (`keys.key_file`) into the annex, verified by it.

    Yields:
        Each file that was *not* taken, and what git-annex said of it.
    """
    for batch in batches(str(file) for file in files):
        done = git.attempt(
            # the journal is committed once, by `importer.catch_up` or git-annex's next command
            "-c", "annex.alwayscommit=false",
            "annex", "reinject", "--guesskeys", "--json", "--json-error-messages",
            *batch,
        )  # fmt: skip
        said = {}
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            answer = json.loads(line)
            for name in answer.get("input") or [answer.get("file")]:
                said[name] = "" if answer["success"] else " ".join(answer["error-messages"])
        for file in batch:
            if message := said.get(file, done.stderr.decode("utf-8", "replace").strip()):
                yield Path(file), message
