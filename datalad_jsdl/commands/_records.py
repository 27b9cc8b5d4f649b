"""What download-manifest reports: DataLad result records, and how they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict
from datalad.ui import ui

from datalad_jsdl.commands._common import EXTENSION_LINE, is_extension_loaded
from datalad_jsdl.dataset.plan import Change

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from pathlib import Path

    from datalad_jsdl.commands._importing import Outcome
    from datalad_jsdl.dataset.plan import Step
    from datalad_jsdl.manifest.selection import Selection

__all__ = ["ACTION", "render", "result_records"]

ACTION = "download_manifest"
_MOST_RECORDS = 1000
_MOST_GONE = 1000


def result_records(
    root: Path,
    selection: Selection,
    outcome: Outcome,
    *,
    dry: bool,
    report_all: bool,
    logger: logging.Logger,
) -> Iterator[dict[str, Any]]:
    """Records of the entries, then the dataset's own with the counts.

    Args:
        root: the dataset.
        selection: what the manifest came to.
        outcome: what became of it.
        dry: nothing was written.
        report_all: one record per entry, whatever became of it.
        logger: for the records.
    """

    def record(status: str, path: Path, kind: str, message: str = "", **more: Any) -> Any:
        result = get_status_dict(
            action=ACTION, status=status, path=str(path), type=kind, refds=str(root), logger=logger
        )
        result.update(more)
        if message:
            result["message"] = message
        if dry:
            result["dry_run"] = True
        return result

    plan = outcome.plan
    for refusal in selection.refusals:
        # the path may lead anywhere: it is named, but never joined to the dataset's
        name = refusal.path if refusal.path is not None else "an entry"
        where = f" ({refusal.where})" if refusal.where else ""
        text = f"refused {name!r}{where}: {refusal.reason}"
        yield record("error", root, "file", text, entry=refusal.path, change="refused")
    for conflict in plan.conflicts:
        text = f"left alone {conflict.path!r}: {conflict.reason}"
        yield record(
            "error", root / conflict.path, "file", text, entry=conflict.path, change="conflict"
        )
    for path, problem in outcome.failures.items():
        text = f"could not fetch {path!r}: {problem}"
        registered = path not in outcome.unregistered
        yield record(
            "error", root / path, "file", text, entry=path, change="failed", registered=registered
        )
    for step in _reported(outcome, report_all):
        status = "notneeded" if step.change is Change.UNCHANGED else "ok"
        change, key = step.change.value, step.key or None
        yield record(status, root / step.path, "file", entry=step.path, change=change, key=key)
    counts = {
        **plan.counts(),
        "gone": len(plan.gone),
        "refused": len(selection.refusals),
        "conflicts": len(plan.conflicts),
        "failed": len(outcome.failures),
        "fetched": outcome.fetched,
        "skipped": selection.skipped,
    }
    nothing = not (plan.writes_tree or plan.records or outcome.fetched or outcome.remote)
    yield record(
        "notneeded" if nothing else "ok",
        root,
        "dataset",
        _summary(counts, dry),
        counts=counts,
        gone=plan.gone[:_MOST_GONE],
        commit=outcome.commit or None,
    )


def _reported(outcome: Outcome, report_all: bool) -> Iterator[Step]:
    steps = outcome.plan.steps
    if report_all:
        yield from (step for step in steps if step.path not in outcome.failures)
        return
    kinds = (Change.ADDED, Change.CHANGED, Change.DELETED)
    changed = [step for step in steps if step.change in kinds]
    if len(changed) <= _MOST_RECORDS:
        yield from (step for step in changed if step.path not in outcome.failures)


_WORDS = {
    "added": "added",
    "changed": "changed",
    "urls": "with other URLs or times",
    "unchanged": "unchanged",
    "deleted": "deleted",
    "fetched": "downloaded",
    "refused": "refused",
    "conflicts": "left alone",
    "failed": "not downloaded",
    "skipped": "filtered out",
}


def _summary(counts: dict[str, int], dry: bool) -> str:
    parts = [f"{counts[name]} {word}" for name, word in _WORDS.items() if counts[name]]
    if counts["gone"] > counts["deleted"]:
        parts.append(f"{counts['gone']} gone from the manifest (--delete deletes them)")
    text = ", ".join(parts) or "the manifest has no entries"
    return f"would be: {text}" if dry else text


_SIGNS = {"added": "+", "changed": "~", "urls": "u", "unchanged": "=", "deleted": "-"}


def render(result: dict[str, Any]) -> None:
    """Show one record to a person."""
    message = result.get("message", "")
    if result["status"] in ("error", "impossible"):
        text = message[0] % message[1:] if isinstance(message, tuple) else message
        ui.message(f"error: {text}")
    elif result["type"] == "file":
        ui.message(f"{_SIGNS[result['change']]} {result['entry']}")
    else:
        for path in result["gone"][:10] if not result["counts"]["deleted"] else []:
            ui.message(f"? {path} (gone from the manifest)")
        ui.message(f"{result['path']}: {message}")
        if not result.get("dry_run") and not is_extension_loaded():
            ui.message(
                "hint: 'datalad export-archive' is still DataLad's own; for reproducible zips "
                f"run once: {EXTENSION_LINE}"
            )
