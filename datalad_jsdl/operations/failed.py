"""``download-manifest --failed``: what could not be imported, as a manifest to try again with.

It is JSON Lines, in the project's own form with a further field ``reason``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from datalad_jsdl.archive.output import opened
from datalad_jsdl.archive.targets import followed, is_special
from datalad_jsdl.errors import DatasetError
from datalad_jsdl.manifest.own_form import own_form
from datalad_jsdl.manifest.writing import json_line
from datalad_jsdl.model.subdatasets import joined
from datalad_jsdl.operations.values import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from datalad_jsdl.manifest.selection import Selection
    from datalad_jsdl.operations.import_parts import Problem

__all__ = ["check_other", "check_target", "is_same", "is_spent", "write_failed"]


def check_target(file: Path) -> None:
    """Whether the file could be written, as far as can be told before an hour of work.

    Raises:
        DatasetError: it could not.
        ArchiveError: it is a link that leads nowhere.
    """
    if is_special(file):
        return
    file = followed(file)
    if file.is_dir():
        raise DatasetError(f"--failed: {file} is a folder; give the name of a file")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        why = "is not writable" if file.parent.is_dir() else "does not exist"
        raise DatasetError(f"--failed: the folder {file.parent} {why}")


def check_other(file: Path, manifest: Path | None) -> None:
    """Make sure that a manifest is not replaced by what is left over of it.

    Args:
        file: to write to.
        manifest: that is imported, if it is a file, and was not itself left over.

    Raises:
        DatasetError: they are the same.
    """
    if is_same(file, manifest):
        raise DatasetError(f"--failed would replace the manifest {file}; give another name")


def is_spent(file: Path, manifest: Path | None) -> bool:
    """Whether the manifest is this very file, and an earlier run has left nothing over in it."""
    return is_same(file, manifest) and file.stat().st_size == 0


def is_same(file: Path, manifest: Path | None) -> bool:
    """Whether what is left over goes into the very manifest that is imported."""
    return manifest is not None and file.exists() and manifest.exists() and file.samefile(manifest)


def write_failed(
    file: Path, selection: Selection, problems: Mapping[str, Problem], prefix: str
) -> None:
    """Write the entries that were refused, and those with problems.

    Only the user may read the file: it may have signed URLs in it.

    Args:
        file: its absolute path; it, or what it is a link to, is replaced when the new one is
            complete.
        selection: what the manifest came to.
        problems: path in the dataset, without marks of subdatasets → why it was not imported.
        prefix: folder that paths were put into, without a trailing slash; the file has them
            as the manifest gives them.

    Raises:
        ArchiveError, OSError: it cannot be written; the one that was there is as it was.
    """
    with opened(file, private=True) as output:
        for line in _lines(selection, problems, prefix):
            # what is a lone surrogate in Python is an escape in JSON
            output.write(line.encode("utf-8", "backslashreplace"))
        output.finish()


def _lines(selection: Selection, problems: Mapping[str, Problem], prefix: str) -> Iterator[str]:
    for refusal in selection.refusals:
        # "" where there was none that could be read: a line without would not be known as one
        path, why = refusal.path or "", {"reason": refusal.reason}
        try:
            yield json_line(path, {**refusal.given, **why})
        except RecursionError:  # what was read with not one bracket to spare
            yield json_line(path, why)
    if not problems:
        return
    start = f"{prefix}/" if prefix else ""
    for path, entry in selection.entries.items():
        if problem := problems.get(joined(path)):
            fields = {**own_form(entry, signed=True), "reason": in_words(problem)}
            yield json_line(path.removeprefix(start), fields)
