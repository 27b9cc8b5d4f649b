"""What the commands share."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict

from datalad_jsdl.errors import DatasetError, reason
from datalad_jsdl.fetch.disk import is_full
from datalad_jsdl.fetch.phrases import MAKE_ROOM

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from datalad_jsdl.model.entry import Refusal

__all__ = [
    "EXTENSION_LINE",
    "failure",
    "given_place",
    "is_extension_loaded",
    "message_of",
    "refusal_text",
    "warn_of_path",
]

_PROGRAM = "git-annex-remote-jsdl"

EXTENSION_LINE = "git config --global --add datalad.extensions.load jsdl"


def is_extension_loaded() -> bool:
    """Whether the literal command export-archive is ours and not DataLad's own."""
    from datalad import cfg

    loaded = cfg.get("datalad.extensions.load", get_all=True) or ()
    return "jsdl" in ([loaded] if isinstance(loaded, str) else loaded)


def warn_of_path(logger: logging.Logger) -> None:
    """Warn if git-annex will not find the program of the special remote."""
    if shutil.which(_PROGRAM) is not None:
        return
    folder = Path(sys.executable).parent
    text = (
        f"{_PROGRAM} is not on PATH: 'git annex get' falls back to git-annex's own web remote, "
        "and 'git annex drop' fails"
    )
    if shutil.which(_PROGRAM, path=str(folder)) is not None:
        text += f"; for this shell, run: export PATH={shlex.quote(str(folder))}{os.pathsep}$PATH"
    logger.warning("%s", text)


def failure(
    action: str, path: Path, error: Exception, logger: logging.Logger, kind: str = "dataset"
) -> dict[str, Any]:
    """The result record of a command that could not be carried out."""
    record: dict[str, Any] = get_status_dict(
        action=action, path=str(path), type=kind, status="error", logger=logger
    )
    record["message"] = reason(error)
    # what git and git-annex say of a full disk is a page, and never what to do about it
    if isinstance(error, DatasetError) and is_full(path):
        logger.debug("%s", reason(error))
        record["message"] = f"the disk is full; {MAKE_ROOM}"
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
