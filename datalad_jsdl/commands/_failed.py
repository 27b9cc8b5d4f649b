"""``download-manifest --failed``: what could not be imported, as a manifest to try again with.

It is JSON Lines, in the project's own form with a further field ``reason``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.archive.output import FileOutput
from datalad_jsdl.manifest.own_form import own_form
from datalad_jsdl.manifest.parts import joined
from datalad_jsdl.manifest.writing import json_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from datalad_jsdl.manifest.selection import Selection

__all__ = ["write_failed"]


def write_failed(
    file: Path, selection: Selection, problems: Mapping[str, str], prefix: str
) -> None:
    """Write the entries that were refused, and those with problems.

    Only the user may read the file: it may have signed URLs in it.

    Args:
        file: its absolute path; it is replaced when the new one is complete.
        selection: what the manifest came to.
        problems: path in the dataset, without marks of subdatasets → why it was not imported.
        prefix: folder that paths were put into, without a trailing slash; the file has them
            as the manifest gives them.

    Raises:
        ArchiveError, OSError: it cannot be written; the one that was there is as it was.
    """
    with FileOutput(file, rewinds=False, mode=0o600) as output:
        for line in _lines(selection, problems, prefix):
            # what is a lone surrogate in Python is an escape in JSON
            output.write(line.encode("utf-8", "backslashreplace"))
        output.finish()


def _lines(selection: Selection, problems: Mapping[str, str], prefix: str) -> Iterator[str]:
    for refusal in selection.refusals:
        # "" where there was none that could be read: a line without would not be known as one
        path, reason = refusal.path or "", {"reason": refusal.reason}
        try:
            yield json_line(path, {**refusal.given, **reason})
        except RecursionError:  # what was read with not one bracket to spare
            yield json_line(path, reason)
    if not problems:
        return
    start = f"{prefix}/" if prefix else ""
    for path, entry in selection.entries.items():
        if problem := problems.get(joined(path)):
            fields = {**own_form(entry, signed=True), "reason": problem}
            yield json_line(path.removeprefix(start), fields)
