"""Result records of ``datalad download-order``."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from datalad.interface.results import get_status_dict

from datalad_jsdl.commands._list_results import amounts, path_of, words
from datalad_jsdl.model.amounts import counted, size_text
from datalad_jsdl.orders.citing import manifests_of
from datalad_jsdl.orders.comparing import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from datalad_jsdl.orders.contents import Places
    from datalad_jsdl.orders.model import FileRef, FileState, Order, OrderSummary

__all__ = ["ACTION", "change_records", "order_fields", "order_records", "record"]

ACTION = "download_order"

_MOST_NAMED = 3  # manifests

lgr = logging.getLogger("datalad.jsdl.download_order")


def record(base: Path, message: str, /, **more: Any) -> dict[str, Any]:
    """A result record; *more* are its fields, ``status``, ``path`` and ``type`` among them."""
    made: dict[str, Any] = get_status_dict(
        action=ACTION, status="ok", path=str(base), type="dataset", logger=lgr
    )
    return {**made, "message": message, **more}


def order_fields(summary: OrderSummary) -> dict[str, Any]:
    """What every record of an order has."""
    return {
        "order": summary.id,
        "files": summary.statistics.files,
        "bytes": summary.statistics.size,
        "archive": summary.archive_name,
        "created_on": summary.created_on.isoformat(),
        "sha256": summary.archive_sha256,
    }


def order_records(
    path: Path, order: Order, states: Mapping[FileRef, FileState], places: Places
) -> Iterator[dict[str, Any]]:
    """An order, file by file, and in all."""
    several = len({file.ref.source for file in order.files}) > 1
    for file in order.files:
        state = states.get(file.ref)
        size = "unknown size" if file.size is None else size_text(file.size)
        text = f"{path_of(file.ref, several=several)}  {size}"
        fields: dict[str, Any] = {
            "source": file.ref.source,
            "entry": file.ref.path,
            "version": file.ref.version,
            "bytes": file.size,
        }
        if state is not None:
            since = state.since.astimezone().strftime("%Y-%m-%d %H:%M")
            text += f"  {words(state.access)} since {since}: {state.text}"
            fields |= {
                "access": state.access.value,
                "since": state.since.isoformat(),
                "text": state.text,
            }
        where = str(places.path(file.ref, path))
        yield record(path, text, type="file", path=where, **fields)
    summary = order.summary
    when = summary.created_on.astimezone().strftime("%Y-%m-%d %H:%M")
    lines = [
        f"order {summary.id} of {when}: {amounts(summary.statistics)}, as {summary.archive_name}",
        _citation(summary, manifests_of(order, places)),
    ]
    if states:
        lines.append(
            f"{counted(len(states), 'file')} cannot be read; to order the other files, run: "
            f"datalad download-order create --from {summary.id}"
        )
    more = {"archive_bytes": summary.archive_size, "unavailable": len(states)}
    yield record(path, "\n".join(lines), **order_fields(summary), **more)


def _citation(summary: OrderSummary, manifests: Sequence[str]) -> str:
    day = summary.created_on.astimezone().strftime("%Y-%m-%d")
    files = amounts(summary.statistics)
    named = ", ".join(manifests[:_MOST_NAMED])
    more = len(manifests) - _MOST_NAMED
    named += f" and {counted(more, 'more manifest')}" if more > 0 else ""
    origin = f" from {named}" if named else ""
    text = f"to cite: {summary.archive_name} ({files}){origin}, order {summary.id} of {day}"
    if not summary.archive_sha256:
        return f"{text}; its SHA-256 is known after the first export"
    return f"{text}, SHA-256 {summary.archive_sha256}"


def change_records(
    path: Path, order: Order, changes: Iterable[tuple[FileRef, Change]], places: Places
) -> Iterator[dict[str, Any]]:
    """What has become of an order's files: those that are not what they were, and in all."""
    counts: Counter[Change] = Counter()
    several = len({file.ref.source for file in order.files}) > 1
    for ref, change in changes:
        counts[change] += 1
        if change is not Change.UNCHANGED:
            where = str(places.path(ref, path))
            fields = {"source": ref.source, "entry": ref.path, "change": change.value}
            text = f"{change.value}: {path_of(ref, several=several)}"
            yield record(path, text, path=where, type="file", **fields)
    same, total = counts[Change.UNCHANGED], sum(counts.values())
    text = f"unchanged since the order: {same} of {counted(total, 'file')}"
    if total > same:
        text += f"; {counts[Change.CHANGED]} changed, {counts[Change.GONE]} gone"
        text += "; the archive of the order stays what it was"
    numbers = {change.value: counts[change] for change in Change}
    yield record(path, text, **order_fields(order.summary), **numbers)
