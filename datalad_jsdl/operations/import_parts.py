"""The import of a manifest into a dataset, and into those in it that its ``//`` mark."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from datalad_jsdl.errors import JsdlError
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.filters import folders_of
from datalad_jsdl.model.subdatasets import joined, parts_of
from datalad_jsdl.operations.import_one import dry_run, run_import
from datalad_jsdl.operations.import_request import Outcome, Request
from datalad_jsdl.operations.logins import own_lines, remember
from datalad_jsdl.operations.subdatasets import (
    is_begun,
    is_installed,
    is_taken,
    link_to,
    open_subdataset,
)
from datalad_jsdl.operations.values import Failure, Notice
from datalad_jsdl.repository.importing.importer import Importer, Scope
from datalad_jsdl.repository.repository import Repository, find_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from datalad_jsdl.faults import Failed
    from datalad_jsdl.manifest.selection import Selection
    from datalad_jsdl.model.archives import NamedArchive
    from datalad_jsdl.model.entry import Refusal
    from datalad_jsdl.model.filters import Filter
    from datalad_jsdl.model.subdatasets import Part
    from datalad_jsdl.operations.engines import Engines
    from datalad_jsdl.operations.import_options import ImportOptions
    from datalad_jsdl.operations.progress import Bar, Progress
    from datalad_jsdl.operations.run_record import Recording
    from datalad_jsdl.operations.staging import NotTakenIn
    from datalad_jsdl.operations.subdatasets import Datasets
    from datalad_jsdl.repository.importing.steps import Plan

    #: Why an entry was not imported.
    Problem = str | Failed | NotTakenIn | Exception

__all__ = ["Import", "Imported"]


class _Datasets:
    """The subdatasets of an import.

    Attributes:
        inner: folder of a dataset → folders of those right in it.
        opened: folder → the dataset, or why it is unavailable.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        folders = {part.folder: None for part in parts}
        self.inner: dict[str, list[str]] = {}
        for folder in folders:
            above = next((other for other in folders_of(folder) if other in folders), "")
            self.inner.setdefault(above, []).append(folder)
        self.opened: dict[str, Path | Exception] = {}

    def dataset(self, folder: str) -> Path:
        """The dataset of a part; raises what is in its way."""
        found = self.opened[folder]
        if isinstance(found, Exception):
            raise found
        return found

    def inside(self, folder: str) -> list[Path]:
        """Those right in a dataset that have been opened, and imported into without error."""
        found = (self.opened.get(inner) for inner in self.inner.get(folder, []))
        return [dataset for dataset in found if isinstance(dataset, Path)]

    def closed(self) -> list[str]:
        """Folders of those that are unavailable."""
        return [folder for folder, found in self.opened.items() if isinstance(found, Exception)]


def _innermost(part: Part) -> tuple[int, str]:
    return -part.folder.count("/"), part.folder


def _within(above: Path, path: Path) -> str:
    return path.relative_to(above).as_posix()


@dataclass(frozen=True)
class Imported:
    """What became of the part of a manifest that goes into one dataset.

    Attributes:
        folder: of the dataset within that of the import; "" for that one itself.
        outcome: of the part.
        refusals: entries of the manifest that were refused; of the import's own dataset alone.
        skipped: number of entries that were filtered out; likewise.
        others: plans of parts in subdatasets by folder; likewise.
    """

    folder: str
    outcome: Outcome
    refusals: Sequence[Refusal] = ()
    skipped: int = 0
    others: Mapping[str, Plan] = field(default_factory=dict)


@dataclass(frozen=True)
class Import:
    """One manifest on its way into datasets.

    Attributes:
        options: of the import.
        selection: of the manifest's entries.
        recording: what commits say of it.
        wanted: filter on the manifest's paths.
        delete: delete what is gone.
        datasets: makes and gets subdatasets.
        engines: for all of them.
        progress: shows how it is going.
        bar: shows how far fetching is.
        logins: where logins are, for this call; each dataset remembers them.
        finish: called when all is imported, with what was not: path in the dataset without
            marks → why. It yields what goes wrong.
    """

    options: ImportOptions
    selection: Selection
    recording: Recording
    wanted: Filter
    delete: bool
    datasets: Datasets
    engines: Engines
    progress: Progress
    bar: Bar
    logins: tuple[str, ...]
    finish: Callable[[Mapping[str, Problem]], Iterator[Failure]]

    def run(self) -> Iterator[Imported | Failure | Notice]:
        """Import every part; inner ones first, so that those above can record them.

        Yields:
            What became of each part, that of the import's own dataset last, and what the user
            should know.

        Raises:
            JsdlError: the part of the dataset itself cannot be imported.
        """
        target, dry = self.options.target, self.options.dry
        own, *others = parts_of(self.selection.entries)
        tree = _Datasets(others)
        if others and not dry:  # before anything is made in it
            Repository(target).require_annex()
        self._open_all([own, *others], tree)
        done: dict[str, Plan] = {}
        problems: dict[str, Problem] = {}
        untimed = 0
        with self.progress.bar(f"{target} parts", "datasets") as bar:
            for number, part in enumerate(sorted(others, key=_innermost)):
                bar.update("importing into subdatasets", number, len(others))
                try:
                    outcome = self._import(part, tree)
                except (JsdlError, OSError) as error:
                    tree.opened[part.folder] = error
                    problems |= dict.fromkeys(_joined(part, part.entries), error)
                    yield Failure(target / part.folder, error)
                    continue
                problems |= _problems(part, outcome)
                done[part.folder] = outcome.plan
                untimed += outcome.untimed
                yield Imported(part.folder, outcome)
        outcome = self._import(own, tree)
        if untimed := untimed + outcome.untimed:
            files = counted(untimed, "file")
            yield Notice(f"no mirror reports a modification time for {files}; none is recorded")
        if not dry:
            yield from self.finish(problems | _problems(own, outcome))
        yield Imported("", outcome, self.selection.refusals, self.selection.skipped, done)

    def _open_all(self, parts: list[Part], tree: _Datasets) -> None:
        """Open the datasets of all parts, from above; the first is that of the import."""
        target = self.options.target
        tree.opened[""] = target
        with self.progress.bar(f"{target} opening", "datasets") as bar:
            for number, part in enumerate(parts if len(parts) > 1 else ()):
                bar.update("opening subdatasets", number, len(parts))
                inner = tree.inner.get(part.folder, [])
                try:
                    above = tree.dataset(part.folder)
                    if self._are_taken(above, inner):
                        self._import(part, tree)  # they are gone then
                except (JsdlError, OSError) as error:
                    tree.opened |= dict.fromkeys(inner, error)
                    continue
                for folder in inner:
                    try:
                        tree.opened[folder] = self._open(above, folder)
                    except (JsdlError, OSError) as error:
                        tree.opened[folder] = error

    def _open(self, above: Path, folder: str) -> Path:
        options = self.options
        name = _within(above, options.target / folder)
        cleared = options.dry and self.delete
        return open_subdataset(above, name, self.datasets, dry=options.dry, cleared=cleared)

    def _are_taken(self, above: Path, folders: list[str]) -> bool:
        """Whether files are to be deleted in the place of subdatasets."""
        options = self.options
        if options.dry or not self.delete or not is_installed(above):
            return False
        return any(is_taken(above, _within(above, options.target / folder)) for folder in folders)

    def _import(self, part: Part, tree: _Datasets) -> Outcome:
        options, dataset = self.options, tree.dataset(part.folder)
        found = find_repository(dataset)
        there = found is not None and not (options.dry and is_begun(found))
        importer = Importer(found) if found and there else None
        request = Request(
            entries=part.entries,
            scope=self._scope(part.folder, tree.closed()),
            options=replace(options, delete=self.delete),
            recording=self.recording,
            dataset_id=None if part.folder else lambda: Repository(dataset).dataset_id,
            engines=self.engines,
            bar=self.bar,
            logins=self.logins,
            archives=self._archives(part.folder),
            links=lambda: {
                _within(dataset, inner): link_to(inner)
                for inner in tree.inside(part.folder)
                if is_installed(inner)
            },
        )
        if options.dry or importer is None:
            return Outcome(dry_run(importer, request))
        if part.folder:  # what the dataset above has, for its git annex get, this one needs, too
            remember(importer.repository, own_lines(Repository(options.target)))
        if options.restore and part.folder:
            with importer.lock():
                importer.recover()
                importer.restore("")
        return run_import(importer, request)

    def _archives(self, folder: str) -> tuple[NamedArchive, ...] | None:
        """Of the files of one part."""
        if self.selection.left_over:  # such a manifest names none
            return None
        found = self.selection.archives
        return tuple(archive.within(folder) if folder else archive for archive in found)

    def _scope(self, folder: str, closed: Iterable[str]) -> Scope:
        prefix = self.recording.prefix
        refused = (r.path for r in self.selection.refusals if r.path is not None)
        kept = [joined(_within_prefix(prefix, path)) for path in refused]
        if not folder:
            return Scope(prefix, "", self.wanted, frozenset(kept), frozenset(closed))
        start = f"{folder}/"
        within = frozenset(
            path.removeprefix(start) if path.startswith(start) else ""
            for path in kept
            if path.startswith(start) or not path or start.startswith(f"{path}/")
        )
        manifest_folder = start.removeprefix(f"{prefix}/") if prefix else start
        shut = frozenset(path.removeprefix(start) for path in closed if path.startswith(start))
        return Scope("", manifest_folder, self.wanted, within, shut)


def _within_prefix(prefix: str, path: str) -> str:
    """The place of a refused entry; a folder's, which a wildcard was for, ends in a slash."""
    path = "" if path == "./" else path.rstrip("/")
    return f"{prefix}/{path}".rstrip("/") if prefix else path


def _problems(part: Part, outcome: Outcome) -> dict[str, Problem]:
    reasons: dict[str, Problem] = {
        conflict.path: conflict.reason for conflict in outcome.plan.conflicts
    }
    reasons |= outcome.failures
    return dict(zip(_joined(part, reasons), reasons.values(), strict=True))


def _joined(part: Part, paths: Iterable[str]) -> Iterator[str]:
    start = f"{part.folder}/" if part.folder else ""
    return (start + path for path in paths)
