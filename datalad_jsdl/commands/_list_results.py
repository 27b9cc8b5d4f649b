"""Result records of ``datalad download-list``, and how they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unicodedata import category

import humanize
from datalad.interface.results import get_status_dict

from datalad_jsdl.commands._common import message_of
from datalad_jsdl.model.amounts import counted, size_text
from datalad_jsdl.operations.availability import Access

if TYPE_CHECKING:
    import logging
    from pathlib import Path

    from datalad_jsdl.orders.model import FileRef, FileState, ListedFile, Statistics
    from datalad_jsdl.orders.review import Group, Review

__all__ = ["amounts", "file_record", "path_of", "review_record", "shown", "words"]

_WORDS = {
    Access.OPEN: "available",
    Access.LOGIN: "needs a login",
    Access.TERMS: "needs terms to be accepted",
    Access.REQUEST: "has to be requested",
    Access.UNKNOWN: "not known: the mirror did not answer",
    Access.REFUSED: "refused",
    Access.DAMAGED: "damaged or replaced",
    Access.GONE: "gone",
}


def words(access: Access) -> str:
    """What stands in the way of a file, for people."""
    return _WORDS[access]


def amounts(found: Statistics) -> str:
    """``37 files, 4.2 GB``."""
    text = f"{counted(found.files, 'file')}, {size_text(found.size)}"
    return f"{text} and {found.unsized} of unknown size" if found.unsized else text


def path_of(ref: FileRef, *, several: bool) -> str:
    """As an archive has it: of several sources each is in a folder with its name."""
    return f"{ref.source}/{ref.path}" if several else ref.path


def file_record(
    action: str,
    path: Path,
    file: ListedFile,
    group: Group,
    state: FileState | None,
    logger: logging.Logger,
    *,
    several: bool = False,
) -> dict[str, Any]:
    """A file of a list, at a path, with what stands in its way; of *several* sources or one."""
    record: dict[str, Any] = get_status_dict(
        action=action, status="ok", path=str(path), type="file", logger=logger
    )
    record |= {
        "source": file.ref.source,
        "entry": file.ref.path,
        "version": file.ref.version,
        "bytes": file.size,
        "access": "too-large" if group.too_large else group.access.value,
        "where": group.where,
        "text": group.text,
    }
    if state is not None:
        record["since"] = state.since.isoformat()
    size = "unknown size" if file.size is None else size_text(file.size)
    said = "too large for one order" if group.too_large else words(group.access)
    record["message"] = f"{path_of(file.ref, several=several)}  {size}  {said}"
    return record


def review_record(review: Review, total: Statistics) -> dict[str, Any]:
    """A list in all: fields of a result record."""
    lines = [f"on the list: {amounts(total)}" if total.files else "the list is empty"]
    groups = []
    for group in review.groups:
        orderable = group.is_orderable
        groups.append(
            {
                "access": "too-large" if group.too_large else group.access.value,
                "where": group.where,
                "text": group.text,
                "files": group.statistics.files,
                "bytes": group.statistics.size,
                "orderable": orderable,
            }
        )
        if not orderable or group.access is Access.UNKNOWN:
            said = "too large for one order" if group.too_large else words(group.access)
            more = "; ".join(filter(None, (group.where, group.text)))
            lines.append(f"{amounts(group.statistics)}: {said}" + (f" ({more})" if more else ""))
    if total.files:
        line = f"can be ordered: {amounts(review.orderable)}"
        if review.seconds is not None:
            line += f", about {humanize.naturaldelta(review.seconds)} to download"
        lines.append(line)
    return {
        "message": "\n".join(lines),
        "files": total.files,
        "bytes": total.size,
        "groups": groups,
        "orderable": review.orderable.files,
        "seconds": review.seconds,
    }


def shown(record: dict[str, Any]) -> str:
    """A record in words; what a terminal would obey, in a name or in a manifest, is escaped."""
    text = "".join(map(_harmless, message_of(record)))
    return text if record["status"] == "ok" else f"{record['status']}: {text}"


def _harmless(char: str) -> str:
    if char == "\n" or category(char) not in ("Cc", "Cs"):
        return char
    return char.encode("unicode_escape").decode()
