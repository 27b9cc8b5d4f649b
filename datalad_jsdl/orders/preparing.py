"""Reading an order's contents once, so that any bytes of its archive can be given at once."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, TypeAlias

from datalad_jsdl.archive.archive import Archive
from datalad_jsdl.archive.budget import LookAhead
from datalad_jsdl.archive.one_pass import read_once
from datalad_jsdl.archive.prepare import Prepared, Unprepared, prepare, with_prepared
from datalad_jsdl.archive.zip.layout import measure
from datalad_jsdl.bugs import LOGGER
from datalad_jsdl.errors import FetchError
from datalad_jsdl.fetch.phrases import told
from datalad_jsdl.model.amounts import counted
from datalad_jsdl.operations.availability import ACCESS, Access
from datalad_jsdl.operations.transfers import Writing, engines_of
from datalad_jsdl.orders.contents import opened_order
from datalad_jsdl.orders.model import FileState
from datalad_jsdl.orders.ordering import Orders
from datalad_jsdl.orders.states import states_of_order, write_states
from datalad_jsdl.orders.store.contents import prepared_contents, record_prepared

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping, Set

    from datalad_jsdl.archive.content import Content
    from datalad_jsdl.errors import ArchiveError, DatasetError
    from datalad_jsdl.operations.progress import Standing
    from datalad_jsdl.orders.contents import Opened, Places
    from datalad_jsdl.orders.model import FileRef, Order
    from datalad_jsdl.orders.store.opening import Store

__all__ = ["Preparation", "Watch", "prepare_order", "state_of_error"]

#: Given what tells how far a piece of work is, from any thread.
Watch: TypeAlias = "Callable[[Callable[[], Standing]], object]"

lgr = logging.getLogger(LOGGER)

_KEPT_EVERY = 1.0  # seconds; what was found since is found again after a crash
_MOST = 1000  # contents to be kept at a time


@dataclass(frozen=True)
class Preparation:
    """What came of a preparation.

    Attributes:
        prepared: number of files that any bytes of can be given.
        failed: file → what is wrong with it; the others are not touched by it.
        archive_size: bytes of the archive; None while a file has failed.
        archive_sha256: of the archive, once all of it was read; else "".
        is_stopped: it was stopped before its end, and goes on from there the next time.
    """

    prepared: int
    failed: Mapping[FileRef, FileState] = field(default_factory=dict)
    archive_size: int | None = None
    archive_sha256: str = ""
    is_stopped: bool = False


def prepare_order(
    store: Store,
    order: Order,
    places: Places,
    *,
    watch: Watch = lambda look: None,
    stop: threading.Event | None = None,
    whole: bool = False,
) -> Preparation:
    """Find out sizes, CRC-32, SHA-256 and 8 MiB pieces of an order's contents.

    The archive's SHA-256 is found out in the same pass. What was found out before, for this order
    or another one, is not fetched again, unless *whole* asks for it; where it would have to be
    for the SHA-256, the first export or whole download finds that out.

    Args:
        store: what is found goes there, a second's worth at a time.
        order: which one.
        places: of its sources.
        watch: given what tells how far it is, in bytes: what is known already, what was read,
            and what was fetched ahead of that.
        stop: ends it within a moment, when it is set.
        whole: read all contents once more if the archive's SHA-256 is not known otherwise.

    Raises:
        StoreError, OrderError, DatasetError: it cannot be begun, or not be kept.
    """
    with opened_order(order, places) as opened:
        run = _Run(store, order, opened, stop, whole=whole)
        watch(run.look)
        return run.run()


class _Run:
    def __init__(
        self,
        store: Store,
        order: Order,
        opened: Opened,
        stop: threading.Event | None,
        *,
        whole: bool,
    ) -> None:
        self._store = store
        self._order = order
        self._opened = opened
        self._stop = stop
        self._read = 0
        self._new: dict[str, Prepared] = {}
        self._kept = time.monotonic()
        self._known = prepared_contents(store, (c.identity for c in opened.contents))
        # then one pass finds out everything, and nothing is fetched in vain that is known
        self._is_one_pass = not order.summary.archive_sha256 and (
            whole
            or not any(
                content.is_remote and content.identity in self._known for content in opened.contents
            )
        )
        self._reading, self._here = self._watched()

    def _watched(self) -> tuple[Writing, int]:
        """What is read, and the bytes that need not be read once more."""
        contents, sources = self._opened.contents, self._opened.sources
        if self._is_one_pass:
            total = measure(content.member(content.size or 0) for content in contents)
            here = 0
        else:
            every = {content.identity: content for content in contents}
            here = sum(known.size for known in self._known.values())
            contents = [c for identity, c in every.items() if identity not in self._known]
            total = sum(content.size or 0 for content in contents)
        is_sized = all(content.size is not None for content in contents)
        length = None if self._is_one_pass else _size
        engines = engines_of(contents, sources)
        return Writing(contents, total if is_sized else None, engines, length), here

    def look(self) -> Standing:
        """How far it is."""
        found = self._reading.look()
        known = len(self._opened.contents) - (found.of_files or 0)
        return replace(
            found,
            done=found.done + self._here,
            total=None if found.total is None else found.total + self._here,
            files=(found.files or 0) + known,
            of_files=len(self._opened.contents),
        )

    def run(self) -> Preparation:
        return self._in_one_pass() if self._is_one_pass else self._one_by_one()

    def _in_one_pass(self) -> Preparation:
        contents, sources = self._opened.contents, self._opened.sources
        jobs = sources.engine(contents[0]).settings.jobs or None if contents else 1
        named = {content.name: number for number, content in enumerate(contents)}
        # ranges are of what was prepared, and so the SHA-256 has to be
        known = [with_prepared(c, self._known.get(c.identity)) for c in contents]
        read: set[FileRef] = set()

        def found(name: bytes, prepared: Prepared) -> None:
            number = named[name]
            read.add(self._opened.refs[number])
            self._keep(contents[number].identity, prepared)

        done = None
        try:
            done = read_once(
                known, sources, found, jobs=jobs, stop=self._stop,
                progress=self._reading.wrote,
            )  # fmt: skip
        except FetchError:
            if self._stop is None or not self._stop.is_set():
                raise
        self._flush()
        is_stopped = self._stop is not None and self._stop.is_set()
        if done is None or (is_stopped and done.failures):
            self._write_states({}, read)
            return Preparation(len(read), is_stopped=True)
        failed = {
            self._opened.refs[named[name]]: state_of_error(error, contents[named[name]])
            for name, error in done.failures.items()
        }
        self._write_states(failed, read)
        self._reading.end(done.size, len(contents) - len(failed))
        if failed:
            return Preparation(len(read), failed)
        Orders(self._store).record_archive(self._order.summary.id, done.size, done.sha256)
        return Preparation(len(read), {}, done.size, done.sha256)

    def _one_by_one(self) -> Preparation:
        failed: dict[FileRef, FileState] = {}
        read: set[FileRef] = set()
        found = dict(self._known)
        before = frozenset(found)
        refs = iter(self._opened.refs)
        done = 0
        for content, outcome in self._prepared():
            ref = next(refs)
            done += 1
            if isinstance(outcome, Unprepared):
                failed[ref] = state_of_error(outcome.error, content)
            else:
                found[content.identity] = outcome
                if content.identity not in before:
                    read.add(ref)
                self._keep(content.identity, outcome)
        self._flush()
        self._write_states(failed, read)
        stopped = done < len(self._opened.contents)
        if not stopped:
            self._reading.end(self._read, self._reading.look().of_files or 0)
        if failed or stopped:
            return Preparation(done - len(failed), failed, is_stopped=stopped)
        archive = Archive(self._opened.contents, self._opened.sources, prepared=found)
        return Preparation(done, {}, archive.size, self._order.summary.archive_sha256)

    def _prepared(self) -> Iterator[tuple[Content, Prepared | Unprepared]]:
        contents, sources = self._opened.contents, self._opened.sources
        jobs = sources.engine(contents[0]).settings.jobs or None if contents else 1
        return prepare(
            contents,
            sources,
            self._known,
            look_ahead=LookAhead(jobs),
            stop=self._stop,
            progress=self._progress,
        )

    def _progress(self, size: int) -> None:
        self._read += size
        self._reading.wrote(self._read)

    def _keep(self, identity: str, outcome: Prepared) -> None:
        if identity not in self._known:
            self._new[identity] = outcome
        if len(self._new) >= _MOST or time.monotonic() - self._kept > _KEPT_EVERY:
            self._flush()

    def _flush(self) -> None:
        record_prepared(self._store, self._new)
        self._known.update(self._new)
        self._new.clear()
        self._kept = time.monotonic()

    def _write_states(self, failed: Mapping[FileRef, FileState], read: Set[FileRef]) -> None:
        """Failures are kept; what could be read now is told of no more."""
        order = self._order.summary.id
        for ref, state in list(failed.items())[:1]:
            lgr.warning(
                "order %s: %s cannot be read, such as %s: %s",
                order, counted(len(failed), "file"), ref.path, state.text,
            )  # fmt: skip
        before = states_of_order(self._store, self._order.summary.id)
        again = [(ref, None) for ref in before if ref in read]
        write_states(self._store, [*failed.items(), *again])


def _size(content: Content) -> int:
    return content.size or 0


def state_of_error(error: ArchiveError | DatasetError | FetchError, content: Content) -> FileState:
    """What it means for who wants a content that it could not be read.

    If no mirror was at fault, it is not here and has no URL, or what is here is not right.
    """
    failed = error.failed if isinstance(error, FetchError) else None
    faults = failed.faults if failed is not None else ()
    best = min(
        (ACCESS.get(fault.kind, Access.REFUSED) for fault in faults),
        key=list(Access).index,
        default=Access.GONE if _is_nowhere(content) else Access.DAMAGED,
    )
    kind = next((f.kind for f in faults if ACCESS.get(f.kind, Access.REFUSED) is best), None)
    now = datetime.now(timezone.utc)
    text = told(failed) if failed is not None else error.bare
    return FileState(best, now, now, kind.name if kind else "", text=text)


def _is_nowhere(content: Content) -> bool:
    if content.urls or content.blob or content.inline is not None:
        return False
    return content.local is None or not os.path.exists(content.local)
