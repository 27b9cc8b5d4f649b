"""What a user chooses: files, folders, and queries on what is in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from datalad_jsdl.model.filters import Filter, folders_of
from datalad_jsdl.orders.model import Statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from datalad_jsdl.orders.model import FileRef, FileState, ListedFile, Source

__all__ = ["Choice", "Chosen", "chosen_across", "statistics_of"]


@dataclass(frozen=True)
class Choice:
    """Files of one source.

    A folder stands for the files that are directly in it. If *recursive* is set, or a query is
    given, it stands for all that are below.

    Attributes:
        paths: files and folders, without a slash at their end; "" for the folder of all.
        recursive: take folders in folders, too.
        globs: query: patterns on paths, see `Filter`; one of them has to match.
        where: query: a filter on the rows of the dataset's tables, see `TableFilter`; or "".
        metadata: query: conditions on git-annex's metadata, as ``git annex find --metadata``
            has them (``FIELD=GLOB``, ``FIELD>3``); all of them have to hold.
        ref: the commit, of a dataset.
    """

    paths: Sequence[str] = ("",)
    recursive: bool = False
    globs: Sequence[str] = ()
    where: str = ""
    metadata: Sequence[str] = ()
    ref: str = "HEAD"
    wanted: Filter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "wanted", Filter(self.globs))

    @property
    def is_query(self) -> bool:
        """Whether conditions are given, beside paths."""
        return bool(self.globs or self.where or self.metadata)

    def __call__(self, path: str) -> bool:
        """Whether a path is chosen, as far as paths and globs tell."""
        if not (self._is_below(path) or path in self._paths):
            return False
        return not self.globs or self.wanted(path)

    def _is_below(self, path: str) -> bool:
        deep = self.recursive or self.is_query
        if "" in self._paths and (deep or "/" not in path):
            return True
        if not deep:
            return path.rpartition("/")[0] in self._paths
        return any(folder in self._paths for folder in folders_of(path))

    def touches(self, folder: str) -> bool:
        """Whether files below a folder may be chosen."""
        names = (folder, *folders_of(folder), "")
        inside = any(path.startswith(f"{folder}/") for path in self.paths)
        deep = self.recursive or self.is_query
        return inside or (deep and any(name in self._paths for name in names))

    @cached_property
    def _paths(self) -> frozenset[str]:
        return frozenset(self.paths)


@dataclass(frozen=True)
class Chosen:
    """What a choice comes to.

    Attributes:
        source: that the files are of.
        files: in the order of their paths.
        states: of those that the manifest restricts, by path.
        missing: subdatasets that are not here, and files that no archive can have: path → why.
    """

    source: Source
    files: Sequence[ListedFile]
    states: dict[str, FileState] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def statistics_of(files: Sequence[ListedFile]) -> Statistics:
    """How much files are together."""
    sizes = [file.size for file in files if file.size is not None]
    return Statistics(len(files), sum(sizes), len(files) - len(sizes))


def chosen_across(paths: Iterable[str], names: Collection[str]) -> Callable[[FileRef], bool]:
    """Whether a file of one source or several is at one of some paths, or below.

    Of several sources, a path that begins with the name of one, as in an archive, is about that
    one; any other path is about each of them.

    Args:
        paths: without a slash at their end; "" for all files.
        names: of the sources that there are.
    """
    everywhere: list[str] = []
    of_sources: dict[str, list[str]] = {}
    for path in paths:
        name, _, inner = path.partition("/")
        if len(names) > 1 and name in names:
            of_sources.setdefault(name, []).append(inner)
        else:
            everywhere.append(path)
    anywhere = Choice(tuple(everywhere), recursive=True)
    own = {name: Choice(tuple(inner), recursive=True) for name, inner in of_sources.items()}

    def is_chosen(ref: FileRef) -> bool:
        return anywhere(ref.path) or (ref.source in own and own[ref.source](ref.path))

    return is_chosen
