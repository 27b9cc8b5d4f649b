"""How far contents may be fetched ahead of their readers: never, for one, or for all at once."""

from __future__ import annotations

import queue
import threading
import time
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from datalad_jsdl.archive.shelf import PieceShelf
from datalad_jsdl.fetch.retries import START

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PIECE", "LookAhead", "Owner", "Task"]

PIECE = 8 << 20  # bytes
_SHARED_PIECE = 1 << 20  # bytes; each reader has one in its hands, besides
_IDLE = 5.0  # seconds
_RECENT = 2.0  # seconds

_T = TypeVar("_T")


class _State(Enum):
    NEW = "not started, or discarded"
    QUEUED = "waiting for a thread"
    RUNNING = "running"
    DONE = "waiting for its reader"


class Owner:
    """Whoever reads; what it has ahead may be thrown away while it reads nothing.

    Args:
        instead_of: another, that reads nothing until this one is done.

    Attributes:
        in_hand: bytes that it has taken, and is to read.
        recent: about how many bytes it would read within two seconds if they were all there.
    """

    def __init__(self, instead_of: Owner | None = None) -> None:
        self.touched = time.monotonic()
        self.waits = False
        self.instead_of = instead_of
        self.recent = 0.0
        self.in_hand = 0  # bytes

    def begin(self) -> None:
        """It has read what it had, and needs more."""
        seconds = time.monotonic() - self.touched
        self.recent *= max(0.0, 1 - seconds / _RECENT)
        self.recent += self.in_hand * min(1.0, _RECENT / max(seconds, 1e-6))
        self.waits = True

    def end(self, size: int) -> None:
        """It has got so many bytes."""
        self.in_hand = size
        self.waits, self.touched = False, time.monotonic()


class Task(Generic[_T]):
    """Something to be fetched, once or, if it was thrown away meanwhile, again.

    Args:
        owner: that it is for.
        size: bytes that it is, at most.
        work: fetches it.
        is_light: tells of a result that it takes no memory to speak of while it waits.
    """

    def __init__(
        self,
        owner: Owner,
        size: int,
        work: Callable[[], _T],
        is_light: Callable[[_T], bool] = lambda result: False,
    ) -> None:
        self.owner = owner
        self.size = size
        self.work = work
        self.is_light = is_light
        self.state = _State.NEW
        self.result: _T | None = None
        self.error: BaseException | None = None
        self.dropped = False

    @property
    def is_done(self) -> bool:
        """Whether its result is there."""
        return self.state is _State.DONE


class LookAhead:
    """A budget of bytes and pieces that are under way or wait for their readers.

    *jobs* threads fetch ahead. A reader that needs a piece for which there is no room waits;
    meanwhile the pieces of readers that have read nothing for a while are thrown away, to be
    fetched again should they go on. A piece leaves the budget when its reader takes it: besides
    the budget there is at most one piece for each reader, and of a shared one no large piece.

    Args:
        jobs: pieces at a time; 0 for no look-ahead: each reader fetches what it needs; None for
            as many as pay.
        memory: bytes of the budget.
        most: pieces of it.
        piece: bytes of a piece.
        shared: by many readers: none waits for a thread to fetch what it needs now.
        idle: seconds after which a reader counts as slow.

    Attributes:
        jobs: pieces at a time, for now.
        finds_level: whether that is found out.
        shelf: of pieces that several readers of a shared one want.
    """

    def __init__(
        self,
        jobs: int | None,
        *,
        memory: int = 64 << 20,
        most: int = 512,
        piece: int = 0,
        shared: bool = False,
        idle: float = _IDLE,
    ) -> None:
        self.jobs = START if jobs is None else jobs
        self.finds_level = jobs is None
        self.piece = min(piece or (_SHARED_PIECE if shared else PIECE), memory)
        self.highest = 0  # bytes that were held at a time
        self.shelf = PieceShelf()
        self._memory = memory
        self._most = most
        self._shared = shared or not self.jobs
        self._idle = idle
        self._changed = threading.Condition()
        self._held: dict[Task[Any], int] = {}
        self._bytes = 0
        self._queue: queue.SimpleQueue[Task[Any] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    @property
    def is_shared(self) -> bool:
        """Whether many readers share it, each of which may be slow."""
        return self._shared and self.jobs > 0

    def start(self, task: Task[_T]) -> bool:
        """Have it fetched ahead, if there is room."""
        with self._changed:
            if not self.jobs or not self._has_room(task):
                return False
            self._hold(task)
            task.state = _State.QUEUED
            if len(self._threads) < self.jobs:
                # daemons: one that hangs in connecting does not keep the process
                thread = threading.Thread(target=self._work, name="ahead", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._queue.put(task)
        return True

    def take(self, task: Task[_T]) -> _T:
        """The result, waited for; it leaves the budget. Errors of the work are raised."""
        owner = task.owner
        owner.begin()
        try:
            if self._is_mine(task):
                self._run(task)
            with self._changed:
                self._changed.wait_for(lambda: task.state is _State.DONE)
                self._free(task)
        finally:
            owner.end(task.size)
        error, result = task.error, task.result
        task.error = task.result = None
        if error is not None:
            raise error
        return cast("_T", result)

    def _is_mine(self, task: Task[_T]) -> bool:
        """Whether its reader is to fetch it itself; with the room for it, then."""
        with self._changed:
            while True:
                if task.state in (_State.RUNNING, _State.DONE):
                    return False
                if task.state is _State.QUEUED:
                    if not self._shared:
                        return False
                    break
                if self._has_room(task):
                    self._hold(task)
                    break
                # whoever waits holds nothing that others may wait for
                self._make_room(task)
                if not self._has_room(task):
                    self._changed.wait(self._idle / 4)
            task.state = _State.RUNNING
            return True

    def drop(self, task: Task[_T]) -> None:
        """It is not wanted any more."""
        with self._changed:
            task.dropped = True
            if task.state is not _State.RUNNING:
                self._free(task)
                task.state, task.result = _State.NEW, None

    def close(self) -> None:
        """End the threads."""
        for _ in self._threads:
            self._queue.put(None)

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            with self._changed:
                mine = task.state is _State.QUEUED
                if mine:
                    task.state = _State.RUNNING
            if mine:
                self._run(task)
            del task  # and with it what it has fetched

    def _run(self, task: Task[_T]) -> None:
        result, error = None, None
        try:
            result = task.work()
        except BaseException as problem:  # raised again where the result is taken
            error = problem
        with self._changed:
            task.result, task.error, task.state = result, error, _State.DONE
            if task.dropped:
                self._free(task)
                task.result = None
            elif result is not None and task.is_light(result):
                self._lighten(task)
            self._changed.notify_all()

    def _has_room(self, task: Task[_T]) -> bool:
        if not self._held:
            return True
        return self._bytes + task.size <= self._memory and len(self._held) < self._most

    def _hold(self, task: Task[_T]) -> None:
        self._held[task] = task.size
        self._bytes += task.size
        self.highest = max(self.highest, self._bytes)

    def _free(self, task: Task[_T]) -> None:
        size = self._held.pop(task, None)
        if size is not None:
            self._bytes -= size
            self._changed.notify_all()

    def _lighten(self, task: Task[Any]) -> None:
        """It is one of the pieces still, but takes no bytes."""
        self._bytes -= self._held[task]
        self._held[task] = 0

    def _is_slow(self, owner: Owner) -> bool:
        return not owner.waits and time.monotonic() - owner.touched >= self._idle

    def _make_room(self, task: Task[_T]) -> None:
        """Throw away what waits to be read by others that read nothing now, or by its owner.

        It is to be fetched again. What was begun last goes first.
        """
        own = (task.owner, task.owner.instead_of)
        for other in reversed(list(self._held)):
            if self._has_room(task):
                return
            unread = other.state in (_State.DONE, _State.QUEUED)
            if unread and (other.owner in own or self._is_slow(other.owner)):
                other.state, other.result, other.error = _State.NEW, None, None
                self._free(other)
