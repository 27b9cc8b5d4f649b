"""One call of ``datalad download-manifest``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset, require_dataset, resolve_path
from datalad.ui import ui
from datalad.utils import get_dataset_root

from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._causes import tell_causes
from datalad_jsdl.commands._common import failure, warn_of_path
from datalad_jsdl.commands._datasets import DataladDatasets
from datalad_jsdl.commands._options import jobs_of
from datalad_jsdl.commands._results import ACTION, import_records, lgr
from datalad_jsdl.errors import ManifestError, SettingError
from datalad_jsdl.operations.asking import asking_once
from datalad_jsdl.operations.import_manifest import import_manifest
from datalad_jsdl.operations.import_options import ImportOptions
from datalad_jsdl.operations.manifest_place import folder_for, is_no_file
from datalad_jsdl.operations.typed_login import person

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["import_by", "sum_up"]


def import_by(
    *,
    manifest: str,
    path: str | None,
    dataset: Any,
    prefix: str | None,
    split: int | None,
    include: Sequence[str] | None,
    exclude: Sequence[str] | None,
    base_url: str | None,
    manifest_format: str | None,
    column: Sequence[str] | None,
    checksums: Sequence[str] | None,
    get: bool,
    mtime: str,
    jobs: int | str | None,
    dry_run: bool,
    check: bool,
    delete: bool,
    restore: bool,
    message: str | None,
    report: str,
    credential: Sequence[str] | None,
    cookies: str | None,
    failed: str | None,
) -> Iterator[dict[str, Any]]:
    """Do what the command was called for; its parameters are the command's."""
    if path is None and dataset is None and get_dataset_root(str(Path.cwd())) is None:
        try:
            path = folder_for(str(manifest))
        except ManifestError as error:
            yield failure(ACTION, Path.cwd(), error, lgr)
            return
    target = resolve_path(path, dataset) if path is not None else None
    if target is None:
        target = require_dataset(dataset, check_installed=False, purpose="import").pathobj
    try:
        number = jobs_of(jobs)
    except SettingError as error:
        yield failure(ACTION, target, error, lgr)
        return
    options = ImportOptions(
        manifest=str(manifest),
        file=None if is_no_file(str(manifest)) else resolve_path(manifest, dataset),
        target=target,
        parent=None if path is None or dataset is None else _place(dataset),
        prefix=prefix or "",
        include=_listed(include),
        exclude=_listed(exclude),
        base_url=base_url,
        format=manifest_format,
        columns=_listed(column),
        checksums=tuple(
            (given, None if is_no_file(given) else resolve_path(given, dataset))
            for given in _listed(checksums)
        ),
        split=split,
        get=get,
        remote_times=mtime == "remote",
        jobs=number,
        delete=delete,
        restore=restore,
        message=message,
        credentials=_listed(credential),
        cookies=cookies,
        failed=None if failed is None else resolve_path(failed, dataset),
        dry=dry_run,
    )
    progress, asked = Bars(lgr), person()
    if check:
        # an import does not have to wait until these are loaded
        from datalad_jsdl.commands._check_results import check_records
        from datalad_jsdl.operations.check import check_import

        checked = asking_once(lambda: check_import(options, progress), asked)
        yield from check_records(target, checked)
    else:
        results = asking_once(lambda: import_manifest(options, DataladDatasets(), progress), asked)
        yield from import_records(options, results, report_all=report == "all")
        if not dry_run:
            warn_of_path(lgr)


def sum_up(results: list[dict[str, Any]]) -> None:
    """The dataset's own record is the summary; a check is one table; errors come last."""
    if checks := [result for result in results if result.get("check")]:
        from datalad_jsdl.commands._check_table import check_lines  # as above

        for line in check_lines(checks):
            ui.message(line)
    tell_causes(results)


def _listed(patterns: Sequence[str] | str | None) -> tuple[str, ...]:
    return (patterns,) if isinstance(patterns, str) else tuple(patterns or ())


def _place(dataset: Any) -> Path:
    """Where a dataset is, however it was given."""
    found = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
    return Path.cwd() / str(found.path)
