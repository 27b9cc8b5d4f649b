"""What the commands share."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict
from datalad.log import log_progress

from datalad_jsdl.errors import reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.model.entry import Refusal

__all__ = [
    "EXTENSION_LINE",
    "Bars",
    "failure",
    "given_place",
    "is_extension_loaded",
    "message_of",
    "refusal_text",
]

EXTENSION_LINE = "git config --global --add datalad.extensions.load jsdl"


def is_extension_loaded() -> bool:
    """Whether the literal command export-archive is ours and not DataLad's own."""
    from datalad import cfg

    loaded = cfg.get("datalad.extensions.load", get_all=True) or ()
    return "jsdl" in ([loaded] if isinstance(loaded, str) else loaded)


def failure(
    action: str, path: Path, error: Exception, logger: logging.Logger, kind: str = "dataset"
) -> dict[str, Any]:
    """The result record of a command that could not be carried out."""
    record: dict[str, Any] = get_status_dict(
        action=action, path=str(path), type=kind, status="error", logger=logger
    )
    record["message"] = reason(error)
    return record


def refusal_text(refusal: Refusal) -> str:
    """Which entry was refused, and why."""
    if refusal.path is None:
        where = f"{refusal.where}: " if refusal.where else ""
        return f"{where}{refusal.reason}; entry skipped"
    where = f" ({refusal.where})" if refusal.where else ""
    return f"refused {refusal.path!r}{where}: {refusal.reason}"


def given_place(dataset: Any) -> Path:
    """Where the dataset that was given is; the current folder if none was."""
    given = getattr(dataset, "pathobj", dataset)
    return Path.cwd() if given is None else Path(given)


def message_of(record: Mapping[str, Any]) -> str:
    """What a result record of any command says, in one line or more."""
    message = record.get("message") or ""
    return str(message[0] % message[1:]) if isinstance(message, tuple) else str(message)


class Bars:
    """DataLad's progress bars, for `operations.progress.Progress`."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def bar(self, work: str, unit: str = " files") -> _Bar:
        """Bars for one piece of work."""
        return _Bar(self._logger, work, unit)


class _Bar:
    """Progress bars, one for each label; nothing where there is no terminal."""

    def __init__(self, logger: logging.Logger, identity: str, unit: str) -> None:
        self._logger = logger
        self._identity = identity
        self._unit = unit
        self._shown: set[str] = set()

    def update(self, label: str, done: int, total: int | None, text: str = "") -> None:
        """Show that *done* of *total* are there; *text* takes the label's place."""
        pid = f"{self._identity} {label}"
        if pid not in self._shown:
            self._shown.add(pid)
            name = text or label
            self._log(pid, label, total=total, label=name, unit=self._unit, initial=done)
        more = {"label": text} if text else {}
        self._log(pid, label, update=done, total=total, **more)

    def end(self, label: str) -> None:
        """What the label stands for is done."""
        pid = f"{self._identity} {label}"
        if pid in self._shown:
            self._shown.remove(pid)
            self._log(pid, "done")

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._shown:
            self._log(pid, "done")

    def _log(self, pid: str, text: str, **bar: Any) -> None:
        log_progress(self._logger.info, pid, text, noninteractive_level=logging.DEBUG, **bar)
