"""Which paths a user chose, by patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


__all__ = ["Filter", "Unmatched", "folders_of"]


@dataclass(frozen=True)
class Filter:
    """Glob patterns on paths, as ``git annex --include``: ``*`` also matches ``/``.

    A pattern that matches a folder matches all that is in it. Without *include*
    everything is included; *exclude* has the last word.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()

    def __call__(self, path: str) -> bool:
        if not self.include and not self.exclude:
            return True
        if not self.exclude and _any_match((path,), self.include):
            return True  # as most do; its folders need not be looked at
        names = (path, *folders_of(path))
        if self.include and not _any_match(names, self.include):
            return False
        return not _any_match(names, self.exclude)

    def may_match_in(self, folder: str) -> bool:
        """Whether a path in a folder may be let through; nothing that is there is looked at."""
        names = (folder, *folders_of(folder))
        if _any_match(names, self.exclude):
            return False
        starts = [re.split(r"[*?\[]", pattern)[0] for pattern in self.include]
        return (
            not self.include
            or _any_match(names, self.include)
            or any(f"{folder}/".startswith(s) or s.startswith(f"{folder}/") for s in starts)
        )


class Unmatched:
    """Patterns that no path has matched so far: a user may have mistyped them.

    Args:
        wanted: has the patterns; None for none.

    Attributes:
        patterns: those.
    """

    def __init__(self, wanted: Filter | None) -> None:
        self.patterns = [*wanted.include, *wanted.exclude] if wanted else []

    def see(self, path: str) -> None:
        """There is this path."""
        if self.patterns:
            names = (path, *folders_of(path))
            self.patterns = [p for p in self.patterns if not _any_match(names, (p,))]

    def see_all(self, paths: Iterable[str]) -> None:
        """There are these paths; they are looked at no longer than is needed."""
        for path in paths:
            if not self.patterns:
                return
            self.see(path)


def folders_of(path: str) -> Iterator[str]:
    """The folders that *path* lies in, innermost first."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _any_match(names: Iterable[str], patterns: Sequence[str]) -> bool:
    globs = [pattern.removeprefix("./").rstrip("/") for pattern in patterns]
    return any(fnmatchcase(name, glob) for glob in globs for name in names)
