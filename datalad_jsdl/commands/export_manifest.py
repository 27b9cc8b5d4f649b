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
from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._common import failure, given_place
from datalad_jsdl.commands._datasets import require_installed
from datalad_jsdl.commands._interrupts import interruptible
from datalad_jsdl.commands._options import inside, listed
from datalad_jsdl.commands._output import is_standard_output, standard_output
from datalad_jsdl.errors import JsdlError
from datalad_jsdl.manifest.writing import WRITERS, format_of
from datalad_jsdl.model.amounts import counted, size_text
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

    The manifest lists committed files, whether their content is present or not, and
    'datalad download-manifest' recreates the same dataset from it. This works for any
    git-annex dataset whose files have URLs.

    The manifest contains only http and https URLs without a login or signature. Annexed
    files without such a URL are skipped and reported as 'impossible', so that the command
    fails, although it writes the manifest of the other files. Files in git have no URL:
    they are skipped and reported as 'notneeded', unless --content-in-git is given. The
    dataset's own .datalad,
    .gitattributes and .gitmodules are ignored.

    Options must not stand between FILE and PATH.
    """

    result_renderer = "tailored"

    _params_ = dict(
        file=Parameter(
            args=("file",),
            metavar="FILE",
            nargs="?",
            doc="""file to write; an existing file is replaced when the new one is complete.
            '-', the default, is standard output; then messages go to standard error.""",
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
            doc="""json, jsonl (JSON Lines), metalink4 or bagit-fetch (fetch.txt, which holds
            only one URL and the size of each file). By default, the name of FILE decides: .json,
            .jsonl or .ndjson, .meta4 or .metalink, fetch.txt. For other names it is json, but
            the suffix of another kind of file (.csv, .gz) is an error.""",
            constraints=EnsureChoice(None, *WRITERS),
        ),
        recursive=recursion_flag,
        recursion_limit=recursion_limit,
        ref=Parameter(
            args=("--ref",),
            metavar="COMMIT",
            doc="""the commit to list: a branch, a tag, or any other name that git knows. By
            default, it is the one that is checked out. The URLs are the current ones.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        content_in_git=Parameter(
            args=("--content-in-git",),
            action="store_true",
            doc="""also list files and symlinks that are in git. Their content is written into
            the manifest (json or jsonl only), up to 8 MiB each.""",
        ),
        include=Parameter(
            args=("--include",),
            metavar="GLOB",
            action="append",
            doc="""only list files whose path in the dataset, or one of its parent folders,
            matches; '*' also matches '/'. Can be given several times.""",
        ),
        exclude=Parameter(
            args=("--exclude",),
            metavar="GLOB",
            action="append",
            doc="""skip files whose path in the dataset, or one of its parent folders,
            matches. Can be given several times.""",
        ),
    )

    _option_groups_ = {
        "Which files": "dataset ref include exclude recursive recursion_limit",
        "What is written": "manifest_format content_in_git",
    }

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
            text="Write everything into one manifest, also files that git keeps",
            code_py="export_manifest('all.json', dataset='study', content_in_git=True)",
            code_cmd="datalad export-manifest -d study --content-in-git all.json",
        ),
        dict(
            text="Show the recorded URLs and metadata of one folder, subdatasets included",
            code_cmd="datalad export-manifest -d study -r --format jsonl - study/sub-01",
        ),
    ]

    @staticmethod
    @datasetmethod(name="export_manifest")
    @eval_results
    @interruptible
    def __call__(
        file: str | None = None,
        path: str | Sequence[str] | None = None,
        *,
        dataset: Any = None,
        manifest_format: str | None = None,
        recursive: bool = False,
        recursion_limit: int | None = None,
        ref: str | None = None,
        content_in_git: bool = False,
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
            export = Export(manifest_format or "json", content_in_git=content_in_git)
            try:
                if target and not manifest_format:
                    named = format_of(target.name) or "json"
                    export = Export(named, content_in_git=content_in_git)
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
                more = counted(res["in_git"] - _MOST_LINES, "more file")
                ui.message(f"skipped {more} in git")
        elif "entry" in res:
            ui.message(f"skipped {res['entry']}: {res['message']}")
        else:
            ui.message(f"{'error' if res['status'] == 'error' else res['path']}: {res['message']}")

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The last record is the summary; standard output is no longer ours when this is called."""


def _summary(export: Export) -> str:
    text = f"listed {counted(export.entries, 'file')}, {size_text(export.size)}"
    if export.unlisted:
        in_git = sum(item.in_git for item in export.unlisted)
        text += f"; skipped {len(export.unlisted)} ({in_git} in git)"
        if in_git:
            text += "; to list what is in git, add --content-in-git"
    if export.lost:
        lost = ", ".join(
            f"{what} ({counted(number, 'file')})" for what, number in export.lost.items()
        )
        text += f"; {export.name} cannot hold {lost}"
    return text


def _without_dots(target: Path) -> Path:
    """The same file; its name is not looked up, as it may be that of a link."""
    return target.parent.resolve() / target.name
