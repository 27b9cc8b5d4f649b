"""What the selected entries of a manifest mean for the import as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.paths import is_housekeeping

if TYPE_CHECKING:
    from datalad_jsdl.manifest.selection import Selection

__all__ = ["is_housekeeping_only", "why_nothing", "why_nothing_is_gone"]


def why_nothing_is_gone(selection: Selection) -> str:
    """Why the manifest does not tell what is gone; "" if it does."""
    if not selection.entries:
        return "nothing is deleted: no entry of the manifest can be imported"
    if selection.left_over:
        return (
            "nothing is deleted: the manifest lists only what an earlier run could not import "
            "(--failed), and does not show which files are gone"
        )
    if any(refusal.path is None for refusal in selection.refusals):
        return (
            "nothing is deleted: the manifest has refused entries without a path, and does not "
            "show which files are gone"
        )
    return ""


def is_housekeeping_only(selection: Selection) -> bool:
    """Whether all that there is was refused for being a repository's own: no data are missing."""
    return (
        bool(selection.refusals)
        and not selection.entries
        and all(r.path is not None and is_housekeeping(r.path) for r in selection.refusals)
    )


def why_nothing(selection: Selection) -> str:
    """A sentence for a manifest of which nothing can be imported."""
    if selection.skipped:
        entries = counted(selection.skipped, "entry", "entries")
        return f"nothing to import: --include and --exclude filter out {entries}"
    if selection.refusals:
        return "nothing to import: all entries were refused"
    return "nothing to import: the manifest has no entries"
