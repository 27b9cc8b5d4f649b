"""``datalad download-content``: all missing content of a dataset at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import (
    Dataset,
    EnsureDataset,
    datasetmethod,
    resolve_path,
)
from datalad.interface.base import Interface, build_doc, eval_results
from datalad.interface.common_opts import recursion_flag, recursion_limit
from datalad.interface.results import get_status_dict
from datalad.support.constraints import EnsureChoice, EnsureNone, EnsureStr
from datalad.support.param import Parameter
from datalad.ui import ui
from datalad.utils import get_dataset_root

from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._causes import is_told_later, tell_causes
from datalad_jsdl.commands._common import failure, given_place
from datalad_jsdl.commands._content_results import ACTION, lgr, records
from datalad_jsdl.commands._datasets import require_installed
from datalad_jsdl.commands._interrupts import interruptible
from datalad_jsdl.commands._options import CREDENTIAL, JOBS, jobs_of
from datalad_jsdl.errors import DatasetError, JsdlError, SettingError
from datalad_jsdl.model.urls import redact_text
from datalad_jsdl.operations.engines import Engines
from datalad_jsdl.operations.get_content import ContentOptions, get_content
from datalad_jsdl.operations.logins import credential_lines, lines_above
from datalad_jsdl.repository.annex.program import require_git_annex
from datalad_jsdl.repository.git.calling import in_no_hook
from datalad_jsdl.repository.repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["DownloadContent"]


@build_doc
class DownloadContent(Interface):
    """Download the missing content of a dataset from its registered URLs, fast

    Does what 'datalad get' does for files with URLs, but for all files at once: fails over
    between mirrors, splits large files over several connections, verifies every byte, and
    moves the content into the annex. Many small files arrive several times faster than with
    one transfer after the other; if the imported manifest named a ZIP archive of its files,
    they come from it with a few requests.

    If interrupted or killed, the next run resumes: partial downloads are kept in
    .git/annex/jsdl/staging, where you can delete them. Files without a URL are left to
    'datalad get'. Set the number of jobs, the connections to each host, the bandwidth and
    the timeouts with git config; see "The special remote" in the documentation for these
    limits.
    """

    result_renderer = "tailored"

    _params_ = dict(
        path=Parameter(
            args=("path",),
            metavar="PATH",
            nargs="*",
            doc="""file or folder to download; by default everything in the dataset, also
            from within a folder of it.""",
            constraints=EnsureStr() | EnsureNone(),
        ),
        dataset=Parameter(
            args=("-d", "--dataset"),
            doc="""the dataset. By default it is found from the current directory, or from
            the paths.""",
            constraints=EnsureDataset() | EnsureNone(),
        ),
        recursive=recursion_flag,
        recursion_limit=recursion_limit,
        jobs=JOBS,
        credential=CREDENTIAL,
        dry_run=Parameter(
            args=("-n", "--dry-run"),
            action="store_true",
            doc="""report what is missing, and download nothing.""",
        ),
        report=Parameter(
            args=("--report",),
            doc="""which files get a result record of their own, besides those that failed:
            downloaded files if at most 1000 are missing ('changes'), or always ('all').""",
            constraints=EnsureChoice("changes", "all"),
        ),
    )

    _option_groups_ = {
        "What to download": "dataset recursive recursion_limit",
        "How to download": "jobs credential",
        "What is reported": "dry_run report",
    }

    _examples_ = [
        dict(
            text="Download all missing content of the dataset in the current directory",
            code_py="download_content()",
            code_cmd="datalad download-content",
        ),
        dict(
            text="Download two folders of a dataset, sixteen files at a time",
            code_py="download_content(['sub-01', 'sub-02'], dataset='study', jobs=16)",
            code_cmd="datalad download-content -d study -J 16 study/sub-01 study/sub-02",
        ),
        dict(
            text="See how much is missing, subdatasets included",
            code_py="download_content(dataset='study', recursive=True, dry_run=True)",
            code_cmd="datalad download-content -d study -r --dry-run",
        ),
    ]

    @staticmethod
    @datasetmethod(name="download_content")
    @eval_results
    @interruptible
    def __call__(
        path: str | Sequence[str] | None = None,
        *,
        dataset: Any = None,
        recursive: bool = False,
        recursion_limit: int | None = None,
        jobs: int | str | None = None,
        dry_run: bool = False,
        report: str = "changes",
        credential: Sequence[str] | None = None,
    ) -> Iterator[dict[str, Any]]:
        given = [path] if isinstance(path, (str, Path)) else list(path or ())
        paths = [resolve_path(p, dataset) for p in given]
        try:
            number = jobs_of(jobs)
        except SettingError as error:
            yield failure(ACTION, Path.cwd(), error, lgr)
            return
        try:
            require_git_annex()
            logins = credential_lines(credential)
        except JsdlError as error:
            yield _refusal(Path.cwd(), str(error))
            return
        if paths:
            roots: dict[Path, list[Path]] = {}
            for item in paths:
                found = get_dataset_root(str(item))
                if found is None:
                    yield _refusal(item, "not inside a dataset")
                else:
                    roots.setdefault(Path(found), []).append(item)
        else:
            try:
                top = require_installed(dataset, "download content")
            except JsdlError as error:
                yield failure(ACTION, given_place(dataset), error, lgr)
                return
            roots = {top.pathobj: []}
        try:
            wanted_roots = _with_subdatasets(roots, recursive, recursion_limit)
        except DatasetError as error:
            yield failure(ACTION, next(iter(roots)), error, lgr)
            return
        engines = Engines(reads_only=dry_run)
        for root, items in wanted_roots.items():
            relative = [item.relative_to(root).as_posix() for item in items]
            wanted = [] if "." in relative else relative
            inherited = lines_above(root, wanted_roots)
            call = ContentOptions(root, wanted, number, logins, inherited, dry_run)
            results = get_content(call, engines, Bars(lgr))
            yield from records(root, results, dry=dry_run, report_all=report == "all")

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        if is_told_later(res):
            return
        if res["status"] in ("error", "impossible"):
            ui.message(f"error: {res.get('entry') or res['path']}: {res.get('message', '')}")
        elif res["type"] == "dataset":
            ui.message(f"{res['path']}: {res['message']}")

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The datasets' own records are the summary; what went wrong is told last."""
        tell_causes(results)


def _refusal(path: Path, message: str) -> dict[str, Any]:
    record: dict[str, Any] = get_status_dict(
        action=ACTION, status="impossible", path=str(path), type="file", logger=lgr
    )
    record["message"] = message
    return record


def _with_subdatasets(
    roots: dict[Path, list[Path]], recursive: bool, limit: int | None
) -> dict[Path, list[Path]]:
    """Dataset → what is wanted of it; subdatasets that lie under a wanted path are added."""
    if not recursive:
        return roots
    wanted = dict(roots)
    for root, items in roots.items():
        Repository(root).require_own()
        try:
            with in_no_hook():
                found = Dataset(root).subdatasets(
                    recursive=True,
                    recursion_limit=limit,
                    state="present",
                    result_xfm="datasets",
                    result_renderer="disabled",
                    return_type="list",
                )
        except Exception as error:  # it raises where git fails it
            said = redact_text(str(getattr(error, "stderr", "") or error).strip())
            raise DatasetError(f"cannot list the subdatasets of {root}: {said}") from None
        for subdataset in found:
            place = subdataset.pathobj
            if not items or any(item == place or item in place.parents for item in items):
                wanted.setdefault(place, [])
    return wanted
