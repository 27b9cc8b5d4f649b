"""``datalad download-content``: all missing content of a dataset at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import EnsureDataset, datasetmethod
from datalad.interface.base import Interface, build_doc, eval_results
from datalad.interface.common_opts import recursion_flag, recursion_limit
from datalad.support.constraints import EnsureChoice, EnsureNone, EnsureStr
from datalad.support.param import Parameter

from datalad_jsdl.commands._interrupts import interruptible
from datalad_jsdl.commands._options import CREDENTIAL, JOBS

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
        given = locals()
        # all that the work needs: --help does without
        from datalad_jsdl.commands._content_call import download

        yield from download(**given)

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        from datalad_jsdl.commands._content_results import render

        render(res)

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The datasets' own records are the summary; what went wrong is told last."""
        from datalad_jsdl.commands._causes import tell_causes

        tell_causes(results)
