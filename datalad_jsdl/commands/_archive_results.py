"""What export-archive tells of an archive: DataLad result records, and warnings."""

from __future__ import annotations

import logging
import shlex
from typing import TYPE_CHECKING, Any

from datalad.interface.utils import generic_result_renderer
from datalad.ui import ui

from datalad_jsdl.archive.zip.layout import Layout
from datalad_jsdl.commands._common import message_of
from datalad_jsdl.commands._last_line import came_text, warnings_of
from datalad_jsdl.model.amounts import counted, size_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.archive.export import Exported
    from datalad_jsdl.operations.home import Homes
    from datalad_jsdl.operations.transfers import Came

__all__ = ["lgr", "preview", "render", "report", "warn_of_damage"]

lgr = logging.getLogger("datalad.jsdl.export_archive")


def preview(contents: Sequence[Content]) -> dict[str, Any]:
    """What would be in it: fields of a result record."""
    remote = [c for c in contents if c.is_remote]
    unsized = sum(c.size is None for c in contents)
    size = Layout(c.member(c.size or 0) for c in contents).total
    text = f"would contain {counted(len(contents), 'file')}, {size_text(size)}"
    if unsized:
        text += f" plus {unsized} of unknown size"
    if remote:
        missing = sum(c.size or 0 for c in remote)
        text += f"; to download: {counted(len(remote), 'file')}, {size_text(missing)}"
        text += " or more" if any(c.size is None for c in remote) else ""
    if unverified := sum(map(_is_unverified, contents)):
        text += f"; {counted(unverified, 'file')} without a checksum"
    if without := [c.path for c in remote if not c.urls]:
        text += f"; {len(without)} neither present locally nor with a URL: "
        text += ", ".join(without[:3]) + (", …" if len(without) > 3 else "")
    return {
        "message": text,
        "dry_run": True,
        "members": len(contents),
        "bytesize": None if unsized else size,
    }


def _is_unverified(content: Content) -> bool:
    return not content.has_digest


def report(
    contents: Sequence[Content],
    absent: Mapping[str, str],
    exported: Exported,
    came: Came,
    missing_content: str,
) -> dict[str, Any]:
    """Tell what is to be told of an archive that was written.

    Args:
        contents: that were to be in it.
        absent: subdatasets that are not here: path → why.
        exported: what became of it.
        came: bytes of the archive.
        missing_content: how loudly to tell of what is missing.
    """
    for path, problem in exported.missing.items():
        log = lgr.warning if missing_content == "continue" else lgr.debug
        log("skipped %s, whose content is unavailable: %s", path, problem)
    included = [c for c in contents if c.path not in exported.missing]
    unverified = sum(map(_is_unverified, included))
    if unverified:
        lgr.warning(
            "%s without a checksum: the archive is reproducible only as long as all mirrors "
            "deliver the same content",
            counted(unverified, "file"),
        )
    for warning in (*exported.warnings, *warnings_of(came)):
        lgr.warning("%s", warning)
    missing = sorted([*exported.missing, *absent])
    skipped = f", {len(missing)} skipped" if missing else ""
    return {
        "message": came_text(len(included), came, unverified) + skipped,
        "members": len(included),
        "missing": missing,
        "bytesize": came.size,
        "seconds": round(came.seconds, 3),
    }


def warn_of_damage(exported: Exported, homes: Homes) -> None:
    """Tell which local contents are damaged, and how to repair them."""
    for content, problem in exported.damaged:
        root = shlex.quote(str(homes.of(content).repository.git.root))
        lgr.warning(
            "the local content of %s is damaged (%s); used the mirrors instead. "
            "To repair it, run: git -C %s annex fsck --key %s",
            content.path, problem, root, shlex.quote(content.key),
        )  # fmt: skip


def render(record: dict[str, Any]) -> None:
    """Show a record to a person; those of DataLad's own archives as DataLad does."""
    if record["status"] in ("error", "impossible"):
        ui.message(f"error: {record['path']}: {message_of(record)}")
    elif "members" in record:
        ui.message(f"{record['path']}: {record['message']}")
    else:
        generic_result_renderer(record)
