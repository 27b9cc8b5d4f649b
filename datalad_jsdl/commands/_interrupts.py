"""Ctrl-C: nothing is drawn any more, and one line tells what is kept and how to continue."""

from __future__ import annotations

import signal
import sys
import threading
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import datalad
from datalad.log import no_progress
from datalad.support.exceptions import IncompleteResultsError

from datalad_jsdl.errors import InterruptedWork
from datalad_jsdl.model.amounts import size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

__all__ = ["Interrupt", "interruptible"]

P = ParamSpec("P")
T = TypeVar("T")

_EXIT_CODE = 3  # DataLad's own after Ctrl-C


def interruptible(command: Callable[P, Iterator[T]]) -> Callable[P, Iterator[T]]:
    """A command whose end by Ctrl-C is told in one line; a Python program gets the exception."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        try:
            yield from command(*args, **kwargs)
        except KeyboardInterrupt as error:
            if datalad.get_apimode() != "cmdline":
                raise
            with no_progress():
                print(_text(error), file=sys.stderr, flush=True)
            # of all that DataLad's main function catches, this alone is not told once more
            ended = {"status": "error", "exit_code": _EXIT_CODE}
            raise IncompleteResultsError(failed=[ended]) from None

    return run


def _text(error: KeyboardInterrupt) -> str:
    kept = error.kept if isinstance(error, InterruptedWork) else None
    if kept is None:
        return "Interrupted. Run the same command to continue."
    if not kept:
        return "Interrupted; nothing was kept. Run the same command to start over."
    return f"Interrupted. {size_text(kept)} kept; run the same command to continue."


class Interrupt:
    """Whether Ctrl-C was pressed, while somebody listens.

    Attributes:
        came: it was.
    """

    def __init__(self) -> None:
        self.came = False
        self._before: Callable[[int, FrameType | None], Any] | None = None

    def begin(self) -> None:
        """Listen, in the main thread; whoever did so before is told."""
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self._handle)

    def end(self) -> None:
        """Listen no more."""
        is_ours = signal.getsignal(signal.SIGINT) == self._handle
        if is_ours and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        if self._before is not None:
            self._before(number, frame)
