"""``datalad export-archive``: core's command, with a zip that is the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import datasetmethod
from datalad.interface.base import build_doc, eval_results

# before our own class: importing it binds Dataset.export_archive to core's
from datalad.local.export_archive import ExportArchive as CoreExportArchive

from datalad_jsdl.commands._export_params import EXAMPLES, OPTION_GROUPS, PARAMS
from datalad_jsdl.commands._interrupts import interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ExportArchive"]


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

    result_renderer = "tailored"

    _params_ = PARAMS
    _option_groups_ = OPTION_GROUPS
    _examples_ = EXAMPLES

    @staticmethod
    @datasetmethod(name="export_archive")
    @eval_results
    @interruptible
    def __call__(
        filename: str | None = None,
        path: str | Sequence[str] | None = None,
        *,
        dataset: Any = None,
        archivetype: str | None = None,
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
        resume: bool = True,
        checksum_file: bool = False,
        jobs: int | str | None = None,
        dry_run: bool = False,
    ) -> Iterator[dict[str, Any]]:
        given = locals()
        # all that the work needs: --help does without
        from datalad_jsdl.commands._exporting import export_by

        yield from export_by(**given)

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        from datalad_jsdl.commands._archive_results import render

        render(res)

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        """The record of the archive is the summary."""
