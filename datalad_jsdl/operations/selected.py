"""What the selected entries of a manifest mean for the import as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from datalad_jsdl.model.paths import is_housekeeping

if TYPE_CHECKING:
    import logging

    from datalad_jsdl.manifest.selection import Selection

__all__ = ["is_housekeeping_only", "may_delete", "why_nothing"]


def may_delete(selection: Selection, logger: logging.Logger) -> bool:
    """Whether the manifest tells what is gone; a warning if it does not."""
    if not selection.entries:
        logger.warning("nothing is deleted: no entry was taken from the manifest")
        return False
    if selection.left_over:
        logger.warning(
            "nothing is deleted: the manifest has only what an earlier run could not import "
            "(--failed), so that it cannot be told what is gone"
        )
        return False
    if any(refusal.path is None for refusal in selection.refusals):
        logger.warning(
            "nothing is deleted: the manifest has entries whose path could not be read, "
            "so that it cannot be told what is gone"
        )
        return False
    return True


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
