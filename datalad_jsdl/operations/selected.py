"""What the selected entries of a manifest mean for the import as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.model.paths import is_housekeeping

if TYPE_CHECKING:
    from datalad_jsdl.manifest.selection import Selection

__all__ = ["is_housekeeping_only", "why_nothing", "why_nothing_is_gone"]


def why_nothing_is_gone(selection: Selection) -> str:
    """Why the manifest does not tell what is gone; "" if it does."""
    if not selection.entries:
        return "nothing is deleted: no entry was taken from the manifest"
    if selection.left_over:
        return (
            "nothing is deleted: the manifest has only what an earlier run could not import "
            "(--failed), so that it cannot be told what is gone"
        )
    if any(refusal.path is None for refusal in selection.refusals):
        return (
            "nothing is deleted: the manifest has entries whose path could not be read, "
            "so that it cannot be told what is gone"
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
        return (
            f"there is nothing to import: none of {selection.skipped} entries is selected by "
            "--include and --exclude"
        )
    if selection.refusals:
        return "there is nothing to import: all entries were refused"
    return "there is nothing to import: the manifest has no entries"
