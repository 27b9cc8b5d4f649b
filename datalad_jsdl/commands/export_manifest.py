"""``datalad export-manifest``: a dataset becomes a manifest again."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import EnsureDataset, datasetmethod
from datalad.interface.base import Interface, build_doc, eval_results
from datalad.interface.common_opts import recursion_flag, recursion_limit
from datalad.interface.results import get_status_dict
from datalad.support.constraints import EnsureChoice, EnsureNone, EnsureStr
from datalad.support.param import Parameter
from datalad.ui import ui

from datalad_jsdl.archive.output import PipeOutput, opened
from datalad_jsdl.commands._common import Bars, failure, given_place
from datalad_jsdl.commands._datasets import require_installed
from datalad_jsdl.commands._options import inside, listed
from datalad_jsdl.commands._output import is_standard_output, standard_output
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.manifest.writing import WRITERS, format_of
from datalad_jsdl.model.filters import Filter
from datalad_jsdl.operations.export_manifest import Export
from datalad_jsdl.operations.list_files import FileSelection, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ExportManifest"]

lgr = logging.getLogger("datalad.jsdl.export_manifest")

_ACTION = "export_manifest"
_MOST_RECORDS = 1000
_MOST_LINES = 10  # on files in git


@build_doc
class ExportManifest(Interface):
    """Write a manifest of a dataset: paths, URLs, sizes, checksums and times

    It lists what is committed, whether its content is present or not, and
    'datalad download-manifest' makes the same dataset of it again. Any git-annex dataset
    whose files have URLs will do.

    Only http and https URLs get into it, and none with a login or signature in it. An
    annexed file that has no other is left out and reported as 'impossible', so that the
    command fails, although the manifest of the other files is written. Files whose content
    is in git have no URL: they are left out and reported as 'notneeded'. The dataset's own
    .datalad, .gitattributes and .gitmodules are passed over.

    Options must not stand between FILE and PATH.
    """

    result_renderer = "tailored"

    _params_ = dict(
        file=Parameter(
            args=("file",),
            metavar="FILE",
            nargs="?",
            doc="""file to write; one of that name is replaced when the new one is complete.
            '-', the default, is standard output; messages go to standard error then.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        path=Parameter(
            args=("path",),
            metavar="PATH",
            nargs="*",
            doc="""file or folder to list; by default everything in the dataset.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        dataset=Parameter(
            args=("-d", "--dataset"),
            doc="""the dataset; by default the one around the current directory.""",
            constraints=EnsureDataset() | EnsureNone(),
        ),
        manifest_format=Parameter(
            args=("--format",),
            dest="manifest_format",
            metavar="NAME",
            doc="""json, jsonl (JSON Lines), metalink4 or bagit-fetch (fetch.txt, which has a
            place for one URL and the size of each file and for nothing else). By default the
            name of FILE tells: .json, .jsonl or .ndjson, .meta4 or .metalink, fetch.txt; for
            any other it is json, but an ending of some other kind (.csv, .gz) is an error.""",
            constraints=EnsureChoice(*WRITERS) | EnsureNone(),
        ),
        recursive=recursion_flag,
        recursion_limit=recursion_limit,
        ref=Parameter(
            args=("--ref",),
            metavar="COMMIT",
            doc="""the commit to list: a branch, a tag, or any other name that git knows. By
            default it is the one that is checked out. URLs are those of now.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        include=Parameter(
            args=("--include",),
            metavar="GLOB",
            action="append",
            doc="""only list files whose path in the dataset, or a folder that it lies in,
            matches; '*' also matches '/'. Can be given several times.""",
        ),
        exclude=Parameter(
            args=("--exclude",),
            metavar="GLOB",
            action="append",
            doc="""leave out files whose path in the dataset, or a folder that it lies in,
            matches. Can be given several times.""",
        ),
    )

    _examples_ = [
        dict(
            text="Write a manifest of the dataset in the current directory",
            code_py="export_manifest('../study.json')",
            code_cmd="datalad export-manifest ../study.json",
        ),
        dict(
            text="List the images as they were in release 1.0, for aria2 to download",
            code_py="export_manifest('images.meta4', dataset='study', include='*.nii.gz', "
            "ref='1.0')",
            code_cmd="datalad export-manifest -d study --include '*.nii.gz' --ref 1.0 images.meta4",
        ),
        dict(
            text="Look at what is known of one folder, subdatasets included",
            code_cmd="datalad export-manifest -d study -r --format jsonl - study/sub-01",
        ),
    ]

    @staticmethod
    @datasetmethod(name="export_manifest")
    @eval_results
    def __call__(
        file: str | None = None,
        path: str | Sequence[str] | None = None,
        *,
        dataset: Any = None,
        manifest_format: str | None = None,
        recursive: bool = False,
        recursion_limit: int | None = None,
        ref: str | None = None,
        include: str | Sequence[str] | None = None,
        exclude: str | Sequence[str] | None = None,
    ) -> Iterator[dict[str, Any]]:
        try:
            found = require_installed(dataset, "export manifest")
        except JsdlError as problem:
            yield failure(_ACTION, given_place(dataset), problem, lgr)
            return
        # not resolved: what it is a link to need not have a name that tells the format
        target = None if is_standard_output(file) else _without_dots(Path.cwd() / str(file))
        kind = "file" if target else "dataset"

        def record(status: str, path: Path, kind: str, message: str, **more: Any) -> Any:
            result = get_status_dict(
                action=_ACTION,
                status=status,
                path=str(path),
                type=kind,
                refds=found.path,
                logger=lgr,
            )
            return {**result, "message": message, **more}

        with ExitStack() as stack:
            # to its end: whoever shows records does so on what is standard output then
            descriptor = -1 if target else stack.enter_context(standard_output(text=True))
            error = None
            export = Export(manifest_format or "json")
            try:
                if target and not manifest_format:
                    export = Export(format_of(target.name) or "json")
                selection = FileSelection(
                    revision="HEAD" if ref is None else ref,
                    paths=inside(path, dataset, found.pathobj),
                    wanted=Filter(listed(include), listed(exclude)),
                    depth=recursion_limit if recursive else 0,
                )
                with Bars(lgr).bar(str(target or "-")) as bar:
                    walk = Walk(found.pathobj, selection)
                    if target:
                        with opened(target) as output:
                            export.run(walk, output, bar)
                            output.finish()
                    else:
                        pipe = PipeOutput(descriptor)
                        export.run(walk, pipe, bar)
                        pipe.flush()
            except (JsdlError, OSError) as problem:
                error = problem
            in_git = sum(item.in_git for item in export.unlisted)
            place = 0  # among those in git
            for item in export.unlisted:
                if not item.in_git:
                    more = {}
                elif in_git <= _MOST_RECORDS:
                    place += 1
                    more = {"place": place, "in_git": in_git}
                else:
                    continue
                status = "notneeded" if item.in_git else "impossible"
                path_there = found.pathobj / item.path
                yield record(status, path_there, "file", item.reason, entry=item.path, **more)
            if error is not None:
                yield failure(_ACTION, target or found.pathobj, error, lgr, kind)
                return
            yield record(
                "ok",
                target or found.pathobj,
                kind,
                _summary(export),
                format=export.name,
                entries=export.entries,
                in_git=in_git,
                left_out=len(export.unlisted) - in_git,
                lost=dict(export.lost),
            )

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        if res.get("place", 0) > _MOST_LINES:
            if res["place"] == res["in_git"]:
                ui.message(f"left out {res['in_git'] - _MOST_LINES} more files that are in git")
        elif "entry" in res:
            ui.message(f"left out {res['entry']}: {res['message']}")
        else:
            ui.message(f"{'error' if res['status'] == 'error' else res['path']}: {res['message']}")

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The last record is the summary; standard output is no longer ours when this is called."""


def _summary(export: Export) -> str:
    text = f"{export.entries} files, {export.size} bytes listed"
    if export.unlisted:
        in_git = sum(item.in_git for item in export.unlisted)
        text += f"; {len(export.unlisted)} left out ({in_git} of them are in git)"
    if export.lost:
        lost = ", ".join(f"{what} ({number})" for what, number in export.lost.items())
        text += f"; {export.name} has no place for, by number of files: {lost}"
    return text


def _without_dots(target: Path) -> Path:
    """The same file; its name is not looked up, as it may be that of a link."""
    return target.parent.resolve() / target.name
