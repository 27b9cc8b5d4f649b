"""What ``datalad export-archive`` takes, and examples of it: its ``--help``."""

from __future__ import annotations

from datalad.interface.common_opts import recursion_flag, recursion_limit
from datalad.local.export_archive import ExportArchive as CoreExportArchive
from datalad.support.constraints import EnsureChoice, EnsureNone, EnsureStr
from datalad.support.param import Parameter

from datalad_jsdl.commands._manifest_options import MANIFEST_OPTIONS
from datalad_jsdl.commands._options import JOBS

__all__ = ["EXAMPLES", "OPTION_GROUPS", "PARAMS"]

PARAMS = dict(
    CoreExportArchive._params_,
    archivetype=Parameter(
        args=("-t", "--archivetype"),
        doc="""type of the archive. By default, it is a ZIP archive if its name ends in '.zip',
        or with --manifest, and else a TAR archive.""",
        constraints=EnsureChoice(None, "tar", "zip"),
    ),
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
        constraints=EnsureChoice(None, "gz", "bz2", ""),
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
        args=("--no-resume",),
        dest="resume",
        action="store_false",
        doc="""begin anew. By default, an interrupted export of a ZIP archive goes on: what is
        already written (in a file with the suffix '.jsdl-part') is verified, and kept as far
        as it is correct.""",
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

OPTION_GROUPS = {
    "What is put into the archive": "dataset ref include exclude recursive recursion_limit "
    "dataset_files missing_content",
    "How the archive is made": "archivetype compression leading_dir mtime checksum_file",
    "Straight from a manifest": "manifest base_url manifest_format column credential cookies",
    "How the export goes": "dry_run jobs resume",
}

EXAMPLES = [
    dict(
        text="Make a reproducible ZIP archive of the dataset in the current directory; if it is "
        "interrupted, the same command continues",
        code_py="export_archive('../study.zip')",
        code_cmd="datalad export-archive ../study.zip",
    ),
    dict(
        text="Skip unavailable files, and put no folder around the files",
        code_py="export_archive('study.zip', dataset='study', "
        "missing_content='continue', leading_dir='')",
        code_cmd="datalad export-archive -d study --missing-content continue "
        "--leading-dir '' study.zip",
    ),
    dict(
        text="Archive one folder as it was in release 1.0, subdatasets included",
        code_py="export_archive('sub-01.zip', path='study/sub-01', dataset='study', "
        "ref='1.0', recursive=True)",
        code_cmd="datalad export-archive -d study --ref 1.0 -r sub-01.zip study/sub-01",
    ),
    dict(
        text="Make an archive straight from a manifest, without a dataset",
        code_py="export_archive('study.zip', manifest='https://portal.example/study.json')",
        code_cmd="datalad export-archive --manifest https://portal.example/study.json study.zip",
    ),
    dict(
        text="Unpack a dataset straight from its URLs, without keeping an archive",
        code_cmd="datalad export-archive -d study -t zip - | bsdtar -xf -",
    ),
]
