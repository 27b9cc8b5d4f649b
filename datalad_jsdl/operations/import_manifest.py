"""A manifest becomes a dataset, or goes into one that is there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from datalad_jsdl.errors import JsdlError, ManifestError
from datalad_jsdl.fetch.settings import PATTERN, Settings
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.operations.documents import is_bag
from datalad_jsdl.operations.engines import Engines
from datalad_jsdl.operations.failed import (
    check_other,
    check_target,
    is_same,
    is_spent,
    write_failed,
)
from datalad_jsdl.operations.import_parts import Import, Imported
from datalad_jsdl.operations.logins import remember
from datalad_jsdl.operations.private_hosts import private_hosts
from datalad_jsdl.operations.progress import SILENT
from datalad_jsdl.operations.run_record import Recording
from datalad_jsdl.operations.selected import (
    is_housekeeping_only,
    why_nothing,
    why_nothing_is_gone,
)
from datalad_jsdl.operations.selecting import Target
from datalad_jsdl.operations.subdatasets import (
    check_place,
    is_begun,
    make_dataset,
    save_in,
    taking_turns,
)
from datalad_jsdl.operations.values import Failure, Notice
from datalad_jsdl.repository.annex.program import require_git_annex
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.git.settings import git_config_values
from datalad_jsdl.repository.importing.importer import Importer

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.manifest.selection import Selection
    from datalad_jsdl.model.entry import Refusal
    from datalad_jsdl.operations.import_options import ImportOptions
    from datalad_jsdl.operations.import_parts import Problem
    from datalad_jsdl.operations.open_manifest import ManifestSource
    from datalad_jsdl.operations.progress import Progress
    from datalad_jsdl.operations.subdatasets import Datasets

__all__ = ["NothingLeft", "Refused", "import_manifest"]

_NOTHING = Filter(exclude=("*",))


@dataclass(frozen=True)
class Refused:
    """Entries of a manifest of which nothing can be imported."""

    refusals: Sequence[Refusal]


@dataclass(frozen=True)
class NothingLeft:
    """The manifest is the *file* that an earlier run wrote, and left nothing over in."""

    file: Path


def import_manifest(
    options: ImportOptions, datasets: Datasets, progress: Progress = SILENT
) -> Iterator[Imported | Refused | NothingLeft | Failure | Notice]:
    """Import a manifest, as far as possible.

    Args:
        options: what is asked for.
        datasets: makes the dataset and its subdatasets.
        progress: shows how it is going.

    Yields:
        What became of each part of the manifest, that of the dataset itself last; what went
        wrong. Never raises for a single entry, nor for a manifest that cannot be read.
    """
    call = _Call(options, datasets, progress)
    try:
        yield from call.run()
    except (JsdlError, OSError) as error:
        # a manifest that is what was left over has more in it than the refused
        spared = options.failed is not None and is_same(options.failed, options.file)
        if call.selection is not None and call.selection.refusals and not (options.dry or spared):
            yield from call.write_failed(call.selection, {})
        yield Failure(options.target, error)


class _Call:
    """One import."""

    def __init__(self, options: ImportOptions, datasets: Datasets, progress: Progress) -> None:
        self._options = options
        self._target = Target(options)
        self._datasets = datasets
        self._progress = progress
        self.selection: Selection | None = None

    def run(self) -> Iterator[Imported | Refused | NothingLeft | Failure | Notice]:
        options = self._options
        if options.failed is not None:
            check_target(options.failed)
            if is_spent(options.failed, options.file):
                yield NothingLeft(options.failed)
                return
        with ThreadPoolExecutor(1) as aside:
            git_annex = aside.submit(require_git_annex)
            if options.file is None or options.restore:  # the manifest may take much longer
                git_annex.result()
            self._restore()
            selection, source = self._target.read_selection()
            git_annex.result()
        if options.failed is not None and not selection.left_over:
            check_other(options.failed, options.file)
        self.selection = selection
        yield from map(Notice, selection.warnings)
        if not selection.entries and self._target.repository is None:
            check_place(options.target, options.parent)
            if not is_housekeeping_only(selection):
                yield Refused(selection.refusals)
                raise ManifestError(why_nothing(selection))
        self._look_at_settings(selection)
        if not (yield from self._make()):
            return
        repository, logins = self._target.repository, self._target.logins(selection)
        if repository is not None and not options.dry:
            remember(repository, (*logins, *self._target.lines_of_parent()))
        config = repository.config if repository else None
        manifest = self._options.manifest
        yield from map(Notice, private_hosts(selection.entries.values(), manifest, config))
        unknown = why_nothing_is_gone(selection) if options.delete else ""
        if unknown:
            yield Notice(unknown)
        with self._progress.bar(str(options.target), "bytes") as bar:
            yield from Import(
                options=options,
                selection=selection,
                recording=self._recording(selection, source),
                # what was left over tells nothing of the rest
                wanted=_NOTHING
                if selection.left_over
                else Filter(options.include, options.exclude),
                delete=options.delete and not unknown,
                datasets=self._datasets,
                engines=Engines(),
                progress=self._progress,
                bar=bar,
                logins=logins,
                finish=partial(self.write_failed, selection),
            ).run()
        if not options.dry:
            yield from self._save_in_parent()

    def _restore(self) -> None:
        """First of all: fetching the manifest may fail."""
        options, repository = self._options, self._target.repository
        if options.restore and not options.dry and repository is not None:
            importer = Importer(repository)
            with importer.lock():
                importer.recover()
                importer.restore(options.folder)

    def _look_at_settings(self, selection: Selection) -> None:
        """What cannot be understood leaves no dataset behind.

        Raises:
            SettingError: there is something of the kind.
        """
        if self._target.repository is None:
            self._target.logins(selection)
            if self._options.get:
                Settings.from_config(git_config_values(PATTERN, None))

    def _make(self) -> Generator[Failure, None, bool]:
        """Make the dataset if it is not there, or only begun; whether to go on."""
        options, target = self._options, self._options.target
        found = self._target.repository
        if found and not is_begun(found):
            return True
        if options.dry:
            if not found:
                check_place(target, options.parent)
            return True
        with taking_turns(target, options.parent):
            # another run may have made it meanwhile
            found = self._target.repository
            if not found:
                check_place(target, options.parent)
                yield from self._made()
                return self._target.repository is not None
            found.refresh()
            if is_begun(found):
                yield from self._made(force=True)
                found.refresh()
                return not is_begun(found)
        return True

    def _made(self, *, force: bool = False) -> Iterator[Failure]:
        """It takes a few seconds, in which a person wants to see something."""
        target, parent = self._options.target, self._options.parent
        with self._progress.bar(f"{target} itself", "bytes") as bar:
            bar.update("making the dataset", 0, None)
            yield from make_dataset(target, parent, self._datasets, force=force)

    def write_failed(
        self, selection: Selection, problems: Mapping[str, Problem]
    ) -> Iterator[Failure]:
        """Write the file that was asked for; only what goes wrong is told."""
        file = self._options.failed
        if file is None:
            return
        try:
            write_failed(file, selection, problems, self._options.folder)
        except (JsdlError, OSError) as error:
            yield Failure(file, error, is_file=True)

    def _recording(self, selection: Selection, source: ManifestSource) -> Recording:
        recorded = self._manifest_for_record(source.url)
        return Recording(
            subject=self._options.message,
            sha256=source.sha256(),
            manifest=recorded,
            arguments=self._arguments_for_record(source.base, copied=recorded is None),
            prefix=self._options.folder,
            entries=selection.entries,
            archives=selection.archives,
        )

    def _manifest_for_record(self, url: str) -> str | None:
        options = self._options
        if options.checksums or is_bag(self._target.place()):
            return None  # of several documents one copy is made
        if options.file is None:
            return url or None
        try:
            # its name in the dataset, not what a link of that name leads to
            folder = options.file.parent.resolve().relative_to(options.target.resolve())
        except ValueError:
            return None
        name = (folder / options.file.name).as_posix()
        # only what is committed can be read again by a rerun
        if not Git(options.target).text("ls-files", "--", f":(literal){name}"):
            return None
        return name if not name.startswith("-") else f"./{name}"

    def _arguments_for_record(self, base: str | None, *, copied: bool) -> list[str]:
        options = self._options
        arguments = []
        if not copied:  # a copy is in our own form
            arguments += [f"--format={options.format}"] if options.format else []
            arguments += [f"--column={column}" for column in options.columns]
        if options.prefix:
            arguments.append(f"--prefix={options.prefix}")
        if options.split is not None:
            arguments.append(f"--split={options.split}")
        for name, patterns in (("--include", options.include), ("--exclude", options.exclude)):
            arguments += [f"{name}={pattern}" for pattern in patterns]
        if base is not None:
            arguments.append(f"--base-url={base}")
        arguments += ["--mtime=remote"] * options.remote_times
        arguments += ["--get"] * options.get + ["--delete"] * options.delete
        return arguments

    def _save_in_parent(self) -> Iterator[Failure]:
        parent, target = self._options.parent, self._options.target
        if parent is not None and parent != target:
            message = f"[DATALAD] download-manifest in {target.name}"
            yield from save_in(parent, [str(target)], message, self._datasets)
