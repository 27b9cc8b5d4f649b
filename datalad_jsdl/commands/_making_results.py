"""The result records of ``datalad make-manifest``, and what it warns of."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict

from datalad_jsdl.errors import reason
from datalad_jsdl.model.amounts import counted, size_text
from datalad_jsdl.model.urls import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.operations.make_manifest import Made, MakeOptions

__all__ = ["ACTION", "MOST_LINES", "lgr", "records"]

lgr = logging.getLogger("datalad.jsdl.make_manifest")

ACTION = "make_manifest"
MOST_LINES = 10  # on files that are left out, for people
_MOST_RECORDS = 1000  # on the same


def records(made: Made, options: MakeOptions, path: Path) -> Iterator[dict[str, Any]]:
    """The result records of a manifest that was written; the last one is the summary."""
    if made.cache_error is not None:
        lgr.warning(
            "digests could not be kept for a run that is interrupted: %s", reason(made.cache_error)
        )
    for pattern in made.unmatched:
        lgr.warning("the pattern %r matches nothing in the folder", pattern)
    changes = made.changes
    if made.kept and changes is not None and (changes.new or changes.changed or changes.gone):
        lgr.warning(
            "the manifest still names %s, which is older than these changes: changed files are "
            "downloaded one by one; to write the zip again, run: datalad export-archive --manifest "
            "MANIFEST ZIP", _named(made.kept),
        )  # fmt: skip
    if made.dropped:
        lgr.warning(
            "a manifest in %s cannot name a zip: the new one is without %s; json and jsonl can",
            options.format_name, _named(made.dropped),
        )  # fmt: skip
    if made.secret:
        lgr.warning(
            "the new manifest does not name the zip %s, whose URL seems to contain a "
            "secret; to name one, add --archive URL", _named(made.secret),
        )  # fmt: skip
    for place, item in enumerate(made.left_out[:_MOST_RECORDS], 1):
        there = options.folder / item.path
        record = _record("impossible", there, item.reason)
        yield {**record, "entry": item.path, "place": place}
    yield {
        **_record("ok", path, _summary(made, options)),
        "format": options.format_name,
        "entries": made.entries,
        "size": made.size,
        "read": made.read,
        "resumed": made.resumed,
        "left_out": len(made.left_out),
        "lost": dict(made.lost),
        "changes": None if made.changes is None else vars(made.changes),
    }


def _named(archives: Sequence[NamedArchive]) -> str:
    return ", ".join(redact(archive.urls[0]) for archive in archives)


def _record(status: str, path: Path, message: str) -> dict[str, Any]:
    record: dict[str, Any] = get_status_dict(
        action=ACTION, status=status, path=str(path), type="file", logger=lgr
    )
    return {**record, "message": message}


def _summary(made: Made, options: MakeOptions) -> str:
    text = f"listed {counted(made.entries, 'file')}, {size_text(made.size)}"
    if made.read < made.entries:
        text += f"; read {made.read} of them ({size_text(made.read_size)})"
    if (changes := made.changes) is not None:
        text += f"; {changes.new} new, {changes.changed} changed, {changes.gone} gone"
    if made.own:
        text += f"; skipped {counted(made.own, 'file or folder', 'files and folders')} of git's or"
        text += " DataLad's own"
    if made.left_out:
        text += f"; could not list {len(made.left_out)}; to skip them on purpose, add --exclude"
    lost = {what: number for what, number in made.lost.items() if what != "pieces"}
    if lost:
        what = ", ".join(f"{what} ({counted(number, 'file')})" for what, number in lost.items())
        text += f"; {options.format_name} cannot hold {what}"
    return text
