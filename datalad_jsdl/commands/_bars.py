"""Shows how far work is: a line of a terminal that changes, or now and then a line of a log."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from datalad.log import ProgressHandler

from datalad_jsdl.commands._interrupts import Interrupt
from datalad_jsdl.commands._progress_line import Part, fitted, told
from datalad_jsdl.operations.progress import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

__all__ = ["Bars"]

_DRAWN = 0.25  # seconds between two looks, on a terminal
_LOGGED = 30.0  # seconds between two lines of a log
_PID = "datalad-jsdl"
_PLAIN = ("C", "POSIX")


class Bars:
    """One display for all bars of a command, for `operations.progress.Progress`.

    Args:
        logger: of the command, for lines of a log.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._display = _Display(logger)

    def bar(self, work: str, unit: str = "files") -> _Bar:
        """Bars for one piece of work."""
        return _Bar(self._display, work, unit)


class _Bar:
    """See `operations.progress.Bar`; a context manager."""

    def __init__(self, display: _Display, work: str, unit: str) -> None:
        self._display = display
        self._work = work
        self._unit = unit
        self._pushed: dict[str, Standing] = {}
        self._labels: set[str] = set()

    def update(self, label: str, done: int, total: int | None) -> None:
        """So much of a part is done."""
        self._pushed[label] = Standing(done, total)
        if label not in self._labels:
            self.watch(label, partial(self._pushed.__getitem__, label))

    def watch(self, label: str, look: Callable[[], Standing]) -> None:
        """Look at a part now and then, until it has ended."""
        self._labels.add(label)
        self._display.begin((self._work, label), Part(label, self._unit, look))

    def end(self, label: str) -> None:
        """A part is done."""
        self._end(label, is_done=True)

    def _end(self, label: str, *, is_done: bool) -> None:
        if label in self._labels:
            self._labels.remove(label)
            self._display.end((self._work, label), is_done=is_done)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for label in list(self._labels):
            self._end(label, is_done=kind is None)


class _Display:
    """Shows the part that began last, until it is done or Ctrl-C is pressed."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._lock = threading.RLock()
        self._parts: dict[tuple[str, str], Part] = {}
        self._wake = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._line: _Line | None = None
        self._interrupt = Interrupt()

    def begin(self, pid: tuple[str, str], part: Part) -> None:
        """Show one more part."""
        with self._lock:
            self._parts.pop(pid, None)
            self._parts[pid] = part
            part.sample(time.monotonic())
            if self._thread is None:
                self._line = _Line.of_terminal()
                self._interrupt.begin()
                self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
                self._thread.start()

    def end(self, pid: tuple[str, str], *, is_done: bool) -> None:
        """Show how far a part has come, and no more of it.

        Of the last one, that stays until something else is printed, if it is *done*.
        """
        with self._lock:
            part = self._parts[pid]
            is_shown = is_done and not self._interrupt.came
            if self._line is not None and part is self._last() and is_shown:
                part.sample(time.monotonic())
                self._line.draw(part)
            del self._parts[pid]
            if self._parts:
                return
            self._wake.notify_all()
            thread, self._thread = self._thread, None
            line, self._line = self._line, None
        if thread is not None:
            thread.join()
        if line is not None:
            line.finish(stays=is_shown)
        self._interrupt.end()

    def _last(self) -> Part | None:
        return next(reversed(self._parts.values()), None)

    def _run(self) -> None:
        logged = time.monotonic()
        with self._lock:
            while (part := self._last()) is not None and self._thread is threading.current_thread():
                now = time.monotonic()
                for each in self._parts.values():
                    each.sample(now)
                if self._line is not None:
                    if self._interrupt.came:
                        self._line.clear()
                    else:
                        self._line.draw(part)
                elif now - logged >= _LOGGED:
                    logged = now
                    self._logger.info("%s", told(part))
                self._wake.wait(_DRAWN)


class _Line:
    """A line of a terminal, which gives way to what is printed meanwhile.

    DataLad's `ProgressHandler` has bars cleared before anything is logged or said, and drawn
    again afterwards; this takes part in it.
    """

    def __init__(self, stream: TextIO, handler: ProgressHandler) -> None:
        self._stream = stream
        self._handler = handler
        self._lock = threading.RLock()
        self._shown = ""
        self._is_hidden = False
        self._blocks = _can_show("█░", stream)
        if _PID in handler.pbars:  # it stayed until now
            handler.pbars[_PID].clear()
        handler.pbars[_PID] = self

    @classmethod
    def of_terminal(cls) -> _Line | None:
        """None where there is no terminal that can show it, or the user wants none."""
        from datalad import cfg

        stream = sys.stderr
        if os.environ.get("TERM", "dumb") == "dumb" or not stream.isatty():
            return None
        if cfg.get("datalad.ui.progressbar", "tqdm") != "tqdm":
            return None
        handlers = logging.getLogger("datalad").handlers
        for handler in handlers:
            if isinstance(handler, ProgressHandler):
                return cls(stream, handler)
        return None

    def draw(self, part: Part) -> None:
        """Show how far a part is."""
        text = fitted(part, self._columns(), blocks=self._blocks)
        with self._lock:
            if not self._is_hidden and text != self._shown:
                self._write(text)

    def clear(self) -> None:
        """Called before something else is printed."""
        with self._lock:
            self._is_hidden = True
            if self._shown:
                self._write("")

    def refresh(self) -> None:
        """Called after it; the line is drawn again with the next look."""
        with self._lock:
            self._is_hidden = False

    def finish(self, *, stays: bool) -> None:
        """Nothing more is drawn; what is shown may stay until something else is printed."""
        if stays:
            atexit.register(self.clear)  # if that is a prompt
            return
        self._handler.pbars.pop(_PID, None)
        self.clear()

    def _write(self, text: str) -> None:
        # no escape sequence: what is left of a longer line is overwritten. The cursor goes back
        # to where the terminal's own ^C does not make the line longer.
        rest = " " * max(len(self._shown) - len(text), 0 if text else 2)
        with suppress(OSError, ValueError):  # the terminal is gone
            self._stream.write(f"\r{text}{rest}\r")
            self._stream.flush()
        self._shown = text

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80


def _can_show(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return not _is_plain_locale(os.environ)


def _is_plain_locale(environment: Mapping[str, str]) -> bool:
    """Whether the user has asked for ASCII, though Python says UTF-8 then (PEP 538, PEP 540)."""
    if given := environment.get("LC_ALL"):
        return given in _PLAIN
    ctype, lang = environment.get("LC_CTYPE"), environment.get("LANG")
    # with LANG=C, it is Python that has set it to the former
    return ctype in (None, "", "C.UTF-8", *_PLAIN) and lang in _PLAIN
