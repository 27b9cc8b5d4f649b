"""The import of a manifest into a dataset, and into those in it that its ``//`` mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset

from datalad_jsdl.commands._common import Bar, failure
from datalad_jsdl.commands._datasets import open_subdataset, save_in, unsaved
from datalad_jsdl.commands._importing import Outcome, Request, dry_run, run_import
from datalad_jsdl.commands._records import ACTION, result_records
from datalad_jsdl.dataset.importer import Importer, Scope
from datalad_jsdl.dataset.plan import Plan
from datalad_jsdl.errors import DatasetError, JsdlError
from datalad_jsdl.manifest.parts import joined, parts_of
from datalad_jsdl.manifest.selection import folders_of

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from datalad_jsdl.commands._monitor import Monitor
    from datalad_jsdl.commands._recording import Recording
    from datalad_jsdl.manifest.parts import Part
    from datalad_jsdl.manifest.selection import Filter, Selection

__all__ = ["Import"]


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
    finish: Callable[[Mapping[str, str]], Iterator[dict[str, Any]]]

    def run(self) -> Iterator[dict[str, Any]]:
        """Import every part; those in subdatasets first, so that they can be saved above.

        Yields:
            Records of the entries and of the datasets, the imported one's own last.

        Raises:
            JsdlError: the part of the dataset itself cannot be imported.
        """
        own, *others = parts_of(self.selection.entries)
        folders = {part.folder for part in others}
        done: list[tuple[str, Plan]] = []
        problems: dict[str, str] = {}
        with Bar(self.logger, f"{self.target} parts", " datasets") as bar:
            for number, part in enumerate(others):
                bar.update("importing into subdatasets", number, len(others))
                try:
                    dataset = self._open(part.folder, _above(part.folder, folders))
                    outcome = self._import(part, dataset)
                except (JsdlError, OSError) as error:
                    problems |= dict.fromkeys(_joined(part, part.entries), str(error))
                    yield failure(ACTION, self.target / part.folder, error, self.logger)
                    continue
                problems |= _problems(part, outcome)
                done.append((part.folder, outcome.plan))
                yield from self._records(part, outcome, [])
        outcome = self._import(own, Dataset(self.target))
        if not self.dry:
            yield from self.finish(problems | _problems(own, outcome))
            yield from self._save([folder for folder, _ in done], folders)
        yield from self._records(own, outcome, done)

    def _open(self, folder: str, above: str) -> Dataset:
        dataset = Dataset(self.target / above)
        if not (self.dry or dataset.is_installed()):
            raise DatasetError(f"the dataset {dataset.path} that it is to be in cannot be had")
        return open_subdataset(dataset, folder.removeprefix(f"{above}/"), dry=self.dry)

    def _import(self, part: Part, dataset: Dataset) -> Outcome:
        importer = Importer(dataset.pathobj) if dataset.is_installed() else None
        request = Request(
            entries=part.entries,
            scope=self._scope(part.folder),
            delete=self.delete,
            get=self.get,
            jobs=self.jobs,
            recording=self.recording,
            dataset_id=None if part.folder else dataset.id or "",
            monitor=self.monitor,
        )
        if self.dry or importer is None:
            return Outcome(dry_run(importer, request))
        if self.restore and part.folder:
            with importer.lock():
                importer.recover()
                importer.restore("")
        return run_import(importer, request)

    def _scope(self, folder: str) -> Scope:
        prefix = self.recording.prefix
        refused = (r.path for r in self.selection.refusals if r.path is not None)
        kept = [joined(f"{prefix}/{path}" if prefix else path) for path in refused]
        if not folder:
            return Scope(prefix, "", self.wanted, frozenset(kept))
        start = f"{folder}/"
        within = frozenset(path.removeprefix(start) for path in kept if path.startswith(start))
        manifest_folder = start.removeprefix(f"{prefix}/") if prefix else start
        return Scope("", manifest_folder, self.wanted, within)

    def _records(
        self, part: Part, outcome: Outcome, others: list[tuple[str, Plan]]
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

    def _save(self, done: list[str], folders: set[str]) -> Iterator[dict[str, Any]]:
        """Save subdatasets in those above them, innermost first."""
        by_above: dict[str, list[str]] = {}
        for folder in done:
            by_above.setdefault(_above(folder, folders), []).append(folder)
        for above in sorted(by_above, reverse=True):
            dataset = Dataset(self.target / above)
            start = f"{above}/" if above else ""
            names = [folder.removeprefix(start) for folder in by_above[above]]
            if not (changed := unsaved(dataset, names)):
                continue
            changes = f"{len(changed)} subdatasets"
            extra: dict[str, bytes] = {}
            if above:
                message = self.recording.message_of_part(changes)
            else:
                message, extra = self.recording.message(changes, dataset.id or "")
            for path, content in extra.items():
                file = dataset.pathobj / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            yield from save_in(dataset, [*changed, *extra], message)


def _problems(part: Part, outcome: Outcome) -> dict[str, str]:
    reasons = {conflict.path: conflict.reason for conflict in outcome.plan.conflicts}
    reasons |= outcome.failures
    return dict(zip(_joined(part, reasons), reasons.values(), strict=True))


def _joined(part: Part, paths: Iterable[str]) -> Iterator[str]:
    start = f"{part.folder}/" if part.folder else ""
    return (start + path for path in paths)


def _above(folder: str, folders: Container[str]) -> str:
    """The innermost of *folders* that *folder* lies in, or ""."""
    return next((other for other in folders_of(folder) if other in folders), "")
