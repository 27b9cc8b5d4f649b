"""``datalad download-manifest``: a portal's manifest becomes a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import datasetmethod
from datalad.interface.base import Interface, build_doc, eval_results

from datalad_jsdl.commands._import_params import EXAMPLES, OPTION_GROUPS, PARAMS
from datalad_jsdl.commands._interrupts import interruptible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["DownloadManifest"]


@build_doc
class DownloadManifest(Interface):
    """Turn a manifest of paths and URLs into a dataset

    A manifest lists, for each path, the candidate URLs (mirrors) of the file, and
    optionally its size, checksums and modification time::

      {"sub-01/anat.nii.gz": ["https://a.example/1", "https://b.example/1"],
       "sub-01/bold.nii.gz": {"urls": ["https://a.example/2"], "size": 1048576,
                              "digests": {"sha256": "..."},
                              "mtime": "2024-05-01T12:00:00Z"}}

    or the same objects with a "path", one per line (JSON Lines). All URLs are registered in
    the dataset in one commit; without --get, no content is downloaded. Later,
    'datalad get' and 'git annex get' download it from any available mirror, and verify it.

    If you run it again with a newer manifest, the command commits additions and changes and
    records new URLs. Paths that are no longer in the manifest are reported, and deleted
    only with --delete. Files that you have staged, modified or added are never touched.

    If the manifest or a file needs a login that is not stored yet, the command asks for it
    once, on a terminal, and stores it as 'datalad jsdl-login' does.

    Invalid entries (absolute paths, '..', '.git', URLs with a login, ...) are refused
    individually; the others are imported.
    """

    result_renderer = "tailored"

    _params_ = PARAMS
    _option_groups_ = OPTION_GROUPS
    _examples_ = EXAMPLES

    @staticmethod
    @datasetmethod(name="download_manifest")
    @eval_results
    @interruptible
    def __call__(
        manifest: str,
        path: str | None = None,
        *,
        dataset: Any = None,
        prefix: str | None = None,
        split: int | None = None,
        include: Sequence[str] | None = None,
        exclude: Sequence[str] | None = None,
        base_url: str | None = None,
        manifest_format: str | None = None,
        column: Sequence[str] | None = None,
        checksums: Sequence[str] | None = None,
        get: bool = False,
        mtime: str = "recorded",
        jobs: int | str | None = None,
        dry_run: bool = False,
        check: bool = False,
        delete: bool = False,
        restore: bool = False,
        message: str | None = None,
        report: str = "changes",
        credential: Sequence[str] | None = None,
        cookies: str | None = None,
        failed: str | None = None,
    ) -> Iterator[dict[str, Any]]:
        given = locals()
        # all that the work needs: --help does without
        from datalad_jsdl.commands._importing import import_by

        yield from import_by(**given)

    @staticmethod
    def custom_result_renderer(res: dict[str, Any], **_: Any) -> None:
        from datalad_jsdl.commands._import_shown import render

        render(res)

    @staticmethod
    def custom_result_summary_renderer(results: Any) -> None:
        from datalad_jsdl.commands._importing import sum_up

        sum_up(results)
