"""Work that ends as soon as somebody says so, whatever it is waiting for."""

from __future__ import annotations

import queue
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

__all__ = ["cancellable", "interrupted_by"]

_T = TypeVar("_T")
#: An item, or the error that came instead.
_Made: TypeAlias = "tuple[_T] | BaseException"
_LOOK = 0.1  # seconds between two looks at whether to end


def cancellable(
    items: Generator[_T],
    cancel: threading.Event,
    interrupt: Callable[[], object],
) -> Iterator[_T]:
    """What an iterator yields, until *cancel* is set: then nothing more, within a moment.

    A thread of its own makes each item when it is asked for. Nobody waits for that thread to end:
    while it connects to a server, it cannot be interrupted.

    Args:
        items: to be yielded; closed in the end.
        cancel: set by any thread.
        interrupt: makes what *items* waits for end soon.
    """
    wanted: queue.SimpleQueue[bool] = queue.SimpleQueue()
    made: queue.SimpleQueue[_Made[_T]] = queue.SimpleQueue()
    threading.Thread(target=_make, args=(items, wanted, made), name="items", daemon=True).start()
    try:
        while True:
            wanted.put(True)
            found = _next(made, cancel)
            if found is None or isinstance(found, StopIteration):
                return
            if isinstance(found, BaseException):
                raise found
            (item,) = found
            yield item
            del found, item
    finally:
        wanted.put(False)
        interrupt()


@contextmanager
def interrupted_by(stop: threading.Event | None, interrupt: Callable[[], object]) -> Iterator[None]:
    """While it lasts, *interrupt* is called within a moment after *stop* was set.

    Args:
        stop: set by any thread; None for never.
        interrupt: makes what is waited for end soon; called by a thread of its own.
    """
    if stop is None:
        yield
        return
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            if stop.wait(_LOOK):
                interrupt()
                return

    threading.Thread(target=watch, name="stop", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _make(
    items: Generator[_T],
    wanted: queue.SimpleQueue[bool],
    made: queue.SimpleQueue[_Made[_T]],
) -> None:
    try:
        while wanted.get():
            try:
                made.put((next(items),))
            except BaseException as error:  # raised again where the item is asked for
                made.put(error)
                return
    finally:
        items.close()


def _next(made: queue.SimpleQueue[_Made[_T]], cancel: threading.Event) -> _Made[_T] | None:
    """The next item or error; None if it is to end."""
    while not cancel.is_set():
        try:
            found = made.get(timeout=_LOOK)
        except queue.Empty:
            continue
        return None if cancel.is_set() else found
    return None
