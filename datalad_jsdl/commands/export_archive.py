"""``datalad export-archive``: core's command, with a zip that is the same everywhere."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import datasetmethod
from datalad.interface.base import build_doc, eval_results
from datalad.interface.common_opts import recursion_flag, recursion_limit

# before our own class: importing it binds Dataset.export_archive to core's
from datalad.local.export_archive import ExportArchive as CoreExportArchive
from datalad.support.constraints import EnsureChoice, EnsureNone, EnsureStr
from datalad.support.param import Parameter

from datalad_jsdl.commands._archiving import (
    ACTION,
    given_by_dataset,
    given_by_manifest,
    is_pipe,
    written,
)
from datalad_jsdl.commands._common import failure, given_place
from datalad_jsdl.commands._datasets import require_installed
from datalad_jsdl.commands._manifest_options import MANIFEST_OPTIONS
from datalad_jsdl.commands._options import JOBS, inside, jobs_of, listed
from datalad_jsdl.errors import JsdlError, SettingError
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.operations.engines import disk_reserve
from datalad_jsdl.operations.export_archive import ArchiveOptions
from datalad_jsdl.operations.list_files import FileSelection
from datalad_jsdl.operations.manifest_contents import Listed
from datalad_jsdl.operations.open_manifest import is_no_file, place_of
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from datalad_jsdl.operations.open_manifest import ManifestPlace

__all__ = ["ExportArchive"]

lgr = logging.getLogger("datalad.jsdl.export_archive")


@build_doc
class ExportArchive(CoreExportArchive):
    """Export the content of a dataset as a TAR/ZIP archive

    A ZIP archive is reproducible: the same commit gives the same bytes on every machine,
    in every time zone, from every clone, whether the content is present or not. Content
    that is not present is streamed from its URLs and verified, without being kept. The ZIP
    contains committed files only, not changes in the work tree. Members are not
    compressed, and have the times that the manifest recorded.

    A TAR archive is made by DataLad's own code, from present content only.
    """

    _params_ = dict(
        CoreExportArchive._params_,
        filename=Parameter(
            args=("filename",),
            metavar="FILENAME",
            nargs="?",
            doc="""file name of the archive. Without one, the archive is written to the current
            directory and named datalad_<dataset_uuid>.(tar.*|zip). To write that file to a
            different directory, give an existing directory as the file name. '-' writes a ZIP
            archive to standard output and nothing to the disk; messages go to standard
            error.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        path=Parameter(
            args=("path",),
            metavar="PATH",
            nargs="*",
            doc="""file or folder to put into a ZIP archive; by default everything in the
            dataset.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        compression=Parameter(
            args=("-c", "--compression"),
            doc="""compression method. By default, a TAR archive is compressed with 'gz', and
            the members of a ZIP archive are not compressed: only then is the archive the same
            everywhere. With 'gz', the members are compressed by the installed zlib: other
            builds of it may give other bytes, and an interrupted export cannot be resumed.
            'bz2' is for TAR archives. An empty string means no compression.""",
            constraints=EnsureChoice("gz", "bz2", "") | EnsureNone(),
        ),
        missing_content=Parameter(
            args=("--missing-content",),
            doc="""what to do about a file whose content is missing; for a ZIP archive, that is
            content which is neither present nor available from any of its URLs. By default
            ('error'), the export stops with an error. With 'continue', the file is skipped with
            a warning, and with 'ignore', with a message at the 'debug' log level only.""",
            constraints=EnsureChoice("error", "continue", "ignore"),
        ),
        leading_dir=Parameter(
            args=("--leading-dir",),
            metavar="NAME",
            doc="""directory for all files in a ZIP archive; an empty string for none. By
            default, it is the file name of the archive without '.zip'. It is part of the
            archive: archives under different names differ.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        mtime=Parameter(
            args=("--mtime",),
            doc="""modification times in a ZIP archive: those that a manifest recorded
            ('recorded'), or that of the exported commit for all files ('commit'). With
            --manifest, 'remote' gives files without a time in the manifest the one that the
            first responding URL reports (Last-Modified); the archive is the same only as long as
            these times are.""",
            constraints=EnsureChoice("recorded", "commit", "remote"),
        ),
        dataset_files=Parameter(
            args=("--dataset-files",),
            action="store_true",
            doc="""also put the dataset's own files into a ZIP archive: .datalad,
            .gitattributes and .gitmodules, which differ between any two datasets.""",
        ),
        recursive=recursion_flag,
        recursion_limit=recursion_limit,
        ref=Parameter(
            args=("--ref",),
            metavar="COMMIT",
            doc="""the commit to put into a ZIP archive: a branch, a tag, or any other name
            that git knows. By default, it is the one that is checked out.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        include=Parameter(
            args=("--include",),
            metavar="GLOB",
            action="append",
            doc="""only put files into a ZIP archive whose path in the dataset, or one of its
            parent folders, matches; '*' also matches '/'. Can be given several times.""",
        ),
        exclude=Parameter(
            args=("--exclude",),
            metavar="GLOB",
            action="append",
            doc="""put no files into a ZIP archive whose path in the dataset, or one of its
            parent folders, matches. Can be given several times.""",
        ),
        **MANIFEST_OPTIONS,
        resume=Parameter(
            args=("--resume",),
            action="store_true",
            doc="""continue an interrupted export of a ZIP archive: the part already written (in
            a file with the suffix '.jsdl-part') is verified, and kept as far as it is correct.
            Give the same options as before.""",
        ),
        checksum_file=Parameter(
            args=("--checksum-file",),
            action="store_true",
            doc="""write the SHA-256 of a ZIP archive to a file beside it with the suffix
            '.sha256', for 'sha256sum -c'.""",
        ),
        jobs=JOBS,
        dry_run=Parameter(
            args=("-n", "--dry-run"),
            action="store_true",
            doc="""show what a ZIP archive would contain, and how large it would be; write
            nothing.""",
        ),
    )

    _examples_ = [
        dict(
            text="Make a reproducible ZIP archive of the dataset in the current directory",
            code_py="export_archive('../study.zip', archivetype='zip')",
            code_cmd="datalad export-archive -t zip ../study.zip",
        ),
        dict(
            text="Skip unavailable files, and put no folder around the files",
            code_py="export_archive('study.zip', dataset='study', archivetype='zip', "
            "missing_content='continue', leading_dir='')",
            code_cmd="datalad export-archive -d study -t zip --missing-content continue "
            "--leading-dir '' study.zip",
        ),
        dict(
            text="Continue an interrupted export",
            code_py="export_archive('study.zip', dataset='study', archivetype='zip', resume=True)",
            code_cmd="datalad export-archive -d study -t zip --resume study.zip",
        ),
        dict(
            text="Archive one folder as it was in release 1.0, subdatasets included",
            code_py="export_archive('sub-01.zip', path='study/sub-01', dataset='study', "
            "archivetype='zip', ref='1.0', recursive=True)",
            code_cmd="datalad export-archive -d study -t zip --ref 1.0 -r sub-01.zip study/sub-01",
        ),
        dict(
            text="Make an archive straight from a manifest, without a dataset",
            code_py="export_archive('study.zip', archivetype='zip', "
            "manifest='https://portal.example/study.json')",
            code_cmd="datalad export-archive -t zip "
            "--manifest https://portal.example/study.json study.zip",
        ),
        dict(
            text="Unpack a dataset straight from its URLs, without keeping an archive",
            code_cmd="datalad export-archive -d study -t zip - | bsdtar -xf -",
        ),
    ]

    @staticmethod
    @datasetmethod(name="export_archive")
    @eval_results
    def __call__(
        filename: str | None = None,
        path: str | Sequence[str] | None = None,
        *,
        dataset: Any = None,
        archivetype: str = "tar",
        compression: str | None = None,
        missing_content: str = "error",
        leading_dir: str | None = None,
        mtime: str = "recorded",
        dataset_files: bool = False,
        recursive: bool = False,
        recursion_limit: int | None = None,
        ref: str | None = None,
        include: str | Sequence[str] | None = None,
        exclude: str | Sequence[str] | None = None,
        manifest: str | None = None,
        base_url: str | None = None,
        manifest_format: str | None = None,
        column: str | Sequence[str] | None = None,
        credential: str | Sequence[str] | None = None,
        cookies: str | None = None,
        resume: bool = False,
        checksum_file: bool = False,
        jobs: int | str | None = None,
        dry_run: bool = False,
    ) -> Iterator[dict[str, Any]]:
        listing = (base_url, manifest_format, column, credential, cookies)
        where = Path.cwd()
        if manifest is not None:
            ours = (dataset, path, ref, dataset_files, recursive, recursion_limit)
            if archivetype != "zip" or any(ours) or mtime == "commit" or filename is None:
                raise ValueError(
                    "--manifest makes a ZIP archive without a dataset: it requires -t zip and a "
                    "file name, and allows no dataset options"
                )
        else:
            if any(listing) or mtime == "remote":
                raise ValueError("manifest options and --mtime remote require --manifest")
            try:
                found = require_installed(dataset, "export archive")
            except JsdlError as problem:
                yield failure(ACTION, given_place(dataset), problem, lgr)
                return
            where = found.pathobj
        try:
            number = jobs_of(jobs)
        except SettingError as error:
            yield failure(ACTION, where, error, lgr)
            return
        if archivetype != "zip":
            chosen = (leading_dir is not None, mtime != "recorded", dataset_files, recursive)
            senseless = (ref, path, include, exclude, resume, checksum_file, dry_run)
            if any(chosen) or any(senseless) or filename == "-":
                raise ValueError(
                    "a TAR archive supports only a file name, -c and --missing-content"
                )
            yield from _cores_own(filename, dataset, archivetype, compression, missing_content)
            return
        piped = is_pipe(filename)
        _require_sense(piped, compression, resume, checksum_file)
        skip = missing_content != "error"
        options = ArchiveOptions(None, compression == "gz", resume, checksum_file, skip, number)
        wanted = Filter(listed(include), listed(exclude))
        target: Path | None = None
        try:
            if manifest is not None:
                target = None if piped else _target(filename, "archive")
                listed_there = Listed(
                    _place(manifest, base_url, manifest_format, listed(column)),
                    wanted,
                    tuple(listed(credential)),
                    cookies,
                )
                folder = _folder(leading_dir, target, "")
                opening = given_by_manifest(
                    listed_there, folder, remote_times=mtime == "remote", jobs=number
                )
                options = replace(options, target=target, reserve=disk_reserve(None))
            else:
                repository = Repository(where)
                dataset_id = repository.dataset_id
                name = f"datalad_{dataset_id}" if dataset_id else where.name
                target = None if piped else _target(filename, name)
                if target and where.resolve() in target.parents and target.parent != Path.cwd():
                    lgr.warning(
                        "the archive is written into the dataset that it is made from: %s", target
                    )
                selection = FileSelection(
                    revision="HEAD" if ref is None else ref,
                    paths=inside(path, dataset, where),
                    wanted=wanted,
                    depth=recursion_limit if recursive else 0,
                    dataset_files=dataset_files,
                    skip_missing=skip,
                )
                folder = _folder(leading_dir, target, name)
                opening = given_by_dataset(where, selection, folder, commit_time=mtime == "commit")
                options = replace(options, target=target, reserve=disk_reserve(repository.git_dir))
        except JsdlError as error:
            kind = "file" if target else "dataset"
            yield failure(ACTION, target or where, error, lgr, kind)
            return
        if target and not checksum_file and (old := Path(f"{target}.sha256")).exists():
            lgr.warning("%s belongs to an older archive; use --checksum-file to renew it", old)
        yield from written(
            opening,
            options,
            filename,
            where,
            "directory" if manifest is not None else "dataset",
            missing_content=missing_content,
            dry_run=dry_run,
        )


def _cores_own(
    filename: str | None,
    dataset: Any,
    archivetype: str,
    compression: str | None,
    missing_content: str,
) -> Iterator[dict[str, Any]]:
    """A TAR archive, by DataLad's own code."""
    if str(filename).lower().endswith(".zip"):
        lgr.warning("this will be a TAR archive; for a ZIP archive, use -t zip")
    yield from CoreExportArchive.__call__(
        filename,
        dataset=dataset,
        archivetype=archivetype,
        compression="gz" if compression is None else compression,
        missing_content=missing_content,
        return_type="generator",
        result_renderer="disabled",
        on_failure="ignore",
    )


def _place(
    manifest: str, base_url: str | None, format_name: str | None, columns: Sequence[str]
) -> ManifestPlace:
    """Where a manifest is; raises ManifestError."""
    file = None if is_no_file(manifest) else Path(manifest).absolute()
    return place_of(manifest, file, base_url, format_name, columns)


def _folder(leading_dir: str | None, target: Path | None, default: str) -> str:
    """The folder in the archive: as it was given, else named like the file, if there is one."""
    if leading_dir is None:
        leading_dir = default if target is None else target.stem
    return leading_dir.strip("/")


def _require_sense(piped: bool, compression: str | None, resume: bool, checksum_file: bool) -> None:
    """Raises ValueError for options that contradict each other."""
    if compression == "bz2":
        raise ValueError("a ZIP archive cannot be compressed with bz2: few programs can read it")
    if resume and (piped or compression == "gz"):
        raise ValueError("--resume requires a ZIP archive in a file, without -c gz")
    if checksum_file and piped:
        raise ValueError("--checksum-file requires an archive in a file")


def _target(filename: str | None, default: str) -> Path:
    target = Path(filename if filename is not None else default)
    if filename is not None and target.is_dir():
        target = target / default
    # not with_suffix: data-1.0 is to become data-1.0.zip
    if target.suffix.lower() != ".zip":
        target = target.with_name(target.name + ".zip")
    # not resolve: the name that was given is that of the folder in the archive
    return target.parent.resolve() / target.name
