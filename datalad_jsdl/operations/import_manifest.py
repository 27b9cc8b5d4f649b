"""One call of download-manifest: from its arguments to its result records."""

from __future__ import annotations

import logging
import shlex
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset

from datalad_jsdl.commands._common import Bar, failure
from datalad_jsdl.commands._results import ACTION, refusal_records
from datalad_jsdl.errors import DatasetError, JsdlError, ManifestError
from datalad_jsdl.manifest.selection import Selection, select_entries
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.model.paths import path_fault
from datalad_jsdl.model.subdatasets import MOST_FILES, advice, parts_of
from datalad_jsdl.model.urls import origin_of
from datalad_jsdl.operations.check import Check
from datalad_jsdl.operations.documents import is_bag, with_documents
from datalad_jsdl.operations.failed import (
    check_other,
    check_target,
    is_spent,
    nothing_left,
    write_failed,
)
from datalad_jsdl.operations.import_parts import Import
from datalad_jsdl.operations.logins import (
    cookies_line,
    credential_lines,
    origin_of_all,
    own_lines,
    remember,
)
from datalad_jsdl.operations.open_manifest import Place, Source, is_url, open_source, place_of
from datalad_jsdl.operations.progress import Monitor
from datalad_jsdl.operations.run_record import Recording
from datalad_jsdl.operations.secrecy import secrecy_of
from datalad_jsdl.operations.selected import is_housekeeping_only, may_delete, why_nothing
from datalad_jsdl.operations.subdatasets import (
    check_place,
    is_begun,
    is_installed,
    make_dataset,
    save_in,
    taking_turns,
)
from datalad_jsdl.repository.annex.program import require_git_annex
from datalad_jsdl.repository.git.running import Git
from datalad_jsdl.repository.importing.importer import Importer, Scope

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

__all__ = ["Call", "lgr"]

_NOTHING = Filter(exclude=("*",))

lgr = logging.getLogger("datalad.jsdl.download_manifest")


@dataclass(frozen=True)
class Call:
    """The arguments, resolved.

    Attributes:
        manifest: as given.
        file: the manifest's absolute path, or None if it is a URL or standard input.
        target: the dataset's absolute path.
        parent: the dataset in which *target* is to be a subdataset, or None.
        prefix, include, exclude, base_url, format, get, delete, restore, message: as given.
        columns: of a table, each ROLE=NAME.
        checksums: lists of them, as given, each with its absolute path if it is a file.
        split: folders behind which a subdataset begins, or None for where the manifest says so.
        jobs: files to fetch at a time; None for the user's setting.
        credentials: where logins are; see `_credentials`.
        cookies: a browser or file with cookies for the manifest's origin, or None.
        failed: absolute path of a file to write what could not be imported to, or None.
    """

    manifest: str
    file: Path | None
    target: Path
    parent: Any
    prefix: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    base_url: str | None
    format: str | None
    columns: tuple[str, ...]
    checksums: tuple[tuple[str, Path | None], ...]
    split: int | None
    get: bool
    jobs: int | None
    delete: bool
    restore: bool
    message: str | None
    credentials: tuple[str, ...]
    cookies: str | None
    failed: Path | None = None

    def check(self) -> Iterator[dict[str, Any]]:
        """Look at the mirrors and the disk, and write nothing but what is learned of them."""
        try:
            require_git_annex()
            selection = self._read()[0]
            yield from refusal_records(self.target, selection.refusals, lgr, dry=True)
            if not selection.entries:
                raise ManifestError(why_nothing(selection))
            importer = self._importer()
            if importer is None:
                check_place(self.target, self.parent)
            logins = (*self._logins(selection), *self._lines_of_others(selection))
            scope = Scope(self.prefix.rstrip("/"), "", Filter(self.include, self.exclude))
            check = Check(self.target, selection.entries, importer, scope, self.get, lgr, logins)
            yield from check.records()
        except (JsdlError, OSError) as error:
            yield failure(ACTION, self.target, error, lgr)

    def run(self, *, dry: bool, report_all: bool) -> Iterator[dict[str, Any]]:
        """Carry it out and yield result records; never raises for a single entry."""
        selection: Selection | None = None
        try:
            require_git_annex()
            if self.failed is not None:
                check_target(self.failed)
                if is_spent(self.failed, self.file):
                    yield nothing_left(self.target, self.failed, lgr)
                    return
            importer = self._importer()
            if self.restore and importer is not None and not dry:
                # first of all: fetching the manifest may fail
                with importer.lock():
                    importer.recover()
                    importer.restore(self.prefix.rstrip("/"))
            selection, source = self._read()
            if self.failed is not None and not selection.left_over:
                check_other(self.failed, self.file)
            for warning in selection.warnings:
                lgr.warning("%s", warning)
            dataset = Dataset(self.target)
            if not selection.entries and not is_installed(dataset):
                check_place(self.target, self.parent)
                if not is_housekeeping_only(selection):
                    yield from refusal_records(self.target, selection.refusals, lgr)
                    raise ManifestError(why_nothing(selection))
            if not (yield from self._make(dataset, dry=dry)):
                return
            importer = self._importer()
            logins = self._logins(selection)
            if importer is not None and not dry:
                remember(importer.git, (*logins, *self._lines_above()))
            with Bar(lgr, str(self.target), " Bytes") as bar:
                import_ = Import(
                    target=self.target,
                    selection=selection,
                    recording=self._recording(selection, source),
                    # what was left over tells nothing of the rest
                    wanted=_NOTHING if selection.left_over else Filter(self.include, self.exclude),
                    delete=self.delete and may_delete(selection, lgr),
                    get=self.get,
                    jobs=self.jobs,
                    restore=self.restore,
                    dry=dry,
                    report_all=report_all,
                    monitor=Monitor(bar),
                    logger=lgr,
                    logins=logins,
                    finish=partial(self._write_failed, selection),
                )
                yield from map(self._placed, import_.run())
            if not dry:
                yield from self._save_in_parent(dataset)
        except (JsdlError, OSError) as error:
            if selection is not None and selection.refusals and not dry:
                yield from self._write_failed(selection, {})
            yield failure(ACTION, self.target, error, lgr)

    def _placed(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record; that of the dataset says so if its files are not where one is looking."""
        here, root = Path.cwd(), self.target.resolve()
        own = record["type"] == "dataset" and record["path"] == str(self.target)
        if own and record["status"] != "error" and root in here.parents:
            folder = here.relative_to(root).as_posix()
            if not f"{self.prefix}/".startswith(f"{folder}/"):
                text = (
                    f"; the paths are those in {self.target}, not in the current folder"
                    f" (to import into that one, add --prefix {shlex.quote(folder)})"
                )
                record["message"] += text
        return record

    def _make(self, dataset: Dataset, *, dry: bool) -> Generator[dict[str, Any], None, bool]:
        """Make the dataset if it is not there, or only begun; whether to go on."""
        if is_installed(dataset) and not is_begun(dataset):
            return True
        if dry:
            if not is_installed(dataset):
                check_place(self.target, self.parent)
            return True
        with taking_turns(self.target, self._above()):
            # another run may have made it meanwhile
            if not is_installed(dataset):
                check_place(self.target, self.parent)
                yield from make_dataset(dataset, self.parent)
                return is_installed(dataset)
            if is_begun(dataset):
                yield from make_dataset(dataset, self.parent, force=True)
                return not is_begun(dataset)
        return True

    def _above(self) -> Dataset | None:
        """The dataset in which the target is to be a subdataset."""
        if self.parent is None:
            return None
        return self.parent if isinstance(self.parent, Dataset) else Dataset(self.parent)

    def _write_failed(
        self, selection: Selection, problems: Mapping[str, str]
    ) -> Iterator[dict[str, Any]]:
        """Write the file that was asked for; only what goes wrong is reported."""
        if self.failed is None:
            return
        try:
            write_failed(self.failed, selection, problems, self.prefix.rstrip("/"))
        except (JsdlError, OSError) as error:
            yield failure(ACTION, self.failed, error, lgr, "file")

    def _importer(self) -> Importer | None:
        return Importer(self.target) if is_installed(Dataset(self.target)) else None

    def _logins(self, selection: Selection | None = None) -> tuple[str, ...]:
        """Where logins are: for the manifest itself, or for its selected entries."""
        named = credential_lines(self.credentials)
        if self.cookies is None:
            return named
        importer = self._importer()
        address = self._place().address(importer.git_dir() if importer else None)
        if address is not None:
            origin = origin_of(address.base)
        elif is_url(self.manifest):
            origin = origin_of(self.manifest)
        elif selection is not None:
            origin = origin_of_all(selection.entries.values())
        else:
            return named
        return (*named, cookies_line(self.cookies, origin))

    def _lines_above(self) -> tuple[str, ...]:
        """Where logins are for the dataset that this one is to be a subdataset of."""
        if self.parent is None:
            return ()
        return own_lines(Git(_as_dataset(self.parent).pathobj))

    def _lines_of_others(self, selection: Selection) -> tuple[str, ...]:
        """Where logins are for the datasets above, and for the subdatasets that are there."""
        parts = (Dataset(self.target / p.folder) for p in parts_of(selection.entries) if p.folder)
        found = (own_lines(Git(part.pathobj)) for part in parts if part.is_installed())
        return (*self._lines_above(), *(line for lines in found for line in lines))

    def _place(self) -> Place:
        return place_of(self.manifest, self.file, self.base_url, self.format, self.columns)

    def _read(self) -> tuple[Selection, Source]:
        """Selected entries, and what there is to say of the manifest that they are from."""
        if self.prefix and (fault := path_fault(self.prefix.rstrip("/"))):
            raise DatasetError(f"--prefix {self.prefix!r}: {fault}")
        if self.split is not None and self.split < 1:
            raise DatasetError("--split must be 1 or more")
        importer = self._importer()
        git_dir = importer.git_dir() if importer else None
        # a dataset that is there has its own, and those from above
        logins = self._logins() if importer else (*self._logins(), *self._lines_above())
        place, secrecy = self._place(), secrecy_of(git_dir)
        place = replace(place, options=replace(place.options, secrecy=secrecy))
        place, bag = with_documents(place, self.checksums, git_dir, logins)
        with open_source(place, git_dir, logins) as source:
            items = source.entries()
            selection = select_entries(
                bag.entries(items) if bag else items,
                Filter(self.include, self.exclude),
                self.prefix.rstrip("/"),
                use_signed=self.get,
                split=self.split,
                secrecy=secrecy,
            )
        if place.options.checksums is not None:
            selection.warnings += place.options.checksums.warnings()
        selection.warnings += bag.warnings if bag else []
        for part in parts_of(selection.entries) if len(selection.entries) > MOST_FILES else ():
            if sentence := advice(part):
                lgr.warning("%s", sentence)
        return selection, source

    def _recording(self, selection: Selection, source: Source) -> Recording:
        recorded = self._manifest_for_record(source.url)
        return Recording(
            subject=self.message,
            sha256=source.sha256(),
            manifest=recorded,
            arguments=self._arguments_for_record(source.base, copied=recorded is None),
            prefix=self.prefix.rstrip("/"),
            entries=selection.entries,
        )

    def _manifest_for_record(self, url: str) -> str | None:
        if self.checksums or is_bag(self._place()):
            return None  # of several documents one copy is made
        if self.file is None:
            return url or None
        try:
            # its name in the dataset, not what a link of that name leads to
            folder = self.file.parent.resolve().relative_to(self.target.resolve())
        except ValueError:
            return None
        name = (folder / self.file.name).as_posix()
        # only what is committed can be read again by a rerun
        if not Git(self.target).text("ls-files", "--", f":(literal){name}"):
            return None
        return name if not name.startswith("-") else f"./{name}"

    def _arguments_for_record(self, base: str | None, *, copied: bool) -> list[str]:
        arguments = []
        if not copied:  # a copy is in our own form
            arguments += [f"--format={self.format}"] if self.format else []
            arguments += [f"--column={column}" for column in self.columns]
        if self.prefix:
            arguments.append(f"--prefix={self.prefix}")
        if self.split is not None:
            arguments.append(f"--split={self.split}")
        for option, patterns in (("--include", self.include), ("--exclude", self.exclude)):
            arguments += [f"{option}={pattern}" for pattern in patterns]
        if base is not None:
            arguments.append(f"--base-url={base}")
        arguments += ["--get"] * self.get + ["--delete"] * self.delete
        return arguments

    def _save_in_parent(self, dataset: Dataset) -> Iterator[dict[str, Any]]:
        parent = self._above()
        if parent is not None and parent.pathobj != dataset.pathobj:
            message = f"[DATALAD] download-manifest in {dataset.pathobj.name}"
            yield from save_in(parent, [dataset.path], message)


def _as_dataset(given: Any) -> Dataset:
    return given if isinstance(given, Dataset) else Dataset(given)
