"""``datalad download-manifest``: a portal's manifest becomes a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import (
    Dataset,
    datasetmethod,
    require_dataset,
    resolve_path,
)
from datalad.interface.base import Interface, build_doc, eval_results
from datalad.ui import ui
from datalad.utils import get_dataset_root

from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._causes import tell_causes
from datalad_jsdl.commands._check_results import check_records
from datalad_jsdl.commands._check_table import check_lines
from datalad_jsdl.commands._common import failure, warn_of_path
from datalad_jsdl.commands._datasets import DataladDatasets
from datalad_jsdl.commands._import_params import EXAMPLES, OPTION_GROUPS, PARAMS
from datalad_jsdl.commands._import_shown import render
from datalad_jsdl.commands._interrupts import interruptible
from datalad_jsdl.commands._options import jobs_of
from datalad_jsdl.commands._results import ACTION, import_records, lgr
from datalad_jsdl.errors import ManifestError, SettingError
from datalad_jsdl.operations.asking import asking_once
from datalad_jsdl.operations.check import check_import
from datalad_jsdl.operations.import_manifest import import_manifest
from datalad_jsdl.operations.import_options import ImportOptions
from datalad_jsdl.operations.manifest_place import folder_for, is_no_file
from datalad_jsdl.operations.typed_login import person

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["DownloadManifest"]


@build_doc
class DownloadManifest(Interface):
    """Turn a manifest of paths and URLs into a dataset

    A manifest lists, for each path, the candidate URLs (mirrors) of the file, and
    optionally its size, checksums and modification time::

      {"sub-01/anat.nii.gz": ["https://a.example/1", "https://b.example/1"],
       "sub-01/bold.nii.gz": {"urls": ["https://a.example/2"], "size": 1048576,
                              "digests": {"sha256": "..."},
                              "mtime": "2024-05-01T12:00:00Z"}}

    or the same objects with a "path", one per line (JSON Lines). All URLs are registered in
    the dataset in one commit; without --get, no content is downloaded. Later,
    'datalad get' and 'git annex get' download it from any available mirror, and verify it.

    If you run it again with a newer manifest, the command commits additions and changes and
    records new URLs. Paths that are no longer in the manifest are reported, and deleted
    only with --delete. Files that you have staged, modified or added are never touched.

    If the manifest or a file needs a login that is not stored yet, the command asks for it
    once, on a terminal, and stores it as 'datalad jsdl-login' does.

    Invalid entries (absolute paths, '..', '.git', URLs with a login, ...) are refused
    individually; the others are imported.
    """

    result_renderer = "tailored"

    _params_ = PARAMS
    _option_groups_ = OPTION_GROUPS
    _examples_ = EXAMPLES

    @staticmethod
    @datasetmethod(name="download_manifest")
    @eval_results
    @interruptible
    def __call__(
        manifest: str,
        path: str | None = None,
        *,
        dataset: Any = None,
        prefix: str | None = None,
        split: int | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        base_url: str | None = None,
        manifest_format: str | None = None,
        column: Sequence[str] | None = None,
        checksums: Sequence[str] | None = None,
        get: bool = False,
        mtime: str = "recorded",
        jobs: int | str | None = None,
        dry_run: bool = False,
        check: bool = False,
        delete: bool = False,
        restore: bool = False,
        message: str | None = None,
        report: str = "changes",
        credential: Sequence[str] | None = None,
        cookies: str | None = None,
        failed: str | None = None,
    ) -> Iterator[dict[str, Any]]:
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
            checked = asking_once(lambda: check_import(options, progress), asked)
            yield from check_records(target, checked)
        else:
            results = asking_once(
                lambda: import_manifest(options, DataladDatasets(), progress), asked
            )
            yield from import_records(options, results, report_all=report == "all")
            if not dry_run:
                warn_of_path(lgr)

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        render(res)

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The dataset's own record is the summary; a check is one table; errors come last."""
        for line in check_lines([result for result in results if result.get("check")]):
            ui.message(line)
        tell_causes(results)


def _listed(patterns: Sequence[str] | str | None) -> tuple[str, ...]:
    return (patterns,) if isinstance(patterns, str) else tuple(patterns or ())


def _place(dataset: Any) -> Path:
    """Where a dataset is, however it was given."""
    found = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
    return Path.cwd() / str(found.path)
