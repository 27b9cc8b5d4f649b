"""What operations yield besides values of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from datalad_jsdl.errors import reason
from datalad_jsdl.faults import Failed
from datalad_jsdl.fetch.phrases import told

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Failure", "Notice", "in_words"]


@dataclass(frozen=True)
class Failure:
    """Something that could not be done; the rest goes on.

    Attributes:
        path: of the dataset or file that it is about, absolute.
        error: why; a `JsdlError` or an `OSError`.
        is_file: it is about a file, not a dataset.
        action: what could not be done, if that is only a part of the operation: "create", "save".
    """

    path: Path
    error: Exception
    is_file: bool = False
    action: str = ""


@dataclass(frozen=True)
class Notice:
    """Something that the user should know, and that is no failure."""

    text: str


def in_words(problem: object) -> str:
    """Why something was not done, for a person: a `Failed`, an error, or a value that says so."""
    if isinstance(problem, Failed):
        return told(problem)
    return reason(problem) if isinstance(problem, Exception) else str(problem)
