"""What ``datalad download-order`` does, by the word that it is given."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datalad_jsdl.commands._bars import Bars
from datalad_jsdl.commands._list_results import amounts
from datalad_jsdl.commands._options import inside
from datalad_jsdl.commands._order_call import Call, Records
from datalad_jsdl.commands._order_manifest import write_order_manifest
from datalad_jsdl.commands._order_preparing import prepare
from datalad_jsdl.commands._order_results import (
    ACTION,
    change_records,
    order_fields,
    order_records,
    record,
)
from datalad_jsdl.commands._output import is_standard_output
from datalad_jsdl.errors import ArchiveError, DatasetError, FetchError, OrderError
from datalad_jsdl.model.amounts import counted, size_text
from datalad_jsdl.operations.engines import disk_reserve
from datalad_jsdl.orders.choosing.choice import chosen_across, statistics_of
from datalad_jsdl.orders.comparing import compare_order
from datalad_jsdl.orders.exporting import export_order, verify_archive
from datalad_jsdl.orders.jobs.rows import Jobs
from datalad_jsdl.orders.jobs.waking import Waker
from datalad_jsdl.orders.jobs.worker import Worker
from datalad_jsdl.orders.placing import available, place_again, place_order
from datalad_jsdl.orders.review import review_list
from datalad_jsdl.orders.states import states_of_order
from datalad_jsdl.orders.tasks import tasks
from datalad_jsdl.repository.repository import find_repository

if TYPE_CHECKING:
    from datalad_jsdl.orders.exporting import OrderExport
    from datalad_jsdl.orders.model import ListedFile, Order

__all__ = ["ACTION", "ACTIONS", "Call"]

lgr = logging.getLogger("datalad.jsdl.download_order")


def _create(call: Call) -> Records:
    desk = call.at.desk
    if call.from_order:
        yield from _repeat(call)
        return
    is_chosen = _in_paths(call, desk.lists.sources(call.user))
    if call.dry_run:
        found = review_list(desk.store, call.user)
        groups = [group for group in found.groups if group.is_orderable]
        yield _would_order(call, [f for g in groups for f in g.files if is_chosen(f)])
        return
    order = place_order(desk, call.user, call.name, is_chosen=is_chosen if call.arguments else None)
    left = desk.lists.statistics(call.user)
    more = f"; still on the list: {amounts(left)}" if left.files else ""
    yield call.record(_made(order) + more, order, left=left.files)


def _repeat(call: Call) -> Records:
    """Of another order's files."""
    desk = call.at.desk
    base = desk.orders.find(desk.newest(call.user, call.from_order))
    is_chosen = _in_paths(call, {file.ref.source for file in base.files})
    if call.dry_run:
        yield _would_order(call, [file for file in available(desk, base) if is_chosen(file)])
        return
    order = place_again(desk, base, call.name, is_chosen=is_chosen)
    out = len(base.files) - len(order.files)
    more = f"; left out, as unavailable or not chosen: {counted(out, 'file')}" if out else ""
    yield call.record(_made(order) + more, order)


def _would_order(call: Call, files: Sequence[ListedFile]) -> dict[str, Any]:
    found = statistics_of(files)
    if not files:
        raise OrderError("there is no file that is chosen and can be ordered")
    text = f"would order {amounts(found)}"
    return call.record(text, files=found.files, bytes=found.size, dry_run=True)


def _made(order: Order) -> str:
    summary = order.summary
    return f"order {summary.id}: {amounts(summary.statistics)}, as {summary.archive_name}"


def _in_paths(call: Call, names: Collection[str]) -> Callable[[ListedFile], bool]:
    """Whether a file is at one of the paths that are given; all of them if there are none.

    Args:
        call: has the paths.
        names: of the sources that there are: see `chosen_across`.
    """
    if not call.arguments:
        return lambda file: True
    plain = [path.strip("/").removeprefix("./") for path in call.arguments]
    paths = set(plain)
    if call.at.root is not None:
        try:
            paths |= set(inside(call.arguments, call.dataset, call.at.root)) or {""}
        except DatasetError:
            if "." in paths:
                raise
    chosen = chosen_across(paths, names)
    return lambda file: chosen(file.ref)


def _list(call: Call) -> Records:
    summaries, total = call.at.desk.orders.history(call.user, limit=10_000)
    for summary in summaries:
        when = summary.created_on.astimezone().strftime("%Y-%m-%d %H:%M")
        text = f"{summary.id}  {when}  {amounts(summary.statistics)}  {summary.archive_name}"
        yield record(call.at.path, text, **order_fields(summary))
    if not total:
        yield call.record("there is no order yet", orders=0)


def _show(call: Call) -> Records:
    order = call.order()
    states = states_of_order(call.at.desk.store, order.summary.id)
    yield from order_records(call.at.path, order, states, call.at.desk.places())


def _export(call: Call) -> Records:
    order = call.order()
    desk = call.at.desk
    if call.arguments[1:] and is_standard_output(call.arguments[1]):
        raise OrderError(
            "the archive of an order is not written to standard output, since it gets its name "
            "only once its SHA-256 is verified; name a file"
        )
    target = Path(os.path.abspath(call.file(order.summary.archive_name)))
    if target.is_dir():
        target = target / order.summary.archive_name
    _require_replaceable(target)
    _warn_of_dataset(call, target)
    repository = find_repository(call.at.root) if call.at.root else None
    try:
        with Bars(lgr).bar(str(target), "bytes") as bar:
            done = export_order(
                desk.store, order, desk.places(), target, bar,
                jobs=call.jobs,
                reserve=disk_reserve(repository.git_dir if repository else None),
                checksum=call.checksum_file,
            )  # fmt: skip
    except (ArchiveError, DatasetError, FetchError) as error:
        if not states_of_order(desk.store, order.summary.id):
            raise
        made = f"datalad download-order create --from {order.summary.id}"
        raise OrderError(
            f"{error}. To see what is wrong, and since when, run: datalad download-order show "
            f"{order.summary.id}; to order the other files, run: {made}"
        ) from error
    text = f"wrote {size_text(done.size)} to {target}; {_verified(done)}; SHA-256 {done.sha256}"
    if not done.is_recorded:
        text += "; the store cannot be written, so the order does not remember it"
    fields = {"bytes": done.size, "sha256": done.sha256, "seconds": done.seconds}
    yield call.record(text, order, **fields, path=str(target), type="file")


def _warn_of_dataset(call: Call, target: Path) -> None:
    """Warn of an archive that gets into the dataset without being told to."""
    root = call.at.root
    if root is not None and not call.file("") and root.resolve() in target.resolve().parents:
        lgr.warning(
            "the archive is written into the dataset, and would be saved with it; to have it "
            "elsewhere, run: datalad download-order export ../%s", target.name
        )  # fmt: skip


def _verified(done: OrderExport) -> str:
    if not done.unverified:
        return "all files verified"
    return (
        f"{counted(done.unverified, 'file')} had no checksum, and have to be what came from now "
        "on; all others verified"
    )


def _require_replaceable(target: Path) -> None:
    """What is replaced is an archive.

    Raises:
        OrderError: it is something else.
    """
    if not target.is_file() or not target.stat().st_size:
        return
    with target.open("rb") as file:
        if file.read(2) != b"PK":
            raise OrderError(f"{target} is there, and is no ZIP archive; name another file")


def _manifest(call: Call) -> Records:
    order = call.order()
    desk = call.at.desk
    yield from write_order_manifest(desk.store, order, desk.places(), call.file("-"), call.at.path)


def _verify(call: Call) -> Records:
    if len(call.arguments) != 2:
        raise OrderError("verify needs a FILE, behind an ORDER if that is not the newest")
    order = call.order()
    desk = call.at.desk
    file = Path(os.path.abspath(call.arguments[1]))
    with Bars(lgr).bar(str(file), "bytes") as bar:
        right, sha256 = verify_archive(desk.store, order, desk.places(), file, bar)
    known = order.summary.archive_sha256
    if right:
        text = f"{file.name} is the archive of order {order.summary.id}; SHA-256 {sha256}"
        yield call.record(text, order, sha256=sha256, path=str(file), type="file")
        return
    expected = f"expected SHA-256 {known}, got {sha256}" if known else "a member is not right"
    yield call.record(
        f"{file.name} is not the archive of order {order.summary.id}: {expected}; to write it, "
        f"run: datalad download-order export {order.summary.id}",
        order, sha256=sha256, status="error", path=str(file), type="file",
    )  # fmt: skip


def _compare(call: Call) -> Records:
    order = call.order()
    places = call.at.desk.places()
    yield from change_records(call.at.path, order, compare_order(order, places), places)


def _worker(call: Call) -> Records:
    desk = call.at.desk
    desk.store.require_writable()
    with Waker(desk.store, call.waker) as waker:
        lgr.info("waiting for jobs in %s; Ctrl-C ends it", desk.store.shown)
        worker = Worker(Jobs(desk.store), tasks(desk), waker, call.jobs or 1)
        worker.run(threading.Event())
    yield call.record("the worker has ended; jobs that it was at are in the queue again")


@dataclass(frozen=True)
class _Action:
    run: Callable[[Call], Records]
    takes: str
    most: int | None  # arguments
    has_file: bool = False  # the last of them

    def completed(self, given: list[str]) -> list[str]:
        """Arguments with an ORDER, "" for the newest, where only a FILE is given."""
        if self.has_file and len(given) == 1 and _is_file(given[0]):
            return ["", *given]
        return given


def _is_file(given: str) -> bool:
    """Whether it has what no id has."""
    return given == "-" or any(sign in given for sign in (".", "/", os.sep))


#: Word → what is done.
ACTIONS = {
    "create": _Action(_create, "any number of PATHs", None),
    "list": _Action(_list, "no further argument", 0),
    "show": _Action(_show, "one ORDER", 1),
    "export": _Action(_export, "an ORDER and a FILE", 2, has_file=True),
    "prepare": _Action(prepare, "one ORDER", 1),
    "manifest": _Action(_manifest, "an ORDER and a FILE", 2, has_file=True),
    "verify": _Action(_verify, "an ORDER and a FILE", 2, has_file=True),
    "compare": _Action(_compare, "one ORDER", 1),
    "worker": _Action(_worker, "no further argument", 0),
}
