"""How far work is: what an operation tells, and whoever shows it looks at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType

__all__ = ["SILENT", "Bar", "Progress", "Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a piece of work is.

    Attributes:
        done: what is here, in the unit of the work; what earlier runs have left included.
        total: what is wanted; None while that is unknown.
        files: number of files that are done; None where no files are counted beside the unit.
        of_files: number of files in all.
        moved: what was moved in this run, in the unit of the work: rates are of it. None if that
            is all that is done.
        mirrors: host → bytes that it has given in this run.
    """

    done: int
    total: int | None = None
    files: int | None = None
    of_files: int | None = None
    moved: int | None = None
    mirrors: Mapping[str, int] = field(default_factory=dict)


class Bar(Protocol):
    """Shows one piece of work, which may have several parts, each with a label."""

    def update(self, label: str, done: int, total: int | None) -> None:
        """So much of a part is done."""

    def watch(self, label: str, look: Callable[[], Standing]) -> None:
        """Look at a part now and then, from any thread, until it has ended."""

    def end(self, label: str) -> None:
        """A part is done."""


class Progress(Protocol):
    """Shows, or does not, how far work is."""

    def bar(self, work: str, unit: str = "files") -> AbstractContextManager[Bar]:
        """A bar for one piece of work.

        Args:
            work: tells it from others that are under way; nobody sees it.
            unit: of what is counted: "bytes", or a noun in the plural.
        """


class _Silent:
    """Shows nothing."""

    def bar(self, work: str, unit: str = "files") -> _Silent:
        return self

    def update(self, label: str, done: int, total: int | None) -> None:
        pass

    def watch(self, label: str, look: Callable[[], Standing]) -> None:
        pass

    def end(self, label: str) -> None:
        pass

    def __enter__(self) -> _Silent:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


#: Progress that nobody looks at.
SILENT: Progress = _Silent()
