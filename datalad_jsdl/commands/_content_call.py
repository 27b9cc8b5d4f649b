"""One call of ``datalad download-content``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.distribution.dataset import Dataset, resolve_path
from datalad.interface.results import get_status_dict
from datalad.utils import get_dataset_root

from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._common import failure, given_place
from datalad_jsdl.commands._content_results import ACTION, lgr, records
from datalad_jsdl.commands._datasets import require_installed
from datalad_jsdl.commands._options import hint_below, jobs_of
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

__all__ = ["download"]


def download(
    *,
    path: str | Sequence[str] | None,
    dataset: Any,
    recursive: bool,
    recursion_limit: int | None,
    jobs: int | str | None,
    dry_run: bool,
    report: str,
    credential: Sequence[str] | None,
) -> Iterator[dict[str, Any]]:
    """Do what the command was called for; its parameters are the command's."""
    given = [path] if isinstance(path, (str, Path)) else list(path or ())
    hints = {resolve_path(p, dataset): hint_below(p, dataset) for p in given}
    paths = list(hints)
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
            if found is None or hints[item]:
                what = "there is no such file" if found else "not inside a dataset"
                yield _refusal(item, f"{what}{hints[item]}")
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
