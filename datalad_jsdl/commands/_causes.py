"""Files that were not had, at the end of what a command says: one line for each cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad.ui import ui

from datalad_jsdl.commands._common import message_of
from datalad_jsdl.model.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["is_told_later", "tell_causes"]

_MOST = 20  # lines
_NAMED = 3  # files that are named in one


def is_told_later(record: Mapping[str, Any]) -> bool:
    """Whether a record is shown at the end, together with others of the same cause."""
    return "cause" in record


def tell_causes(records: Iterable[Mapping[str, Any]]) -> None:
    """Show the records that are told later.

    Args:
        records: all of the command. A ``cause`` is a text that fits all files of the cause, and
            ``advice`` tells what to do about it; it need not be the same in all.
    """
    causes: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if is_told_later(record):
            causes.setdefault(record["cause"], []).append(record)
    for cause, files in list(causes.items())[:_MOST]:
        ui.message(f"error: {_line(cause, files)}")
        advice = max((record.get("advice", "") for record in files), key=len)
        if advice and len(files) > 1:  # of one file, its message has it
            ui.message(f"  {advice}")
    if rest := list(causes.values())[_MOST:]:
        number = sum(map(len, rest))
        ui.message(f"error: {counted(number, 'more file')} (see all with: datalad -f json …)")


def _line(cause: str, records: list[Mapping[str, Any]]) -> str:
    if len(records) == 1:
        return message_of(records[0])
    names = [str(record["entry"]) for record in records if record.get("entry")]
    named = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    return f"{counted(len(records), 'file')}: {cause}" + (f" ({named})" if named else "")
