"""``datalad make-manifest``: a folder becomes a manifest, to be published."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.interface.base import Interface, build_doc, eval_results
from datalad.support.constraints import EnsureChoice, EnsureNone, EnsureStr
from datalad.support.param import Parameter
from datalad.ui import ui

from datalad_jsdl.archive.output import PipeOutput
from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._common import failure
from datalad_jsdl.commands._interrupts import interruptible
from datalad_jsdl.commands._making_results import ACTION, MOST_LINES, lgr, records
from datalad_jsdl.commands._options import jobs_of, listed
from datalad_jsdl.commands._output import is_standard_output, standard_output
from datalad_jsdl.errors import JsdlError, ManifestError
from datalad_jsdl.manifest.writing import WRITERS, format_of
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.operations.make_manifest import MakeOptions, folder_url, make_manifest
from datalad_jsdl.operations.published_zip import published_zip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["MakeManifest"]

_MOST_JOBS = 8  # where nothing is said; more do not make disks faster


@build_doc
class MakeManifest(Interface):
    """Make a manifest of the files in a folder that a web server publishes

    The manifest lists every file below FOLDER with its URLs, size, SHA-256, modification time
    and executable bit, so that 'datalad download-manifest' can import it. The command reads
    the files, but changes nothing and makes no request.

    Symbolic links are followed if they lead into FOLDER, or to content that git-annex has
    here. The files by which git, git-annex and DataLad keep a dataset (.git, .datalad,
    .gitattributes, .gitignore, ...) are not listed. Files that cannot be listed (unreadable,
    changing, a link that leads out of FOLDER, a name that no manifest may have) are reported as
    'impossible', so that the command fails, although it writes the manifest of the other files.

    If the command is interrupted, run it again: digests of files whose size and modification
    time are still the same are taken from FILE.jsdl-hashes, which is deleted in the end.
    """

    result_renderer = "tailored"

    _params_ = dict(
        folder=Parameter(
            args=("folder",),
            metavar="FOLDER",
            doc="""folder whose files to list; it may be a dataset.""",
            constraints=EnsureStr(),
        ),
        base_url=Parameter(
            args=("--base-url",),
            metavar="URL",
            action="append",
            doc="""URL at which FOLDER is published: the URL of a file is this and its path. Give
            it once more for each mirror; they are tried in this order.""",
        ),
        archive=Parameter(
            args=("--archive",),
            metavar="URL",
            action="append",
            doc="""URL at which a ZIP archive of the files in the manifest is, or will be,
            published, as 'datalad export-archive --manifest' writes it. Many small files are then
            downloaded from it with a few requests; each is verified by its checksum, and comes
            from its own URL if the archive does not have it. Give it once more for each mirror.
            Only for json and jsonl.""",
        ),
        leading_dir=Parameter(
            args=("--leading-dir",),
            metavar="NAME",
            doc="""directory in that archive that holds the files; an empty string for none. By
            default, it is the file name in the first URL without '.zip', as for 'datalad
            export-archive'.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        output=Parameter(
            args=("-o", "--output"),
            metavar="FILE",
            doc="""file to write; an existing file is replaced when the new one is complete. It may
            be in FOLDER: it does not list itself. '-', the default, is standard output; then
            messages go to standard error, and an interrupted run cannot be continued.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        update=Parameter(
            args=("--update",),
            metavar="OLD",
            doc="""an older manifest of FOLDER, which may be FILE: files whose size and
            modification time are those in OLD are not read again, and 'access' that
            OLD says of a file is kept. The summary counts what has changed.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        include=Parameter(
            args=("--include",),
            metavar="GLOB",
            action="append",
            doc="""only list files whose path below FOLDER, or one of its parent folders, matches;
            '*' also matches '/'. Can be given several times.""",
        ),
        exclude=Parameter(
            args=("--exclude",),
            metavar="GLOB",
            action="append",
            doc="""skip files whose path below FOLDER, or one of its parent folders, matches. Can be
            given several times.""",
        ),
        pieces=Parameter(
            args=("--pieces",),
            action="store_true",
            doc="""also list the SHA-256 of each 8 MiB of files that are larger, so that a
            download need only fetch again the pieces that were wrong. Not for fetch.txt.""",
        ),
        manifest_format=Parameter(
            args=("--format",),
            dest="manifest_format",
            metavar="NAME",
            doc="""json, jsonl (JSON Lines), metalink4 or bagit-fetch (fetch.txt, without
            checksums). By default, the name of FILE decides, as for 'datalad
            export-manifest'.""",
            constraints=EnsureChoice(None, *WRITERS),
        ),
        jobs=Parameter(
            args=("-J", "--jobs"),
            metavar="NJOBS",
            doc=f"""how many files to read at a time: a whole number from 1 to 1000, or 'auto', the
            default, for one per processor core, and at most {_MOST_JOBS}.""",
        ),
    )

    _option_groups_ = {
        "Which files": "include exclude",
        "Where they are published": "base_url archive leading_dir",
        "What is written": "output manifest_format pieces",
        "How files are read": "update jobs",
    }

    _examples_ = [
        dict(
            text="List what a web server publishes at https://data.example/study/",
            code_py="make_manifest('/srv/study', base_url='https://data.example/study/', "
            "output='/srv/study/manifest.json')",
            code_cmd="datalad make-manifest /srv/study --base-url https://data.example/study/ "
            "-o /srv/study/manifest.json",
        ),
        dict(
            text="With a mirror, without drafts",
            code_cmd="datalad make-manifest /srv/study --base-url https://data.example/study/ "
            "--base-url https://mirror.example/study/ --exclude drafts -o study.json",
        ),
        dict(
            text="Name a ZIP archive as well, then write it to where it is published",
            code_cmd="datalad make-manifest /srv/study --base-url https://data.example/study/ "
            "--archive https://data.example/study.zip -o study.json && datalad export-archive "
            "--manifest study.json /srv/study.zip",
        ),
        dict(
            text="Later, read only what has changed",
            code_cmd="datalad make-manifest /srv/study --base-url https://data.example/study/ "
            "--update study.json -o study.json",
        ),
    ]

    @staticmethod
    @eval_results
    @interruptible
    def __call__(
        folder: str,
        *,
        base_url: str | Sequence[str] | None = None,
        archive: str | Sequence[str] | None = None,
        leading_dir: str | None = None,
        output: str | None = None,
        update: str | None = None,
        include: str | Sequence[str] | None = None,
        exclude: str | Sequence[str] | None = None,
        pieces: bool = False,
        manifest_format: str | None = None,
        jobs: int | str | None = None,
    ) -> Iterator[dict[str, Any]]:
        root = Path.cwd() / folder
        target = None if is_standard_output(output) else _without_dots(Path.cwd() / str(output))
        with ExitStack() as stack:
            # to its end: whoever shows records does so on what is standard output then
            descriptor = -1 if target else stack.enter_context(standard_output(text=True))
            try:
                if not base_url:
                    raise ManifestError("no URL of the folder; add --base-url URL")
                if leading_dir is not None and not archive:
                    raise ManifestError("--leading-dir is for a zip; add --archive URL")
                name = manifest_format or (target and format_of(target.name)) or "json"
                options = MakeOptions(
                    folder=root,
                    urls=tuple(dict.fromkeys(map(folder_url, listed(base_url)))),
                    target=target or PipeOutput(descriptor),
                    format_name=name,
                    wanted=Filter(listed(include), listed(exclude)),
                    pieces=pieces,
                    jobs=jobs_of(jobs) or _cores(),
                    update=_without_dots(Path.cwd() / update) if update else None,
                    archives=published_zip(listed(archive), leading_dir, name),
                )
                made = make_manifest(options, Bars(lgr))
            except (JsdlError, OSError) as problem:
                yield failure(ACTION, target or root, problem, lgr, "file")
                return
            yield from records(made, options, target or root)

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        if "entry" in res:
            if res["place"] <= MOST_LINES:
                ui.message(f"skipped {res['entry']!r}: {res['message']}")
        else:
            ui.message(f"{'error' if res['status'] == 'error' else res['path']}: {res['message']}")

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The last record is the summary; standard output is no longer ours when this is called."""


def _cores() -> int:
    """Processor cores that this process may use, and that are worth using."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(usable or 1, _MOST_JOBS)


def _without_dots(target: Path) -> Path:
    """The same file; its name is not looked up, as it may be that of a link."""
    return target.parent.resolve() / target.name
