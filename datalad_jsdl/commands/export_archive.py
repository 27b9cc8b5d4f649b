"""``datalad export-archive``: core's command, with a zip that is the same everywhere."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import datasetmethod, require_dataset
from datalad.interface.base import build_doc, eval_results
from datalad.interface.results import get_status_dict

# before our own class: importing it binds Dataset.export_archive to core's
from datalad.local.export_archive import ExportArchive as CoreExportArchive
from datalad.support.constraints import EnsureChoice, EnsureNone, EnsureStr
from datalad.support.param import Parameter
from datalad.utils import file_basename

from datalad_jsdl.annex.engine import open_engine
from datalad_jsdl.archive.contents import dataset_contents
from datalad_jsdl.archive.export import Exported, export_zip
from datalad_jsdl.archive.layout import Layout, Member
from datalad_jsdl.commands._common import Bar, failure
from datalad_jsdl.dataset.importer import Importer
from datalad_jsdl.dataset.tree import SUBMODULE, Tree
from datalad_jsdl.errors import ArchiveError, DatasetError, JsdlError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
            metavar="PATH",
            nargs="?",
            doc="""file name of the generated archive. If no file name is given the archive
            will be generated in the current directory and will be named:
            datalad_<dataset_uuid>.(tar.*|zip). To generate that file in a different
            directory, provide an existing directory as the file name.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        compression=Parameter(
            args=("-c", "--compression"),
            doc="""compression method of a TAR archive; none is used when an empty string
            is given. It does not apply to ZIP archives.""",
            constraints=EnsureChoice("gz", "bz2", ""),
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
            none. By default, it is the file name of the archive without its extension.
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
    ]

    @staticmethod
    @datasetmethod(name="export_archive")
    @eval_results
    def __call__(
        filename: str | None = None,
        *,
        dataset: Any = None,
        archivetype: str = "tar",
        compression: str = "gz",
        missing_content: str = "error",
        leading_dir: str | None = None,
        mtime: str = "recorded",
        dataset_files: bool = False,
    ) -> Iterator[dict[str, Any]]:
        found = require_dataset(dataset, check_installed=True, purpose="export archive")
        if archivetype != "zip":
            if leading_dir is not None or mtime != "recorded" or dataset_files:
                raise ValueError("--leading-dir, --mtime and --dataset-files go with -t zip")
            yield from CoreExportArchive.__call__(
                filename,
                dataset=dataset,
                archivetype=archivetype,
                compression=compression,
                missing_content=missing_content,
                return_type="generator",
                result_renderer="disabled",
                on_failure="ignore",
            )
            return
        target = _target(filename, f"datalad_{found.id}")
        if leading_dir is None:
            leading_dir = file_basename(target)
        try:
            exported = _export(
                found.pathobj,
                target,
                leading_dir.strip("/"),
                commit_time=mtime == "commit",
                dataset_files=dataset_files,
                skip_missing=missing_content != "error",
            )
        except (JsdlError, OSError) as error:
            yield failure(_ACTION, target, error, lgr, "file")
            return
        for path, problem in exported.missing.items():
            log = lgr.warning if missing_content == "continue" else lgr.debug
            log("File %s has no content available, skipped: %s", path, problem)
        if exported.unverified:
            lgr.warning(
                "%i files have no checksum: the archive is the same elsewhere only as long as "
                "all mirrors give the same content",
                exported.unverified,
            )
        for warning in exported.warnings:
            lgr.warning("%s", warning)
        yield get_status_dict(
            action=_ACTION,
            status="ok",
            path=str(target),
            type="file",
            message=f"{exported.members} files, {exported.size} bytes"
            + (f", {len(exported.missing)} left out" if exported.missing else ""),
            members=exported.members,
            missing=sorted(exported.missing),
            bytesize=exported.size,
            logger=lgr,
        )


def _target(filename: str | None, default: str) -> Path:
    target = Path(filename if filename is not None else default)
    if filename is not None and target.is_dir():
        target = target / default
    # not with_suffix: data-1.0 is to become data-1.0.zip
    if target.suffix.lower() != ".zip":
        target = target.with_name(target.name + ".zip")
    # not resolve: a link of that name is to be replaced, not what it leads to
    return target.parent.resolve() / target.name


def _export(
    root: Path,
    target: Path,
    leading_dir: str,
    *,
    commit_time: bool,
    dataset_files: bool,
    skip_missing: bool,
) -> Exported:
    importer = Importer(root)
    git = importer.git
    if importer.has_annex():
        try:
            importer.catch_up()
        except DatasetError:
            # a dataset that may only be read tells what it had merged before
            lgr.debug("git-annex could not update its branch in %s", root)
    tree = Tree(git)
    if not tree.commit:
        raise ArchiveError("the dataset has no commit yet; there is nothing to export")
    if left_out := [path for path, file in tree.files.items() if file.mode == SUBMODULE]:
        lgr.warning("subdatasets are left out: %s", ", ".join(left_out))
    seconds = int(git.text("log", "-1", "--format=%ct", tree.commit)) if commit_time else None
    contents = dataset_contents(
        git,
        tree,
        importer.annex_dir,
        leading_dir,
        mtime=seconds,
        dataset_files=dataset_files,
    )
    layout = Layout(Member(c.name, c.size or 0, c.mtime, c.kind) for c in contents)
    with open_engine(importer.git_dir()) as engine, Bar(lgr, str(target), " Bytes") as bar:
        return export_zip(
            git,
            contents,
            target,
            engine,
            skip_missing=skip_missing,
            progress=lambda position: bar.update("writing", position, layout.total),
        )
