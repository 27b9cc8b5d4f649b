"""``datalad export-archive``: core's command, with a zip that is the same everywhere."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import datasetmethod
from datalad.interface.base import build_doc, eval_results
from datalad.interface.common_opts import recursion_flag, recursion_limit
from datalad.interface.results import get_status_dict

# before our own class: importing it binds Dataset.export_archive to core's
from datalad.local.export_archive import ExportArchive as CoreExportArchive
from datalad.support.constraints import EnsureChoice, EnsureNone, EnsureStr
from datalad.support.param import Parameter

from datalad_jsdl.archive.targets import is_special, writable
from datalad_jsdl.commands._common import Bars, failure, given_place
from datalad_jsdl.commands._datasets import require_installed
from datalad_jsdl.commands._options import JOBS, inside, jobs_of, listed
from datalad_jsdl.commands._output import is_standard_output, standard_output
from datalad_jsdl.errors import JsdlError, SettingError
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.operations.collect import collect, preview, report
from datalad_jsdl.operations.engines import disk_reserve
from datalad_jsdl.operations.export_archive import Order, write_archive
from datalad_jsdl.operations.list_files import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


__all__ = ["ExportArchive"]

lgr = logging.getLogger("datalad.jsdl.export_archive")

_ACTION = "export_archive"


@build_doc
class ExportArchive(CoreExportArchive):
    """Export the content of a dataset as a TAR/ZIP archive

    A ZIP archive is reproducible: the same commit gives the same bytes on every machine,
    in every time zone, from every clone, whether the content is present or not. Content
    that is not present is streamed from its URLs, verified, without being kept. The ZIP
    holds what is committed; changes in the work tree do not get in. Members are not
    compressed, and their times are those that the manifest recorded.

    A TAR archive is made by DataLad's own code, from present content only.
    """

    _params_ = dict(
        CoreExportArchive._params_,
        filename=Parameter(
            args=("filename",),
            metavar="FILENAME",
            nargs="?",
            doc="""file name of the generated archive. If no file name is given the archive
            will be generated in the current directory and will be named:
            datalad_<dataset_uuid>.(tar.*|zip). To generate that file in a different
            directory, provide an existing directory as the file name. '-' writes a ZIP
            archive to standard output, without anything being put on the disk; messages go
            to standard error.""",
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
            doc="""compression method. Unless it is given, a TAR archive is compressed with
            'gz', and the members of a ZIP archive are not compressed: only so is it the same
            everywhere. With 'gz' they are, as the zlib at hand does it: any two of its builds
            may give other bytes, and an interrupted export cannot be resumed. 'bz2' is for
            TAR archives. An empty string stands for none.""",
            constraints=EnsureChoice("gz", "bz2", "") | EnsureNone(),
        ),
        missing_content=Parameter(
            args=("--missing-content",),
            doc="""by default, any discovered file with missing content will result in an
            error and the export is aborted. For a ZIP archive content is only missing if
            none of its URLs gives it either. Setting this to 'continue' will issue
            warnings instead of failing on error. The value 'ignore' will only inform about
            problem at the 'debug' log level.""",
            constraints=EnsureChoice("error", "continue", "ignore"),
        ),
        leading_dir=Parameter(
            args=("--leading-dir",),
            metavar="NAME",
            doc="""directory in a ZIP archive to put all files into; an empty string for
            none. By default, it is the file name of the archive without its '.zip'.
            It is a part of the archive, which is the same only under the same name.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        mtime=Parameter(
            args=("--mtime",),
            doc="""modification times in a ZIP archive: those that a manifest recorded
            ('recorded'), or that of the exported commit for all files ('commit').""",
            constraints=EnsureChoice("recorded", "commit"),
        ),
        dataset_files=Parameter(
            args=("--dataset-files",),
            action="store_true",
            doc="""also put the dataset's own housekeeping into a ZIP archive: .datalad,
            .gitattributes and .gitmodules, which differ between any two datasets.""",
        ),
        recursive=recursion_flag,
        recursion_limit=recursion_limit,
        ref=Parameter(
            args=("--ref",),
            metavar="COMMIT",
            doc="""the commit to put into a ZIP archive: a branch, a tag, or any other name
            that git knows. By default it is the one that is checked out.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        include=Parameter(
            args=("--include",),
            metavar="GLOB",
            action="append",
            doc="""only put files into a ZIP archive whose path in the dataset, or a folder
            that it lies in, matches; '*' also matches '/'. Can be given several times.""",
        ),
        exclude=Parameter(
            args=("--exclude",),
            metavar="GLOB",
            action="append",
            doc="""leave files out of a ZIP archive whose path in the dataset, or a folder that
            it lies in, matches. Can be given several times.""",
        ),
        resume=Parameter(
            args=("--resume",),
            action="store_true",
            doc="""go on with a ZIP archive that was interrupted: what was written of it (in
            a file of its name and '.jsdl-part') is compared with what it is to become, and
            kept as far as it is good. Give the same options as before.""",
        ),
        checksum_file=Parameter(
            args=("--checksum-file",),
            action="store_true",
            doc="""write the SHA-256 of a ZIP archive into a file beside it, of its name and
            '.sha256', for 'sha256sum -c'.""",
        ),
        jobs=JOBS,
        dry_run=Parameter(
            args=("-n", "--dry-run"),
            action="store_true",
            doc="""report what a ZIP archive would hold, and how large it would be; write
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
            text="Leave out what no mirror gives, and put no folder around the files",
            code_py="export_archive('study.zip', dataset='study', archivetype='zip', "
            "missing_content='continue', leading_dir='')",
            code_cmd="datalad export-archive -d study -t zip --missing-content continue "
            "--leading-dir '' study.zip",
        ),
        dict(
            text="Go on with an export that was interrupted",
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
        resume: bool = False,
        checksum_file: bool = False,
        jobs: int | str | None = None,
        dry_run: bool = False,
    ) -> Iterator[dict[str, Any]]:
        try:
            found = require_installed(dataset, "export archive")
        except JsdlError as problem:
            yield failure(_ACTION, given_place(dataset), problem, lgr)
            return
        try:
            number = jobs_of(jobs)
        except SettingError as error:
            yield failure(_ACTION, found.pathobj, error, lgr)
            return
        if archivetype != "zip":
            if str(filename).lower().endswith(".zip"):
                lgr.warning("this will be a TAR archive; -t zip makes a ZIP archive")
            chosen = (leading_dir is not None, mtime != "recorded", dataset_files, recursive)
            options = (ref, path, include, exclude, resume, checksum_file, dry_run)
            if any(chosen) or any(options) or filename == "-":
                raise ValueError("a TAR archive takes a file name, -c and --missing-content only")
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
            return
        special = filename is not None and is_special(Path(filename))
        piped = special or (filename is not None and is_standard_output(filename))
        _require_sense(piped, compression, resume, checksum_file)
        name = f"datalad_{found.id}" if found.id else found.pathobj.name
        target = None if piped else _target(filename, name)
        if leading_dir is None:
            leading_dir = name if target is None else target.stem
        if target and found.pathobj.resolve() in target.parents and target.parent != Path.cwd():
            lgr.warning("the archive is written into the dataset that it is made of: %s", target)
        if target and not checksum_file and (old := Path(f"{target}.sha256")).exists():
            lgr.warning("%s is of an older archive; --checksum-file would renew it", old)
        skip = missing_content != "error"
        gz, reserve = compression == "gz", disk_reserve(found.repo.dot_git)
        order = Order(target, gz, resume, checksum_file, skip, number, reserve=reserve)
        with ExitStack() as stack:
            try:
                if piped and not dry_run:
                    own = is_standard_output(filename)
                    pipe = standard_output() if own else writable(Path(str(filename)))
                    order = replace(order, descriptor=stack.enter_context(pipe))
                selection = Selection(
                    revision="HEAD" if ref is None else ref,
                    paths=inside(path, dataset, found.pathobj),
                    wanted=Filter(listed(include), listed(exclude)),
                    depth=recursion_limit if recursive else 0,
                    dataset_files=dataset_files,
                    skip_missing=skip,
                )
                with ExitStack() as homes:
                    contents, absent = collect(
                        found.pathobj,
                        selection,
                        homes,
                        leading_dir.strip("/"),
                        commit_time=mtime == "commit",
                    )
                    if dry_run:
                        record = preview(contents)
                    else:
                        bar = homes.enter_context(Bars(lgr).bar(str(target or "-"), " Bytes"))
                        exported, size = write_archive(contents, order, bar)
                        record = report(contents, absent, exported, size, missing_content)
            except (JsdlError, OSError) as error:
                yield failure(_ACTION, target or found.pathobj, error, lgr, _kind(target))
                return
            yield get_status_dict(
                action=_ACTION,
                status="ok",
                path=str(target or found.pathobj),
                type=_kind(target),
                logger=lgr,
                **record,
            )


def _kind(target: Path | None) -> str:
    return "file" if target else "dataset"


def _require_sense(piped: bool, compression: str | None, resume: bool, checksum_file: bool) -> None:
    """Raises ValueError for options that contradict each other."""
    if compression == "bz2":
        raise ValueError("a ZIP archive cannot be compressed with bz2: few programs read that")
    if resume and (piped or compression == "gz"):
        raise ValueError("--resume is for a ZIP archive in a file, without -c gz")
    if checksum_file and piped:
        raise ValueError("--checksum-file needs a file to put the checksum beside")


def _target(filename: str | None, default: str) -> Path:
    target = Path(filename if filename is not None else default)
    if filename is not None and target.is_dir():
        target = target / default
    # not with_suffix: data-1.0 is to become data-1.0.zip
    if target.suffix.lower() != ".zip":
        target = target.with_name(target.name + ".zip")
    # not resolve: the name that was given is that of the folder in the archive
    return target.parent.resolve() / target.name
