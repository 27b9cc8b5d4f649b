"""What operations yield besides values of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Failure", "Notice"]


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
