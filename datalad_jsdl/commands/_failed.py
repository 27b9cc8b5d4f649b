"""``download-manifest --failed``: what could not be imported, as a manifest to try again with.

It is JSON Lines, in the project's own form with a further field ``reason``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.archive.output import FileOutput
from datalad_jsdl.manifest.own_form import own_form
from datalad_jsdl.manifest.writing import json_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from datalad_jsdl.commands._importing import Outcome
    from datalad_jsdl.manifest.selection import Selection

__all__ = ["write_failed"]


def write_failed(file: Path, selection: Selection, outcome: Outcome | None, prefix: str) -> None:
    """Write the entries that were refused, in conflict, or not fetched.

    Only the user may read the file: it may have signed URLs in it.

    Args:
        file: its absolute path; it is replaced when the new one is complete.
        selection: what the manifest came to.
        outcome: what became of that; None if the import as a whole failed.
        prefix: folder that paths were put into, without a trailing slash; the file has them
            as the manifest gives them.

    Raises:
        ArchiveError, OSError: it cannot be written; the one that was there is as it was.
    """
    with FileOutput(file, rewinds=False, mode=0o600) as output:
        for line in _lines(selection, outcome, prefix):
            # what is a lone surrogate in Python is an escape in JSON
            output.write(line.encode("utf-8", "backslashreplace"))
        output.finish()


def _lines(selection: Selection, outcome: Outcome | None, prefix: str) -> Iterator[str]:
    for refusal in selection.refusals:
        # "" where there was none that could be read: a line without would not be known as one
        path, reason = refusal.path or "", {"reason": refusal.reason}
        try:
            yield json_line(path, {**refusal.given, **reason})
        except RecursionError:  # what was read with not one bracket to spare
            yield json_line(path, reason)
    if outcome is None:
        return
    reasons = {conflict.path: conflict.reason for conflict in outcome.plan.conflicts}
    reasons |= outcome.failures
    start = f"{prefix}/" if prefix else ""
    for path, problem in reasons.items():
        fields = own_form(selection.entries[path], signed=True)
        yield json_line(path.removeprefix(start), {**fields, "reason": problem})
