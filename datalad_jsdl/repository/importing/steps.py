"""What an import is going to do: values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from datalad_jsdl.repository.annex.branch import KeyRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from datalad_jsdl.model.entry import Entry


__all__ = ["Change", "Conflict", "Plan", "Step", "in_order_of_paths"]


class Change(str, Enum):
    """What an entry means for the dataset."""

    ADDED = "added"
    CHANGED = "changed"
    URLS = "urls"  # same content, other URLs or another order of them
    MTIME = "mtime"  # same content and URLs, another time
    ACCESS = "access"  # same content, URLs and time, another restriction
    UNCHANGED = "unchanged"
    DELETED = "deleted"  # gone from the manifest, and deletion was asked for


@dataclass(frozen=True, slots=True)
class Step:
    """One path of the plan.

    Attributes:
        path: within the dataset.
        change: what is done to it.
        key: the key it has afterwards (for DELETED, the one it had), or "" for a file
            that is kept in git or goes into it.
        mode: its mode afterwards.
        old_key: the key it had, if any.
        entry: None for DELETED.
        content: of the file, where git itself gets it; else None.
    """

    path: str
    change: Change
    key: str
    mode: str
    old_key: str | None = None
    entry: Entry | None = None
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Conflict:
    """An entry that cannot be written for something that is in its way."""

    path: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What one import comes to.

    Attributes:
        steps: in the manifest's order, deletions last.
        conflicts: entries left out.
        gone: paths that an earlier import wrote and the manifest no longer has;
            left alone unless they are among the steps as DELETED.
        records: key → what the git-annex branch is to say; only those that change.
        renamed: path that is added → path that is gone and had the same content.
    """

    steps: list[Step]
    conflicts: list[Conflict]
    gone: list[str]
    records: Mapping[str, KeyRecord]
    renamed: dict[str, str]

    @property
    def writes_tree(self) -> bool:
        """Whether there is anything to commit to the work branch."""
        return any(s.change in (Change.ADDED, Change.CHANGED, Change.DELETED) for s in self.steps)

    def counts(self) -> dict[str, int]:
        """Number of steps by change, every change included."""
        counts = Counter(step.change for step in self.steps)
        return {change.value: counts[change] for change in Change}


def in_order_of_paths(steps: list[Step]) -> None:
    """Put steps into git's order, that of the bytes of their paths."""
    if all(step.path.isascii() for step in steps):
        steps.sort(key=lambda step: step.path)  # the same order, and no copy of a million paths
    else:
        steps.sort(key=lambda step: step.path.encode("utf-8", "surrogateescape"))
