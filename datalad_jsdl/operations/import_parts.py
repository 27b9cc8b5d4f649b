"""The import of a manifest into a dataset, and into those in it that its ``//`` mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset

from datalad_jsdl.commands._common import Bar, failure
from datalad_jsdl.commands._results import ACTION, result_records
from datalad_jsdl.errors import JsdlError, reason
from datalad_jsdl.model.filters import folders_of
from datalad_jsdl.model.subdatasets import joined, parts_of
from datalad_jsdl.operations.import_one import Outcome, Request, dry_run, run_import
from datalad_jsdl.operations.logins import own_lines, remember
from datalad_jsdl.operations.subdatasets import (
    is_begun,
    is_installed,
    is_taken,
    link_to,
    open_subdataset,
)
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.importing.importer import Importer, Scope
from datalad_jsdl.repository.importing.steps import Plan

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from datalad_jsdl.manifest.selection import Selection
    from datalad_jsdl.model.filters import Filter
    from datalad_jsdl.model.subdatasets import Part
    from datalad_jsdl.operations.progress import Monitor
    from datalad_jsdl.operations.run_record import Recording

__all__ = ["Import"]


class _Datasets:
    """The subdatasets of an import.

    Attributes:
        inner: folder of a dataset → folders of those right in it.
        opened: folder → the dataset, or why it is not to be had.
    """

    def __init__(self, parts: Iterable[Part]) -> None:
        folders = {part.folder: None for part in parts}
        self.inner: dict[str, list[str]] = {}
        for folder in folders:
            above = next((other for other in folders_of(folder) if other in folders), "")
            self.inner.setdefault(above, []).append(folder)
        self.opened: dict[str, Dataset | Exception] = {}

    def dataset(self, folder: str) -> Dataset:
        """The dataset of a part; raises what is in its way."""
        found = self.opened[folder]
        if isinstance(found, Exception):
            raise found
        return found

    def inside(self, folder: str) -> list[Dataset]:
        """Those right in a dataset that have been opened, and imported into without error."""
        found = (self.opened.get(inner) for inner in self.inner.get(folder, []))
        return [dataset for dataset in found if isinstance(dataset, Dataset)]

    def closed(self) -> list[str]:
        """Folders of those that are not to be had."""
        return [folder for folder, found in self.opened.items() if isinstance(found, Exception)]


def _innermost(part: Part) -> tuple[int, str]:
    return -part.folder.count("/"), part.folder


def _within(above: Dataset, path: Path) -> str:
    return path.relative_to(above.pathobj).as_posix()


@dataclass(frozen=True)
class Import:
    """One manifest on its way into datasets.

    Attributes:
        target: the dataset that is imported into.
        selection: of the manifest's entries.
        recording: what commits say of it.
        wanted: filter on the manifest's paths.
        delete: delete what is gone.
        get: fetch content, with *jobs* files at a time (None: the user's setting).
        restore: first put back files as `Importer.restore` does.
        dry: write nothing.
        report_all: one record per entry, whatever became of it.
        monitor: shows how fetching is going.
        logger: for the records.
        logins: where logins are, for this call; each dataset remembers them.
        finish: called when all is imported, with what was not: path in the dataset without
            marks → why. It yields further records.
    """

    target: Path
    selection: Selection
    recording: Recording
    wanted: Filter
    delete: bool
    get: bool
    jobs: int | None
    restore: bool
    dry: bool
    report_all: bool
    monitor: Monitor
    logger: logging.Logger
    logins: tuple[str, ...]
    finish: Callable[[Mapping[str, str]], Iterator[dict[str, Any]]]

    def run(self) -> Iterator[dict[str, Any]]:
        """Import every part; inner ones first, so that those above can record them.

        Yields:
            Records of the entries and of the datasets, the imported one's own last.

        Raises:
            JsdlError: the part of the dataset itself cannot be imported.
        """
        own, *others = parts_of(self.selection.entries)
        tree = _Datasets(others)
        if others and not self.dry:  # before anything is made in it
            Importer(self.target).require_annex()
        self._open_all([own, *others], tree)
        done: dict[str, Plan] = {}
        problems: dict[str, str] = {}
        with Bar(self.logger, f"{self.target} parts", " datasets") as bar:
            for number, part in enumerate(sorted(others, key=_innermost)):
                bar.update("importing into subdatasets", number, len(others))
                try:
                    outcome = self._import(part, tree)
                except (JsdlError, OSError) as error:
                    tree.opened[part.folder] = error
                    problems |= dict.fromkeys(_joined(part, part.entries), reason(error))
                    yield failure(ACTION, self.target / part.folder, error, self.logger)
                    continue
                problems |= _problems(part, outcome)
                done[part.folder] = outcome.plan
                yield from self._records(part, outcome, {})
        outcome = self._import(own, tree)
        if not self.dry:
            yield from self.finish(problems | _problems(own, outcome))
        yield from self._records(own, outcome, done)

    def _open_all(self, parts: list[Part], tree: _Datasets) -> None:
        """Open the datasets of all parts, from above; the first is that of the import."""
        tree.opened[""] = Dataset(self.target)
        with Bar(self.logger, f"{self.target} opening", " datasets") as bar:
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

    def _open(self, above: Dataset, folder: str) -> Dataset:
        name = _within(above, self.target / folder)
        return open_subdataset(above, name, dry=self.dry, cleared=self.dry and self.delete)

    def _are_taken(self, above: Dataset, folders: list[str]) -> bool:
        """Whether files are to be deleted in the place of subdatasets."""
        if self.dry or not self.delete or not is_installed(above):
            return False
        return any(is_taken(above, _within(above, self.target / folder)) for folder in folders)

    def _import(self, part: Part, tree: _Datasets) -> Outcome:
        dataset = tree.dataset(part.folder)
        there = is_installed(dataset) and not (self.dry and is_begun(dataset))
        importer = Importer(dataset.pathobj) if there else None
        request = Request(
            entries=part.entries,
            scope=self._scope(part.folder, tree.closed()),
            delete=self.delete,
            get=self.get,
            jobs=self.jobs,
            recording=self.recording,
            dataset_id=None if part.folder else dataset.id or "",
            monitor=self.monitor,
            logins=self.logins,
            links=lambda: {
                _within(dataset, sub.pathobj): link_to(sub)
                for sub in tree.inside(part.folder)
                if is_installed(sub)
            },
        )
        if self.dry or importer is None:
            return Outcome(dry_run(importer, request))
        if part.folder:  # what the dataset above has, for its git annex get, this one needs, too
            remember(importer.git, own_lines(Git(self.target)))
        if self.restore and part.folder:
            with importer.lock():
                importer.recover()
                importer.restore("")
        return run_import(importer, request)

    def _scope(self, folder: str, closed: Iterable[str]) -> Scope:
        prefix = self.recording.prefix
        refused = (r.path for r in self.selection.refusals if r.path is not None)
        kept = [joined(f"{prefix}/{path}" if prefix else path) for path in refused]
        if not folder:
            return Scope(prefix, "", self.wanted, frozenset(kept), frozenset(closed))
        start = f"{folder}/"
        within = frozenset(path.removeprefix(start) for path in kept if path.startswith(start))
        manifest_folder = start.removeprefix(f"{prefix}/") if prefix else start
        shut = frozenset(path.removeprefix(start) for path in closed if path.startswith(start))
        return Scope("", manifest_folder, self.wanted, within, shut)

    def _records(
        self, part: Part, outcome: Outcome, others: Mapping[str, Plan]
    ) -> Iterator[dict[str, Any]]:
        return result_records(
            self.target,
            outcome,
            refusals=[] if part.folder else self.selection.refusals,
            skipped=0 if part.folder else self.selection.skipped,
            folder=part.folder,
            others=others,
            dry=self.dry,
            report_all=self.report_all,
            logger=self.logger,
        )


def _problems(part: Part, outcome: Outcome) -> dict[str, str]:
    reasons = {conflict.path: conflict.reason for conflict in outcome.plan.conflicts}
    reasons |= outcome.failures
    return dict(zip(_joined(part, reasons), reasons.values(), strict=True))


def _joined(part: Part, paths: Iterable[str]) -> Iterator[str]:
    start = f"{part.folder}/" if part.folder else ""
    return (start + path for path in paths)
