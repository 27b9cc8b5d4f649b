"""``datalad download-order manifest``: the manifest, and what cannot be in it."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad_jsdl.archive.output import PipeOutput, opened
from datalad_jsdl.commands._order_results import order_fields, record
from datalad_jsdl.commands._output import is_standard_output, standard_output
from datalad_jsdl.errors import OrderError
from datalad_jsdl.manifest.writing import format_of, write_entries
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.orders.order_manifest import order_entries
from datalad_jsdl.repository.entries import Unlisted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from datalad_jsdl.model.entry import Entry
    from datalad_jsdl.orders.contents import Places
    from datalad_jsdl.orders.model import Order
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["write_order_manifest"]


def write_order_manifest(
    store: Store, order: Order, places: Places, file: str, base: Path
) -> Iterator[dict[str, Any]]:
    """Write it into a file, or to standard output ("-")."""
    unlisted: list[Unlisted] = []
    number = unknown = 0

    def entries() -> Iterator[Entry]:
        nonlocal number, unknown
        for item in order_entries(store, order, places):
            if isinstance(item, Unlisted):
                unlisted.append(item)
            else:
                number += 1
                unknown += not item.digests and item.inline is None
                yield item

    target = None if is_standard_output(file) else Path(file).absolute()
    with ExitStack() as stack:
        if target is None:
            output: Any = PipeOutput(stack.enter_context(standard_output(text=True)))
            name = "json"
        else:
            if target.exists() and format_of(target.name) is None:
                raise OrderError(
                    f"{target} is there, and its name is no manifest's; name another file"
                )
            output = stack.enter_context(opened(target))
            name = format_of(target.name) or "json"
        for piece in write_entries(name, entries()):
            output.write(piece.encode())
        output.finish()
        for item in unlisted:
            where = str(base / item.path)
            yield record(
                base, f"{item.path} is not in the manifest: {item.reason}",
                status="impossible", path=where, type="file", entry=item.path,
            )  # fmt: skip
        text = f"listed {counted(number, 'file')} of order {order.summary.id}"
        archive = order.summary.archive_name
        if unlisted:
            text += (
                f"; {counted(len(unlisted), 'file')} cannot be listed: an archive made from it is "
                "not the order's"
            )
        elif unknown:
            text += (
                f"; {counted(unknown, 'file')} without a checksum: an archive made from it may "
                "differ; prepare or export the order, then write the manifest again"
            )
        elif target is not None:
            shown = shlex.quote(target.name), shlex.quote(archive)
            text += (
                "; to make its archive anywhere, run: "
                f"datalad export-archive-jsdl --manifest {shown[0]} -t zip {shown[1]}"
            )
        fields = {**order_fields(order.summary), "entries": number}
        place = {"path": str(target), "type": "file"} if target else {}
        yield record(base, text, **fields, **place)
