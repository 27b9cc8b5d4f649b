"""What download-content reports: DataLad result records."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict
from datalad.ui import ui

from datalad_jsdl.commands._causes import is_told_later
from datalad_jsdl.commands._common import failure
from datalad_jsdl.commands._last_line import came_text, warnings_of
from datalad_jsdl.faults import Failed
from datalad_jsdl.model.amounts import counted, size_text
from datalad_jsdl.model.commands import added
from datalad_jsdl.model.secrecy import DEFAULT
from datalad_jsdl.operations.availability import ACCESS, Access
from datalad_jsdl.operations.causes import advice_of, cause_text, replaced_text
from datalad_jsdl.operations.get_content import FileResult, FileState, Missing
from datalad_jsdl.operations.staging import NotTakenIn
from datalad_jsdl.operations.values import Failure, in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

from datalad_jsdl.operations.get_content import Total

__all__ = ["ACTION", "lgr", "records", "render"]

lgr = logging.getLogger("datalad.jsdl.download_content")

ACTION = "download_content"
_MOST_RECORDS = 1000
_STATUS = {
    FileState.UNKNOWN: "impossible",
    FileState.NO_URL: "impossible",
    FileState.MISSING: "ok",
    FileState.FAILED: "error",
    FileState.FETCHED: "ok",
}
_TEXTS = {
    FileState.UNKNOWN: "git tracks no such file or folder",
    FileState.NO_URL: "no URL is registered; try: datalad get",
}


def records(
    root: Path,
    results: Iterable[Missing | FileResult | Failure | Total],
    *,
    dry: bool,
    report_all: bool,
) -> Iterator[dict[str, Any]]:
    """One of each file that failed, of the others if they are few, and the dataset's own.

    Args:
        root: of the dataset.
        results: of `get_content`.
        dry: nothing was fetched.
        report_all: those of the others in any number.
    """
    few = True
    for result in results:
        if isinstance(result, Missing):
            few = report_all or result.files <= _MOST_RECORDS
        elif isinstance(result, Failure):
            yield failure(ACTION, result.path, result.error, lgr)
        elif not isinstance(result, FileResult):
            yield _summary(root, result, dry=dry)
        elif few or _STATUS[result.state] != "ok":
            yield _record(root, result)


def _record(root: Path, file: FileResult) -> dict[str, Any]:
    record: dict[str, Any] = get_status_dict(
        action=ACTION,
        status=_STATUS[file.state],
        path=str(root / file.path),
        type="file",
        refds=str(root),
        logger=lgr,
    )
    record["entry"] = file.path
    if file.state is FileState.MISSING:
        record |= {"dry_run": True, "bytesize": file.size}
    message, cause = _message(file)
    if message:
        record |= {"message": f"{file.path}: {message}", "cause": cause}
        record |= {"advice": advice} if (advice := advice_of(file.fault)) else {}
    return record


def _message(file: FileResult) -> tuple[str, str]:
    """What is wrong with a file, and the same for all files of that cause."""
    if file.fault is None or isinstance(file.fault, NotTakenIn):
        text = _TEXTS.get(file.state) or (str(file.fault) if file.fault else "")
        return text, text
    before, after = "could not be downloaded: ", _where_to_ask(file) + replaced_text(file.fault)
    text = added(before + in_words(file.fault), after)
    return text, before + cause_text(file.fault) + after


def _where_to_ask(file: FileResult) -> str:
    """What the manifest says of who may have the file, if that is why it failed."""
    if file.restriction is None or not isinstance(file.fault, Failed):
        return ""
    told = {ACCESS.get(fault.kind) for fault in file.fault.faults}
    if told.isdisjoint({Access.LOGIN, Access.TERMS}):
        return ""
    # the dataset may be somebody else's
    known = file.restriction.public(DEFAULT)
    said = " ".join(filter(None, (known.text, known.url)))
    return f"; access ({known.kind.value}): {said}" if said else ""


def _summary(root: Path, total: Total, *, dry: bool) -> dict[str, Any]:
    missing = total.missing
    nothing = not (missing.files or total.without_url)
    if nothing:
        text = "nothing is missing"
    elif dry:
        text = _preview(total)
    else:
        text = came_text(total.fetched, total.came, total.unverified, wanted=missing.files)
    result: dict[str, Any] = get_status_dict(
        action=ACTION,
        status=_status(total, preview=dry and not nothing),
        path=str(root),
        type="dataset",
        refds=str(root),
        logger=lgr,
    )
    for warning in warnings_of(total.came):
        lgr.warning("%s", warning)
    counts = {
        "fetched": total.fetched,
        "failed": total.failed,
        "without_url": total.without_url,
        "unverified": total.unverified,
    }
    result |= {"message": text, "counts": counts, "bytes_missing": missing.size}
    result |= {"bytes_fetched": total.came.size, "seconds": round(total.came.seconds, 3)}
    if dry:
        result["dry_run"] = True
    return result


def _preview(total: Total) -> str:
    missing = total.missing
    unsized = f" plus {missing.unsized} of unknown size" if missing.unsized else ""
    files = counted(missing.files, "file")
    text = f"would download {files}, {size_text(missing.size)}{unsized}"
    if total.staged:
        text += f" ({size_text(total.staged)} from an interrupted run)"
    if total.without_url:
        more = counted(total.without_url, "more has", "more have")
        text += f"; {more} no URL (try: datalad get)"
    return text


def _status(total: Total, *, preview: bool) -> str:
    if total.fetched or preview:
        return "ok"
    return "error" if total.failed else "notneeded"


def render(res: dict[str, Any]) -> None:
    """Show one record, unless its cause is told in the end."""
    if is_told_later(res):
        return
    if res["status"] in ("error", "impossible"):
        ui.message(f"error: {res.get('entry') or res['path']}: {res.get('message', '')}")
    elif res["type"] == "dataset":
        ui.message(f"{res['path']}: {res['message']}")
