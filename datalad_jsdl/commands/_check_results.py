"""What ``download-manifest --check`` reports: DataLad result records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict

from datalad_jsdl.commands._check_table import summary
from datalad_jsdl.commands._common import failure
from datalad_jsdl.commands._results import ACTION, lgr, refusal_records
from datalad_jsdl.fetch.http.address_policy import private_text
from datalad_jsdl.fetch.mirrors.states import State
from datalad_jsdl.fetch.phrases import phrase
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.commands import joined
from datalad_jsdl.model.urls import redact
from datalad_jsdl.operations.checked import CheckedFile, CheckedMirror, RefusedEntries
from datalad_jsdl.operations.values import Failure
from datalad_jsdl.repository.importing.steps import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from datalad_jsdl.faults import Fault
    from datalad_jsdl.fetch.mirrors.states import Answer
    from datalad_jsdl.fetch.mirrors.survey import Mirror
    from datalad_jsdl.operations.checked import Checked

__all__ = ["check_records"]

_MOST_RECORDS = 1000  # of files that are unavailable


def check_records(
    root: Path,
    results: Iterable[RefusedEntries | Conflict | CheckedMirror | CheckedFile | Checked | Failure],
) -> Iterator[dict[str, Any]]:
    """One of each mirror, one of each file that is not as it should be, the dataset's.

    Args:
        root: the dataset, or where it is to be.
        results: of `check_import`.
    """
    lost = 0
    for result in results:
        if isinstance(result, Failure):
            yield failure(ACTION, result.path, result.error, lgr)
        elif isinstance(result, RefusedEntries):
            yield from refusal_records(root, result.refusals, dry=True)
        elif isinstance(result, Conflict):
            text = f"would skip {result.path!r}: {result.reason}"
            yield _record(root, "error", "file", text, result.path, state="conflict")
        elif isinstance(result, CheckedMirror):
            yield _mirror(root, result)
        elif not isinstance(result, CheckedFile):
            yield _summary(root, result)
        else:
            lost += result.is_lost
            if lost <= _MOST_RECORDS:
                yield _file(root, result)


def _mirror(root: Path, checked: CheckedMirror) -> dict[str, Any]:
    mirror = checked.mirror
    state, said = mirror.state, _short(mirror.fault) if mirror.fault else ""
    files = counted(mirror.files, "file")
    text = f"{mirror.name}: {state.value}; {files}, {mirror.only} only there"
    return _record(
        root,
        "error" if checked.lost and state is not State.OK else "ok",
        "mirror",
        f"{text}; {said}" if said else text,
        mirror=mirror.name,
        state=state.value,
        fault=said or None,
        files=mirror.files,
        only=mirror.only,
        lost=checked.lost,
        bytes=checked.size if checked.size or not checked.unsized else None,
        unsized=checked.unsized,
        rate=checked.rate,
        rate_from=("sample" if mirror.sampled else "earlier") if checked.rate else None,
        latency=checked.latency,
        ranges=checked.ranges,
        success=checked.success,
        requests=checked.requests,
        answers={kind.value: mirror.answers[kind] for kind in State if mirror.answers[kind]},
    )


def _file(root: Path, checked: CheckedFile) -> dict[str, Any]:
    file, lost = checked.file, checked.is_lost
    faults = [
        f"{redact(url)}: {_phrase(url, answer, checked.mirrors[url])}"
        for url, answer in checked.answers.items()
        if answer.what
    ]
    faults += [f"{m.name}: see the mirror ({m.state.value})" for m in checked.unasked]
    states = [a.state for a in checked.answers.values() if a.state is not State.OK]
    state = states[0] if states else State.UNASKED
    what = "unavailable" if lost else "available elsewhere"
    return _record(
        root,
        "error" if lost else "ok",
        "file",
        f"{file.path!r} is {what}: {joined(faults)}",
        file.path,
        state=(state if lost else State.SIZE).value,
        size=file.expected.size,
        answers=[_said(url, answer) for url, answer in checked.answers.items()],
    )


def _summary(root: Path, checked: Checked) -> dict[str, Any]:
    short, span = checked.short_of, checked.span
    fields: dict[str, Any] = {
        "files": checked.entries,
        "files_here": checked.here,
        "files_to_download": len(checked.sizes),
        "files_unsized": list(checked.sizes).count(None),
        "files_asked": checked.asked,
        "files_lost": checked.lost,
        "files_skipped": checked.conflicts,
        "bytes_to_download": checked.size,
        "bytes_staged": checked.staged,
        "bytes_free": checked.free,
        "bytes_reserved": checked.reserve,
        "inodes_free": checked.inodes,
        "disk_full": bool(short),
        "short_of": short,
        "private": checked.private,
        "seconds_least": span.least if span else None,
        "seconds_most": span.most if span else None,
    }
    # what would be skipped has a record of its own, which is an error
    bad = checked.lost or short
    text = f"{summary(fields)}\n{checked.private}" if checked.private else summary(fields)
    return _record(root, "error" if bad else "ok", "dataset", text, **fields)


def _record(
    root: Path, status: str, kind: str, message: str, path: str = "", **more: Any
) -> dict[str, Any]:
    result: dict[str, Any] = get_status_dict(
        action=ACTION,
        status=status,
        path=str(root / path),
        type=kind,
        refds=str(root),
        logger=lgr,
    )
    entry = {"entry": path} if path else {}
    return result | {"message": message, "dry_run": True, "check": True} | entry | more


def _phrase(url: str, answer: Answer, mirror: Mirror) -> str:
    """What was answered; advice is long, and may be the mirror's record's, or of all of them."""
    if answer.fault and answer.fault.private:
        return _short(answer.fault)
    same = mirror.fault and answer.fault and _alike(answer.fault) == _alike(mirror.fault)
    if answer.state in (State.LOGIN, State.TERMS) and same:
        return f"see the mirror ({answer.state.value})"
    return answer.what


def _short(fault: Fault) -> str:
    """What is wrong; how to allow an address is told of all of them together, in the end."""
    if fault.private is None:
        return phrase(fault)
    return f"{private_text(*fault.private)} is not a public address"


def _alike(fault: Fault) -> Fault:
    """A fault without what differs from file to file."""
    reply = replace(fault.reply, login="") if fault.reply else None
    return replace(fault, url="", reply=reply)


def _said(url: str, answer: Answer) -> dict[str, Any]:
    fault = (_short(answer.fault) if answer.fault else answer.what) or None
    return {"url": redact(url), "state": answer.state.value, "fault": fault, "size": answer.size}
