"""What download-manifest shows a person of its result records."""

from __future__ import annotations

import os
import shlex
from typing import Any

from datalad.ui import ui

from datalad_jsdl.commands._causes import is_told_later
from datalad_jsdl.commands._common import EXTENSION_LINE, is_extension_loaded, message_of
from datalad_jsdl.commands._diffstat import stat_lines
from datalad_jsdl.model.amounts import counted, size_text

__all__ = ["render"]

_SIGNS = {
    "added": "+",
    "changed": "~",
    "urls": "u",
    "mtime": "t",
    "access": "a",
    "unchanged": "=",
    "deleted": "-",
}


def render(result: dict[str, Any]) -> None:
    """Show one record to a person."""
    message = result.get("message", "")
    if result.get("check") or result.get("summed_up") or is_told_later(result):
        return  # shown all together: in a table, in the summary, or at the end
    own = result["path"] == result.get("refds")
    if (result["status"], result["type"], own) == ("notneeded", "dataset", False):
        return  # one of many subdatasets, with nothing new
    if result["status"] in ("error", "impossible"):
        ui.message(f"error: {message_of(result)}")
    elif result["type"] == "file":
        old = f" (was {result['renamed_from']})" if "renamed_from" in result else ""
        ui.message(f"{_SIGNS[result['change']]} {result['entry']}{old}")
    elif "stat" in result and result.get("dry_run"):
        ui.message(f"{result['path']}: {message}")
        for line in stat_lines(result["stat"]):
            ui.message(line)
        ui.message("nothing was written (--dry-run)")
    else:
        for line in stat_lines(result.get("stat", ())):
            ui.message(line)
        gone = result.get("gone", []) if not result.get("counts", {}).get("deleted") else []
        for path in gone[:10]:
            ui.message(f"? {path} (no longer in the manifest)")
        ui.message(f"{result['path']}: {message}")
        if own and result.get("files_waiting"):
            _tell_next(result)
        if not result.get("dry_run") and not is_extension_loaded():
            ui.message(
                "hint: 'datalad export-archive' is still DataLad's own; for reproducible zips, "
                f"run once: {EXTENSION_LINE}"
            )


def _tell_next(result: dict[str, Any]) -> None:
    files, unsized = result["files_waiting"], result["unsized_waiting"]
    text, verb = counted(files, "file"), "is" if files == 1 else "are"
    if unsized == files:
        text += " of unknown size"
    else:
        size = size_text(result["bytes_waiting"])
        text += f", {size} plus {unsized} of unknown size," if unsized else f", {size},"
    ui.message(f"{text} {verb} not downloaded yet. Next:")
    folder = os.path.relpath(result["path"])
    change = "" if folder == "." else f"cd {shlex.quote(folder)} && "
    ui.message(f"  {change}datalad download-content")
