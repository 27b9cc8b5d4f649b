"""What download-manifest reports: DataLad result records, and how they are shown."""

from __future__ import annotations

import logging
import shlex
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict

from datalad_jsdl.commands._common import (
    failure,
    refusal_text,
)
from datalad_jsdl.commands._diffstat import stat_of
from datalad_jsdl.commands._last_line import came_text, warnings_of
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.model.commands import added
from datalad_jsdl.operations.causes import advice_of, cause_text, replaced_text
from datalad_jsdl.operations.import_manifest import NothingLeft, Refused
from datalad_jsdl.operations.staging import NotTakenIn
from datalad_jsdl.operations.values import Failure, Notice, in_words
from datalad_jsdl.repository.annex.keys import has_digest, size_of_key
from datalad_jsdl.repository.importing.steps import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from datalad_jsdl.model.entry import Refusal
    from datalad_jsdl.operations.import_options import ImportOptions
    from datalad_jsdl.operations.import_parts import Imported
    from datalad_jsdl.operations.import_request import Outcome
    from datalad_jsdl.repository.importing.steps import Plan, Step

__all__ = ["ACTION", "import_records", "lgr", "refusal_records"]

lgr = logging.getLogger("datalad.jsdl.download_manifest")

ACTION = "download_manifest"
_UNREGISTERED = "; not registered (without --get it would be registered, unverified)"
_OUTDATED = "; it stays as an earlier import has registered it"
_MOST_RECORDS = 1000
_MOST_LINES = 20  # for a person; more are summed up
_CHANGES = (Change.ADDED, Change.CHANGED, Change.DELETED)
_MOST_GONE = 1000


def import_records(
    options: ImportOptions,
    results: Iterable[Imported | Refused | NothingLeft | Failure | Notice],
    *,
    report_all: bool,
) -> Iterator[dict[str, Any]]:
    """Records of the entries, and of each dataset with the counts, the import's own last.

    Args:
        options: of the import.
        results: of `import_manifest`.
        report_all: one record per entry, whatever became of it.
    """
    root = options.target
    for result in results:
        if isinstance(result, Failure):
            kind = "file" if result.is_file else "dataset"
            yield failure(result.action or ACTION, result.path, result.error, lgr, kind)
        elif isinstance(result, Notice):
            lgr.warning("%s", result.text)
        elif isinstance(result, NothingLeft):
            text = f"nothing left to retry: {result.file} is empty"
            yield _record(root, "notneeded", root, "dataset", text, dry=False)
        elif isinstance(result, Refused):
            yield from refusal_records(root, result.refusals)
        else:
            for record in _part_records(root, result, dry=options.dry, report_all=report_all):
                if record["type"] == "dataset" and not (options.get or options.dry):
                    record |= _waiting(result)
                yield _placed(record, options)


def _waiting(part: Imported) -> dict[str, int]:
    """What was added and is not downloaded yet, subdatasets included."""
    keys: list[str] = []
    for plan in (part.outcome.plan, *part.others.values()):
        written = (s for s in plan.steps if s.change in (Change.ADDED, Change.CHANGED))
        keys.extend(step.key for step in written if step.key)
    keys.sort()  # takes less memory than a set: there may be millions
    number, total, unsized = 0, 0, 0
    for key, _ in groupby(keys):
        size = size_of_key(key)
        number += 1
        total += size or 0
        unsized += size is None
    return {"files_waiting": number, "bytes_waiting": total, "unsized_waiting": unsized}


def _placed(record: dict[str, Any], options: ImportOptions) -> dict[str, Any]:
    """A record; that of the dataset says so if its files are not where one is looking."""
    here, root = Path.cwd(), options.target.resolve()
    own = record["type"] == "dataset" and record["path"] == str(options.target)
    if own and record["status"] != "error" and root in here.parents:
        folder = here.relative_to(root).as_posix()
        if not f"{options.prefix}/".startswith(f"{folder}/"):
            text = (
                f"; paths are relative to {options.target}, not to the current folder"
                f" (to import into the current folder, add --prefix {shlex.quote(folder)})"
            )
            record["message"] += text
    return record


def _part_records(
    root: Path, part: Imported, *, dry: bool, report_all: bool
) -> Iterator[dict[str, Any]]:
    """Records of the entries of one part, then its dataset's own with the counts."""
    folder, outcome, refusals = part.folder, part.outcome, part.refusals
    skipped, others = part.skipped, part.others
    start = f"{folder}/" if folder else ""

    def record(status: str, path: str, message: str = "", **more: Any) -> Any:
        more["entry"] = name = start + path
        return _record(root, status, root / name, "file", message, dry=dry, **more)

    plan = outcome.plan
    yield from refusal_records(root, refusals, dry=dry)
    for conflict in plan.conflicts:
        skipped_or_not = "would skip" if dry else "skipped"
        text = f"{skipped_or_not} {start + conflict.path!r}: {conflict.reason}"
        cause = f"{skipped_or_not}: {conflict.reason}"
        yield record("error", conflict.path, text, change="conflict", cause=cause)
    for path, problem in outcome.failures.items():
        came = isinstance(problem, NotTakenIn)
        name = repr(start + path)
        text = f"{name}: {problem}" if came else f"could not download {name}: {in_words(problem)}"
        cause = str(problem) if came else f"could not be downloaded: {cause_text(problem)}"
        registered = path not in outcome.unregistered
        then = _UNREGISTERED if not registered else _OUTDATED * (path in outcome.outdated)
        then = replaced_text(problem) + then
        text, cause = added(text, then), cause + then
        fields: dict[str, Any] = {"change": "failed", "registered": registered, "cause": cause}
        fields |= {"advice": advice} if (advice := advice_of(problem)) else {}
        yield record("error", path, text, **fields)
    is_summed_up = not report_all and sum(s.change in _CHANGES for s in plan.steps) > _MOST_LINES
    for step in _reported(outcome, report_all):
        status = "notneeded" if step.change is Change.UNCHANGED else "ok"
        change, key = step.change.value, step.key or None
        fields = {"change": change, "key": key} | ({"summed_up": True} if is_summed_up else {})
        if step.path in plan.renamed:
            fields["renamed_from"] = plan.renamed[step.path]
        yield record(status, step.path, **fields)
    counts = {
        **plan.counts(),
        "gone": len(plan.gone),
        "renamed": len(plan.renamed),
        "refused": len(refusals),
        "conflicts": len(plan.conflicts),
        "failed": len(outcome.failures),
        "fetched": outcome.fetched,
        "skipped": skipped,
    }
    unverifiable = sum(_is_unverifiable(step) for step in plan.steps)
    more: dict[str, Any] = {}
    if dry and not folder:
        plans = [(folder, plan), *others.items()]
        more["stat"] = stat_of(plans, [_named(refusal) for refusal in refusals])
    elif is_summed_up:
        more["stat"] = stat_of([(folder, plan)], [])
    if others:
        more["subdatasets"] = len(others)
    nothing = not (plan.writes_tree or plan.records or outcome.fetched or outcome.remote)
    text = _summary(_without_renamed(counts, plan), unverifiable, dry)
    if outcome.wanted:
        text += f"; {_came(outcome)}"
        for warning in warnings_of(outcome.came):
            lgr.warning("%s", warning)
        more |= {"bytes_fetched": outcome.came.size, "seconds": round(outcome.came.seconds, 3)}
    if others:
        text += f"; plus the content of {counted(len(others), 'subdataset')}"
    yield _record(
        root,
        "notneeded" if nothing else "ok",
        root / folder,
        "dataset",
        text,
        dry=dry,
        counts=counts,
        gone=[start + path for path in plan.gone[:_MOST_GONE]],
        commit=outcome.commit or None,
        unverifiable=unverifiable,
        **more,
    )


def refusal_records(
    root: Path, refusals: Sequence[Refusal], *, dry: bool = False
) -> Iterator[dict[str, Any]]:
    """One record for each entry that was refused."""
    for refusal in refusals:
        # the path may lead anywhere: it is named, but never joined to the dataset's
        text = refusal_text(refusal)
        more = {"entry": refusal.path, "change": "refused", "cause": f"refused: {refusal.reason}"}
        yield _record(root, "error", root, "file", text, dry=dry, **more)


def _named(refusal: Refusal) -> str:
    return refusal.where if refusal.path is None else repr(refusal.path)


def _record(
    root: Path,
    status: str,
    path: Path,
    kind: str,
    message: str,
    *,
    dry: bool,
    **more: Any,
) -> dict[str, Any]:
    result: dict[str, Any] = get_status_dict(
        action=ACTION, status=status, path=str(path), type=kind, refds=str(root), logger=lgr
    )
    result.update(more)
    if message:
        result["message"] = message
    if dry:
        result["dry_run"] = True
    return result


def _reported(outcome: Outcome, report_all: bool) -> Iterator[Step]:
    steps = outcome.plan.steps
    if report_all:
        yield from (step for step in steps if step.path not in outcome.failures)
        return
    changed = [step for step in steps if step.change in _CHANGES]
    if len(changed) <= _MOST_RECORDS:
        yield from (step for step in changed if step.path not in outcome.failures)


# what was done, and what would be: before the number, and after it
_WORDS = {
    "added": ("added", "add", ""),
    "changed": ("changed", "change", ""),
    "renamed": ("renamed", "rename", ""),
    "urls": ("with new URLs", "change the URLs of", ""),
    "mtime": ("with a new time", "change the time of", ""),
    "access": ("with a changed restriction", "change the restriction of", ""),
    "unchanged": ("unchanged", "leave", " unchanged"),
    "deleted": ("deleted", "delete", ""),
    "refused": ("refused", "refuse", ""),
    "conflicts": ("skipped", "skip", ""),
    "skipped": ("filtered out", "filter out", ""),
}


def _came(outcome: Outcome) -> str:
    """What was fetched, told of all files that have it."""
    files = outcome.files_fetched
    shared = files - outcome.fetched
    note = f" ({shared} share content with others)" if shared else ""
    return came_text(files, outcome.came, outcome.unverified, wanted=outcome.wanted, note=note)


def _without_renamed(counts: dict[str, int], plan: Plan) -> dict[str, int]:
    """Counts for a person: a file that is renamed is neither added nor gone or deleted beside that.

    ``old_names`` are those that stay.
    """
    old = set(plan.renamed.values())
    added_too = sum(s.change is Change.ADDED and s.path in plan.renamed for s in plan.steps)
    deleted = sum(s.change is Change.DELETED and s.path in old for s in plan.steps)
    gone = sum(path in old for path in plan.gone)
    return counts | {
        "added": counts["added"] - added_too,
        "deleted": counts["deleted"] - deleted,
        "gone": counts["gone"] - gone,
        "old_names": gone - deleted,
    }


def _is_unverifiable(step: Step) -> bool:
    return step.change is not Change.DELETED and step.key != "" and not has_digest(step.key)


def _summary(counts: dict[str, int], unverifiable: int, dry: bool) -> str:
    parts = [
        f"{before} {counts[name]}{after}" if dry else f"{counts[name]} {done}"
        for name, (done, before, after) in _WORDS.items()
        if counts[name]
    ]
    if old := counts["old_names"]:
        stay = "the old name stays" if old == 1 else f"{old} old names stay"
        parts.append(f"but {stay} (--delete deletes {'it' if old == 1 else 'them'})")
    text = ", ".join(parts)
    if text and dry:
        text = f"would {text}"
    if counts["gone"] > counts["deleted"]:
        them = "it" if counts["gone"] == 1 else "them"
        gone = f"{counts['gone']} no longer in the manifest (--delete deletes {them})"
        text = f"{text}{'; ' if dry else ', '}{gone}" if text else gone
    text = text or "the manifest has no entries"
    if unverifiable:
        files = counted(unverifiable, "file has", "files have")
        text += f"; {files} no checksum and cannot be verified (--get computes one)"
    return text
